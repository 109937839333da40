internal import Compute
internal import KernelInterface

/// Everything that the growth of a tree depends on besides the images.
struct GrowthRules: Sendable {
  let settings: TreeSettings
  /// The number of features searched at a node.
  let featuresPerNode: Int
  /// Whether nodes search all features, so that none are sampled.
  let usesAllFeatures: Bool
  /// Whether nodes are split by random cuts.
  let isRandom: Bool
  /// Whether random cuts of nodes that read columns are searched in groups of rows.
  let usesGroups: Bool
  /// The size of the largest node that reads the values of its samples from the rows of the table. Larger nodes read
  /// columns.
  let rowLimit: Int
  /// Nil for Gini impurity.
  let entropy: EntropyTerms?

  init(_ settings: TreeSettings, table: TrainingTable, kernels: any KernelSet.Type) {
    self.settings = settings
    featuresPerNode = settings.maxFeatures.count(of: table.featureCount)
    usesAllFeatures = featuresPerNode == table.featureCount
    isRandom = settings.splitter == .random
    usesGroups = isRandom && kernels.hasFastRowGroups
    rowLimit = usesAllFeatures ? SplitSearch.windowLimit : isRandom ? 4096 : 0
    entropy = settings.criterion == .entropy ? EntropyTerms(weightLimit: table.count) : nil
  }
}

/// The samples of one node, with their weights.
struct NodeSamples {
  let samples: UnsafeMutablePointer<TreeSample>
  let count: Int
  /// (features, columnStride): the value of sample s is `columns[feature * columnStride + s.row]`.
  var columns: UnsafePointer<UInt8>
  var columnStride: Int
  /// Whether the samples' values are read from the rows of the table rather than from columns.
  var readsRows: Bool
  /// (classCount), the weight of each class.
  let weights: UnsafePointer<UInt32>
  /// (labelCount), the classes that occur, ascending.
  let labels: UnsafePointer<UInt8>
  let labelCount: Int
  /// The sum of all weights.
  let weight: UInt32

  func column(_ feature: UInt32) -> UnsafePointer<UInt8> { columns + Int(feature) * columnStride }
}

/// A cut of a node by one feature.
struct NodeSplit {
  let score: Double
  let feature: UInt32
  /// Samples with this value or a lower one go left.
  let value: UInt8
  /// The lane of the search's window that holds the feature's values; nil if none does.
  var lane: Int?

  /// Whether the score is higher; of equal scores, the lower feature is better.
  func isBetter(than other: NodeSplit?) -> Bool {
    guard let other else { return true }
    return score > other.score || score == other.score && feature < other.feature
  }
}

/// The best split found so far, and whether any searched feature has two different values in the node.
struct SearchResult {
  var split: NodeSplit?
  var hasVaryingFeature = false

  init() {}

  /// - Parameter inWindow: whether the features' values are in the search's window
  init(_ cut: LaneCut, _ features: UnsafeBufferPointer<UInt32>, inWindow: Bool = true) {
    hasVaryingFeature = cut.varyingLanes != 0
    if cut.lane >= 0 {
      split = NodeSplit(
        score: cut.score, feature: features[cut.lane], value: cut.value, lane: inWindow ? cut.lane : nil)
    }
  }

  mutating func add(_ candidate: NodeSplit) {
    if candidate.isBetter(than: split) { split = candidate }
  }

  mutating func add(_ other: SearchResult) {
    if let candidate = other.split { add(candidate) }
    hasVaryingFeature = hasVaryingFeature || other.hasVaryingFeature
  }
}

/// Finds the best split of a node. It owns the memory that the kernels need; each thread has its own search.
///
/// The samples of a small node are sorted by 32 features at once; those of a large node are counted in histograms.
/// Random cuts need neither.
final class SplitSearch {
  let table: TrainingTable
  let rules: GrowthRules
  let kernels: any KernelSet.Type
  private var sampler: FeatureSampler
  /// The key of the current node.
  private(set) var key = NodeKey.root(ofTree: 0, seed: 0)
  /// The current node, if it is small, and if its random cuts are searched in groups of rows.
  private var smallNode: SmallNode?
  private var groupedNode: GroupedNode?
  /// Whether some sample weighs more than a ``SmallNode`` can hold, which is practically impossible in a bootstrap.
  var hasHeavySamples = false

  let groups: RowGroups
  /// (windowLimit, 32) or (32, windowLimit), the values of 32 features; for random cuts (images, 32).
  let window: AlignedBuffer<UInt8>
  let codes = AlignedBuffer<UInt8>(count: SmallNode.weightLimit)
  let ranks = AlignedBuffer<UInt8>(count: 256)
  let rankWeights = AlignedBuffer<UInt16>(count: SmallNode.labelLimit)
  let sortScratch = AlignedBuffer<SIMD32<UInt16>>(count: SmallNode.weightLimit + SmallNode.labelLimit)
  /// (classCount, 4, 256) bins
  let histograms: AlignedBuffer<UInt8>
  let valueCounts = AlignedBuffer<UInt32>(count: 256)
  /// (2 * classCount)
  let histogramScratch: AlignedBuffer<SIMD16<UInt32>>
  /// The random words of 32 candidates; zeros follow, since kernels read 32 words from any of them on.
  let cutWords = AlignedBuffer<UInt32>(count: 64)

  /// The number of features searched together.
  static let laneCount = 32
  /// The number of samples whose values fit in a window.
  static let windowLimit = 8192

  init(table: TrainingTable, rules: GrowthRules, kernels: any KernelSet.Type) {
    (self.table, self.rules, self.kernels) = (table, rules, kernels)
    sampler = FeatureSampler(featureCount: table.featureCount, seed: rules.settings.seed, kernels: kernels)
    groups = RowGroups(table, isUsed: rules.usesGroups)
    window = AlignedBuffer(count: Self.laneCount * (rules.isRandom ? table.count : Self.windowLimit))
    histograms = AlignedBuffer(
      count: 4 * table.classCount * 256 * (table.count <= UInt16.max ? HistogramBins.narrow : .wide).size)
    histogramScratch = AlignedBuffer(count: 2 * table.classCount)
  }

  /// Returns the best split of a node over the features sampled with its key; nil if no split leaves enough samples on
  /// both sides. Of equal scores, the lowest feature's lowest cut.
  func best(of node: NodeSamples, key: NodeKey) -> NodeSplit? {
    begin(node, key: key)
    var found = best(of: node, candidates: 0..<rules.featuresPerNode)
    // The window holds the last features only.
    if rules.featuresPerNode > Self.laneCount { found.split?.lane = nil }
    return found.hasVaryingFeature ? found.split : bestOfFurtherFeatures(of: node)
  }

  /// Samples the candidate features of a node, and prepares it for the search.
  func begin(_ node: NodeSamples, key: NodeKey) {
    self.key = key
    smallNode = rules.isRandom ? nil : smallNode(node)
    groupedNode = rules.usesGroups ? groupedNode(node) : nil
    if !rules.usesAllFeatures { sampler.begin(key, sampling: rules.featuresPerNode) }
  }

  /// Returns the best split over some of the candidate features of the node that the search began with.
  ///
  /// - Parameter candidates: positions in the order of sampling, starting at a multiple of ``laneCount``
  func best(of node: NodeSamples, candidates: Range<Int>) -> SearchResult {
    var found = SearchResult()
    for first in stride(from: candidates.lowerBound, to: candidates.upperBound, by: Self.laneCount) {
      let features = UnsafeBufferPointer(
        start: sampler.features + first, count: min(Self.laneCount, candidates.upperBound - first))
      if rules.isRandom {
        let words = sampleWords(position: first)
        if let groupedNode {
          found.add(
            SearchResult(bestRandomCut(groupedNode, of: node, features, words: words), features, inWindow: false))
        } else {
          found.add(SearchResult(bestRandomCut(of: node, features, words: words), features))
        }
      } else {
        let floor = found.split?.score ?? -.infinity
        found.add(smallNode.map { search($0, of: node, features) } ?? search(node, features, floor: floor))
      }
    }
    return found
  }

  /// Returns the best split by the first further feature that varies in the node, for a node whose candidates are all
  /// constant.
  func bestOfFurtherFeatures(of node: NodeSamples) -> NodeSplit? {
    if rules.usesAllFeatures { return nil }
    while let feature = sampler.next() {
      if isConstant(feature, in: node) { continue }
      let position = sampler.sampledCount - 1
      let further = UnsafeBufferPointer(start: sampler.features + position, count: 1)
      if rules.isRandom {
        return SearchResult(bestRandomCut(of: node, further, words: sampleWords(position: position)), further).split
      }
      return (smallNode.map { search($0, of: node, further) } ?? search(node, further, floor: -.infinity)).split
    }
    return nil
  }

  private func isConstant(_ feature: UInt32, in node: NodeSamples) -> Bool {
    let column = node.column(feature)
    let first = column[node.samples[0].row]
    for index in 1..<node.count where column[node.samples[index].row] != first { return false }
    return true
  }
}

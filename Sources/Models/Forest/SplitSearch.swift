internal import Compute
internal import KernelInterface

/// What growing a tree depends on beside the images.
struct GrowthRules: Sendable {
  let settings: TreeSettings
  /// How many features a node looks at.
  let featuresPerNode: Int
  /// Whether nodes look at all features, so that none are drawn.
  let usesAllFeatures: Bool
  /// Nil for Gini impurity.
  let entropy: EntropyTerms?

  init(_ settings: TreeSettings, table: TrainingTable) {
    self.settings = settings
    featuresPerNode = settings.maxFeatures.count(of: table.featureCount)
    usesAllFeatures = featuresPerNode == table.featureCount
    entropy = settings.criterion == .entropy ? EntropyTerms(weightLimit: table.count) : nil
  }
}

/// The samples of one node, with what they weigh.
struct NodeSamples {
  let samples: UnsafeMutablePointer<TreeSample>
  let count: Int
  /// Where their values are: sample s has `columns[feature * columnStride + s.row]`.
  var columns: UnsafePointer<UInt8>
  var columnStride: Int
  /// (classCount)
  let weights: UnsafePointer<UInt32>
  /// The classes that occur, ascending.
  let labels: UnsafePointer<UInt8>
  let labelCount: Int
  /// Sum of all weights.
  let weight: UInt32

  func column(_ feature: UInt32) -> UnsafePointer<UInt8> { columns + Int(feature) * columnStride }
}

/// The best cut of a node over some features. Of equal scores, the lowest feature's lowest cut.
struct NodeSplit {
  let score: Double
  let feature: UInt32
  /// Samples with this value or a lower one go left.
  let value: UInt8

  func isBetter(than other: NodeSplit?) -> Bool {
    guard let other else { return true }
    return score > other.score || score == other.score && feature < other.feature
  }
}

/// The best split found so far, and whether any feature took two different values in the node.
struct SearchResult {
  var split: NodeSplit?
  var varies = false

  mutating func add(_ candidate: NodeSplit) {
    if candidate.isBetter(than: split) { split = candidate }
  }

  mutating func add(_ other: SearchResult) {
    if let candidate = other.split { add(candidate) }
    varies = varies || other.varies
  }
}

/// Finds the best split of a node. Keeps the memory that the kernels need; each thread has its own.
///
/// Small nodes sort their samples by 32 features at once; large nodes count them in a histogram for each feature.
final class SplitSearch {
  let table: TrainingTable
  let rules: GrowthRules
  let kernels: any KernelSet.Type
  private var draw: FeatureDraw
  /// Some sample weighs more than a ``SmallNode`` can tell. That does not happen by chance.
  var hasHeavySamples = false

  /// (windowLimit, 32) or (32, windowLimit): values of 32 features
  let window: AlignedBuffer<UInt8>
  let codes = AlignedBuffer<UInt8>(count: SmallNode.weightLimit)
  let ranks = AlignedBuffer<UInt8>(count: 256)
  let rankWeights = AlignedBuffer<UInt16>(count: SmallNode.labelLimit)
  let sortScratch = AlignedBuffer<SIMD32<UInt16>>(count: SmallNode.weightLimit + SmallNode.labelLimit)
  /// (2, classCount, 256)
  let histograms: AlignedBuffer<UInt32>
  let valueCounts = AlignedBuffer<UInt32>(count: 256)
  let histogramScratch: AlignedBuffer<SIMD16<UInt32>>

  /// How many features are looked at together.
  static let laneCount = 32
  /// Up to how many samples a window holds the values of 32 features.
  static let windowLimit = 8192

  init(table: TrainingTable, rules: GrowthRules, kernels: any KernelSet.Type) {
    (self.table, self.rules, self.kernels) = (table, rules, kernels)
    draw = FeatureDraw(featureCount: table.featureCount, seed: rules.settings.seed, kernels: kernels)
    window = AlignedBuffer(count: Self.laneCount * Self.windowLimit)
    histograms = AlignedBuffer(count: 2 * table.classCount * 256)
    histogramScratch = AlignedBuffer(count: table.classCount)
  }

  /// The best split of a node, over the features that its key draws; nil if no split leaves enough samples on both
  /// sides.
  func best(of node: NodeSamples, key: NodeKey) -> NodeSplit? {
    begin(key)
    let found = best(of: node, candidates: 0..<rules.featuresPerNode)
    return found.varies ? found.split : bestOfFurtherDraws(of: node)
  }

  /// Draws the candidates of the node that `key` names.
  func begin(_ key: NodeKey) {
    if !rules.usesAllFeatures { draw.begin(key, drawing: rules.featuresPerNode) }
  }

  /// The best split over some of the candidates, by their order.
  ///
  /// - Parameter candidates: begins at a multiple of ``laneCount``.
  func best(of node: NodeSamples, candidates: Range<Int>) -> SearchResult {
    var found = SearchResult()
    let smallNode = smallNode(node)
    for first in stride(from: candidates.lowerBound, to: candidates.upperBound, by: Self.laneCount) {
      let features = UnsafeBufferPointer(
        start: draw.features + first, count: min(Self.laneCount, candidates.upperBound - first))
      found.add(smallNode.map { search($0, of: node, features) } ?? search(node, features))
    }
    return found
  }

  /// When all candidates are constant in the node: the best split over the first further draw that is not.
  func bestOfFurtherDraws(of node: NodeSamples) -> NodeSplit? {
    if rules.usesAllFeatures { return nil }
    while let feature = draw.next() {
      if isConstant(feature, in: node) { continue }
      let drawn = UnsafeBufferPointer(start: draw.features + draw.drawnCount - 1, count: 1)
      return (smallNode(node).map { search($0, of: node, drawn) } ?? search(node, drawn)).split
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

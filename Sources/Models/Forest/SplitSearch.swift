internal import Compute
internal import KernelInterface

/// What growing a tree depends on beside the images.
struct GrowthRules: Sendable {
  let settings: TreeSettings
  /// How many features a node draws.
  let featuresPerNode: Int
  /// Nil for Gini impurity.
  let entropy: EntropyTerms?

  init(_ settings: TreeSettings, table: TrainingTable) {
    self.settings = settings
    featuresPerNode = settings.maxFeatures.count(of: table.featureCount)
    entropy = settings.criterion == .entropy ? EntropyTerms(weightLimit: table.count) : nil
  }
}

/// The samples of one node, with what they weigh.
struct NodeSamples {
  let samples: UnsafeMutablePointer<TreeSample>
  let count: Int
  /// (classCount)
  let weights: UnsafePointer<UInt32>
  /// The classes that occur, ascending.
  let labels: UnsafePointer<UInt8>
  let labelCount: Int
  /// Sum of all weights.
  let weight: UInt32
}

/// The best cut of a node over some features. Of equal scores, the lowest feature's lowest cut.
struct NodeSplit {
  var score: Double
  var feature: UInt32
  /// Samples with this value or a lower one go left.
  var value: UInt8

  func isBetter(than other: NodeSplit?) -> Bool {
    guard let other else { return true }
    return score > other.score || score == other.score && feature < other.feature
  }
}

/// Finds the best split of a node. Keeps the memory that the kernels need; each thread has its own.
final class SplitSearch {
  private let table: TrainingTable
  private let rules: GrowthRules
  private let kernels: any KernelSet.Type
  private var draw: FeatureDraw
  /// Weights above 15 do not fit into the codes of small nodes. They do not happen by chance.
  var hasHeavySamples = false

  /// (min(gatherLimit, count), 32) or (32, min(gatherLimit, count)): values gathered from rows
  private let gathered: AlignedBuffer<UInt8>
  private let codes = AlignedBuffer<UInt8>(count: SplitSearch.smallWeight)
  private let ranks = AlignedBuffer<UInt8>(count: 256)
  private let rankWeights = AlignedBuffer<UInt16>(count: SplitSearch.smallLabelCount)
  private let smallScratch = AlignedBuffer<SIMD32<UInt16>>(count: SplitSearch.smallWeight + SplitSearch.smallLabelCount)
  /// (classCount, 256)
  private let histogram: AlignedBuffer<UInt32>
  private let valueCounts = AlignedBuffer<UInt32>(count: 256)
  private let histogramScratch: AlignedBuffer<SIMD16<UInt32>>

  /// Up to this weight and so many labels, nodes are small (see ``SmallNode``).
  private static let smallWeight = 255
  private static let smallLabelCount = 16
  private static let laneCount = 32
  /// Up to how many samples values are gathered from rows at once.
  private static let gatherLimit = 8192

  init(table: TrainingTable, rules: GrowthRules, kernels: any KernelSet.Type) {
    (self.table, self.rules, self.kernels) = (table, rules, kernels)
    draw = FeatureDraw(featureCount: table.featureCount, seed: rules.settings.seed)
    gathered = AlignedBuffer(count: Self.laneCount * max(min(Self.gatherLimit, table.count), Self.smallWeight))
    histogram = AlignedBuffer(count: table.classCount * 256)
    histogramScratch = AlignedBuffer(count: table.classCount)
  }

  /// The best split of a node, over the features that its key draws; nil if no split leaves enough samples on both sides.
  func best(of node: NodeSamples, key: NodeKey) -> NodeSplit? {
    begin(key)
    let (split, varies) = best(of: node, candidates: 0..<candidateCount)
    return varies ? split : bestOfFurtherDraws(of: node)
  }

  /// How many features a node looks at.
  var candidateCount: Int { rules.featuresPerNode }

  /// Draws the candidates of the node that `key` names.
  func begin(_ key: NodeKey) {
    if candidateCount < table.featureCount { draw.begin(key, drawing: candidateCount) }
  }

  /// The best split over some of the candidates, and whether any of these takes two different values in the node.
  func best(of node: NodeSamples, candidates: Range<Int>) -> (split: NodeSplit?, varies: Bool) {
    let isSmall =
      node.weight <= Self.smallWeight && node.labelCount <= Self.smallLabelCount && !hasHeavySamples
    let smallNode = isSmall ? prepareSmall(node) : nil
    let usesColumns = prefersColumns(node)
    var best: NodeSplit?
    var varies = false
    for first in stride(from: candidates.lowerBound, to: candidates.upperBound, by: Self.laneCount) {
      let features = draw.features + first
      let count = min(Self.laneCount, candidates.upperBound - first)
      if let smallNode {
        search(smallNode, node.samples, features, count, &best, &varies)
      } else {
        search(node, usesColumns: usesColumns, features, count, &best, &varies)
      }
    }
    return (best, varies)
  }

  /// When all candidates are constant in the node: the best split over the first further draw that is not.
  func bestOfFurtherDraws(of node: NodeSamples) -> NodeSplit? {
    if candidateCount == table.featureCount { return nil }
    while let feature = draw.next() {
      if isConstant(feature, in: node) { continue }
      return best(of: node, candidates: draw.drawnCount - 1..<draw.drawnCount).split
    }
    return nil
  }

  private func isConstant(_ feature: UInt32, in node: NodeSamples) -> Bool {
    let values = table.rows.pointer + Int(feature)
    let first = values[node.samples[0].row * table.rowStride]
    for index in 1..<node.count where values[node.samples[index].row * table.rowStride] != first { return false }
    return true
  }
}

// MARK: - Small nodes

extension SplitSearch {
  private func prepareSmall(_ node: NodeSamples) -> SmallNode {
    for rank in 0..<node.labelCount {
      let label = Int(node.labels[rank])
      ranks.pointer[label] = UInt8(rank)
      rankWeights.pointer[rank] = UInt16(node.weights[label])
    }
    for index in 0..<node.count {
      let sample = node.samples[index]
      codes.pointer[index] = ranks.pointer[sample.label] &* 16 &+ UInt8(truncatingIfNeeded: sample.weight)
    }
    return SmallNode(
      codes: codes.pointer, count: node.count, labelWeights: rankWeights.pointer, labelCount: node.labelCount,
      minSamplesLeaf: rules.settings.minSamplesLeaf)
  }

  private func search(
    _ node: SmallNode, _ samples: UnsafePointer<TreeSample>, _ features: UnsafePointer<UInt32>, _ featureCount: Int,
    _ best: inout NodeSplit?, _ varies: inout Bool
  ) {
    kernels.gatherLanes(
      samples: samples, count: node.count, rows: table.rows.pointer, rowStride: table.rowStride, features: features,
      featureCount: featureCount, lanes: gathered.pointer)
    let cut =
      if let entropy = rules.entropy {
        kernels.bestEntropyCut(
          lanes: gathered.pointer, features: features, featureCount: featureCount, node: node,
          terms: entropy.coarse.pointer, scratch: smallScratch.pointer)
      } else {
        kernels.bestGiniCut(
          lanes: gathered.pointer, features: features, featureCount: featureCount, node: node,
          scratch: smallScratch.pointer)
      }
    varies = varies || cut.varyingLanes != 0
    if cut.lane >= 0 {
      let split = NodeSplit(score: cut.score, feature: features[cut.lane], value: cut.value)
      if split.isBetter(than: best) { best = split }
    }
  }
}

// MARK: - Large nodes

extension SplitSearch {
  /// Whether reading the node's values from columns touches fewer cache lines than reading its rows.
  private func prefersColumns(_ node: NodeSamples) -> Bool {
    let features = rules.featuresPerNode
    let columnBytes = features * min(64 * node.count, table.count)
    let rowBytes = node.count * min(table.rowStride, 64 * features)
    return node.count > Self.gatherLimit || columnBytes < rowBytes
  }

  private func search(
    _ node: NodeSamples, usesColumns: Bool, _ features: UnsafePointer<UInt32>, _ featureCount: Int,
    _ best: inout NodeSplit?,
    _ varies: inout Bool
  ) {
    if !usesColumns {
      kernels.gatherColumns(
        samples: node.samples, count: node.count, rows: table.rows.pointer, rowStride: table.rowStride,
        features: features, featureCount: featureCount, columns: gathered.pointer, columnStride: node.count)
    }
    for index in 0..<featureCount {
      clearHistogram(node)
      let firstValue: UInt8
      if usesColumns {
        let column = table.columns.pointer + Int(features[index]) * table.count
        firstValue = column[node.samples[0].row]
        kernels.addToHistogram(samples: node.samples, count: node.count, column: column, histogram: histogram.pointer)
        countValues(node) { column[node.samples[$0].row] }
      } else {
        let values = gathered.pointer + index * node.count
        firstValue = values[0]
        kernels.addToHistogram(samples: node.samples, count: node.count, values: values, histogram: histogram.pointer)
        countValues(node) { values[$0] }
      }
      if holdsAllWeight(rotated(firstValue), of: node) { continue }
      varies = true
      let cut = bestCut(node)
      let split = NodeSplit(score: cut.score, feature: features[index], value: cut.value)
      if cut.score > -.infinity, split.isBetter(than: best) { best = split }
    }
  }

  private func clearHistogram(_ node: NodeSamples) {
    for rank in 0..<node.labelCount {
      (histogram.pointer + Int(node.labels[rank]) * 256).update(repeating: 0, count: 256)
    }
  }

  /// Fills ``valueCounts``, if the least number of samples in a leaf needs it.
  private func countValues(_ node: NodeSamples, value: (_ index: Int) -> UInt8) {
    guard rules.settings.minSamplesLeaf > 1 else { return }
    valueCounts.pointer.update(repeating: 0, count: 256)
    for index in 0..<node.count { valueCounts.pointer[rotated(value(index))] += 1 }
  }

  /// Where a histogram's row counts a value (see ``ForestKernels``).
  private func rotated(_ value: UInt8) -> Int { Int(value >> 4 | value << 4) }

  private func holdsAllWeight(_ bin: Int, of node: NodeSamples) -> Bool {
    var weight: UInt32 = 0
    for rank in 0..<node.labelCount { weight += histogram.pointer[Int(node.labels[rank]) * 256 + bin] }
    return weight == node.weight
  }

  private func bestCut(_ node: NodeSamples) -> FeatureCut {
    let histogramNode = HistogramNode(
      labels: node.labels, labelCount: node.labelCount, labelWeights: node.weights, count: node.count,
      minSamplesLeaf: rules.settings.minSamplesLeaf, valueCounts: valueCounts.pointer)
    guard let entropy = rules.entropy else {
      return kernels.bestGiniCut(
        histogram: histogram.pointer, node: histogramNode, scratch: histogramScratch.pointer)
    }
    return kernels.bestEntropyCut(
      histogram: histogram.pointer, node: histogramNode, terms: entropy.fine.pointer, scratch: histogramScratch.pointer)
  }
}

/// Kernels of the decision tree and the forest.
///
/// A node is an array of ``TreeSample``. A feature is one byte of every image. A cut sends the samples with
/// `value <= cut` to the left. Of two cuts of a node, the better one has the higher score. Scores are integers or one
/// correctly rounded quotient of integers, so that cuts of equal gain have equal scores. (In nodes that weigh more than
/// 330,000, the integers are rounded to doubles too.)
///
/// A rotated value is a byte whose upper and lower halves are swapped. Trees of best cuts store all values that way, so
/// that a value is the index of its bin.
///
/// In the shapes below, `rows` is the number of rows of the table that the samples' ``TreeSample/row`` refers to.
package protocol ForestKernels: Sendable {
  /// Computes 32 random words: eight blocks of Philox4x32-10 with the counters
  /// `(counter.0, counter.1, 8 * batch + k, counter.2)` for k in 0..<8.
  ///
  /// - Parameter words: (4, 8), overwritten: word j of block k is stored at `words[8 * j + k]`.
  static func randomWords(
    key: (UInt32, UInt32), counter: (UInt32, UInt32, UInt32), batch: UInt32, words: UnsafeMutablePointer<UInt32>)

  /// Copies the values of adjacent features from rows to columns.
  ///
  /// - Parameters:
  ///   - samples: (count)
  ///   - rows: (rows, rowStride), starting at the first of the features
  ///   - width: the number of features; a multiple of 32
  ///   - columns: (width, columnStride): the value of sample i for feature f is stored at `columns[f * columnStride +
  ///     i]`. The stride is at least `count` rounded up to a multiple of 16; the bytes up to there are overwritten.
  static func transpose(
    samples: UnsafePointer<TreeSample>, count: Int, rows: UnsafePointer<UInt8>, rowStride: Int, width: Int,
    columns: UnsafeMutablePointer<UInt8>, columnStride: Int)

  /// Copies the values of up to 32 features, sample by sample.
  ///
  /// - Parameters:
  ///   - samples: (count)
  ///   - columns: (all features, columnStride), indexed by the samples' rows
  ///   - features: (featureCount), the feature of each lane
  ///   - lanes: (count, 32), aligned to 32 bytes; lanes from `featureCount` on become undefined
  static func gatherLanes(
    samples: UnsafePointer<TreeSample>, count: Int, columns: UnsafePointer<UInt8>, columnStride: Int,
    features: UnsafePointer<UInt32>, featureCount: Int, lanes: UnsafeMutablePointer<UInt8>)

  /// Copies the values of up to 32 features from rows, sample by sample.
  ///
  /// - Parameters:
  ///   - samples: (count)
  ///   - rows: (rows, rowStride), aligned to 64 bytes; the stride is a multiple of 64
  ///   - features: (featureCount), the feature of each lane
  ///   - lanes: (count, 32), aligned to 32 bytes; lanes from `featureCount` on become undefined
  static func selectLanes(
    samples: UnsafePointer<TreeSample>, count: Int, rows: UnsafePointer<UInt8>, rowStride: Int,
    features: UnsafePointer<UInt32>, featureCount: Int, lanes: UnsafeMutablePointer<UInt8>)

  /// Copies the values of 32 adjacent features, sample by sample.
  ///
  /// - Parameters:
  ///   - samples: (count)
  ///   - rows: (rows, rowStride), starting at the first of the features; 32 bytes of each row are read
  ///   - lanes: (count, 32), overwritten
  static func copyLanes(
    samples: UnsafePointer<TreeSample>, count: Int, rows: UnsafePointer<UInt8>, rowStride: Int,
    lanes: UnsafeMutablePointer<UInt8>)

  /// Counts the values of four features: adds each sample's weight to `histograms[label, feature, rotated value]`.
  ///
  /// In the order of rotated values, the values 16 k..<16 k + 16 are in lane k of the 16 vectors of a histogram, so
  /// that a scan over values needs no sums within a vector. Four features are counted at a time because successive
  /// additions to one bin wait for each other.
  ///
  /// - Parameters:
  ///   - samples: (count)
  ///   - columns: (4), for each feature its rotated values (rows), indexed by the samples' rows
  ///   - following: (4), the columns that will be counted next, which are only fetched from memory; nil if there are
  ///     none
  ///   - histograms: (labels, 4, 256) bins, added to
  static func countValues(
    samples: UnsafePointer<TreeSample>, count: Int, columns: UnsafePointer<UnsafePointer<UInt8>>,
    following: UnsafePointer<UnsafePointer<UInt8>>?, histograms: UnsafeMutableRawPointer, bins: HistogramBins)

  /// Counts the values of four features, like ``countValues(samples:count:columns:following:histograms:bins:)``, from
  /// values in the order of the samples.
  ///
  /// - Parameters:
  ///   - samples: (count)
  ///   - values: (4), for each feature its rotated values (count)
  ///   - histograms: (labels, 4, 256) bins, added to
  static func countValues(
    samples: UnsafePointer<TreeSample>, count: Int, values: UnsafePointer<UnsafePointer<UInt8>>,
    histograms: UnsafeMutableRawPointer, bins: HistogramBins)

  /// Returns the best cut of one feature by Gini impurity: the one with the largest sum, over both sides, of
  /// (sum of squared label weights / weight). Of equal scores, the lowest cut.
  ///
  /// - Parameters:
  ///   - histogram: the feature's bins as counted by `countValues`, of each label 1024 bins after those of the one
  ///     before; aligned to 64 bytes
  ///   - floor: a score; minus infinity is returned if the best cut's score is lower
  ///   - scratch: (node.labelCount), aligned to 64 bytes
  static func bestGiniCut(
    histogram: UnsafeRawPointer, node: HistogramNode, floor: Double, scratch: UnsafeMutablePointer<SIMD16<UInt32>>
  ) -> FeatureCut

  /// Returns the best cut of one feature by entropy: the one with the least sum, over both sides, of weight times
  /// entropy. The score is that sum, negated. Of equal scores, the lowest cut.
  ///
  /// - Parameters:
  ///   - histogram: the feature's bins as counted by `countValues`, of each label 1024 bins after those of the one
  ///     before; aligned to 64 bytes
  ///   - floor: a score; minus infinity is returned if the best cut's score is lower
  ///   - terms: (the node's weight + 1): n log2 n in units of 2^-30
  ///   - scratch: (node.labelCount), aligned to 64 bytes
  static func bestEntropyCut(
    histogram: UnsafeRawPointer, node: HistogramNode, floor: Double, terms: UnsafePointer<Int64>,
    scratch: UnsafeMutablePointer<SIMD16<UInt32>>
  ) -> FeatureCut

  /// Returns the best cut, over up to 32 features of a small node, by Gini impurity. Each lane sorts the samples by its
  /// feature; then all lanes try their cuts in step. Of equal scores, the lowest feature's lowest cut.
  ///
  /// - Parameters:
  ///   - lanes: (node.count, 32), rotated values, one feature per lane, aligned to 32 bytes
  ///   - features: (featureCount), the feature of each lane
  ///   - scratch: (node.count + node.labelCount), aligned to 64 bytes
  static func bestGiniCut(
    lanes: UnsafePointer<UInt8>, features: UnsafePointer<UInt32>, featureCount: Int, node: SmallNode,
    scratch: UnsafeMutablePointer<SIMD32<UInt16>>
  ) -> LaneCut

  /// Returns the best cut, over up to 32 features of a small node, by entropy. Of equal scores, the lowest feature's
  /// lowest cut.
  ///
  /// - Parameters:
  ///   - lanes: (node.count, 32), rotated values, one feature per lane, aligned to 32 bytes
  ///   - features: (featureCount), the feature of each lane
  ///   - terms: (``SmallNode/weightLimit`` + 1): n log2 n in units of 2^-19
  ///   - scratch: (node.count + node.labelCount), aligned to 64 bytes
  static func bestEntropyCut(
    lanes: UnsafePointer<UInt8>, features: UnsafePointer<UInt32>, featureCount: Int, node: SmallNode,
    terms: UnsafePointer<Int32>, scratch: UnsafeMutablePointer<SIMD32<UInt16>>
  ) -> LaneCut

  /// Returns the best of one random cut for each of up to 32 features of a node, by Gini impurity: the one with the
  /// largest sum, over both sides, of (sum of squared label weights / weight). Of equal scores, the lowest feature.
  ///
  /// The cut of lane k is `least + (words[k] >> 8) * (greatest - least) / 2^24`, rounded down, where `least` and
  /// `greatest` are the ends of its values in the node: uniform in `least..<greatest`, except for a bias below 2^-16.
  ///
  /// - Parameters:
  ///   - lanes: (node.count, 32), one feature per lane, aligned to 32 bytes
  ///   - features: (featureCount), the feature of each lane
  ///   - words: (32), random; those from `featureCount` on have no effect
  static func bestRandomGiniCut(
    lanes: UnsafePointer<UInt8>, features: UnsafePointer<UInt32>, featureCount: Int, words: UnsafePointer<UInt32>,
    node: LaneNode
  ) -> LaneCut

  /// Returns the best of one random cut for each of up to 32 features of a node, by entropy: the one with the least
  /// sum, over both sides, of weight times entropy. The score is that sum, negated. Of equal scores, the lowest
  /// feature.
  ///
  /// - Parameters:
  ///   - lanes: (node.count, 32), one feature per lane, aligned to 32 bytes
  ///   - features: (featureCount), the feature of each lane
  ///   - words: (32), random, as for ``bestRandomGiniCut(lanes:features:featureCount:words:node:)``
  ///   - terms: (the node's weight + 1): n log2 n in units of 2^-30
  static func bestRandomEntropyCut(
    lanes: UnsafePointer<UInt8>, features: UnsafePointer<UInt32>, featureCount: Int, words: UnsafePointer<UInt32>,
    node: LaneNode, terms: UnsafePointer<Int64>
  ) -> LaneCut

  /// Whether ``bestRandomGiniCut(columns:columnStride:features:featureCount:words:node:scratch:)`` takes about as long
  /// for a group of rows as the kernels that read lanes take for a few samples.
  static var hasFastRowGroups: Bool { get }

  /// Divides the samples of a node into groups.
  ///
  /// - Parameters:
  ///   - samples: (count), in ascending order of their labels; the fewest groups result if the rows of each label are
  ///     ascending too
  ///   - masks: (limit), overwritten as in ``GroupedNode``
  ///   - firstRows: (limit), overwritten as in ``GroupedNode``
  ///   - labelEnds: (the number of labels that occur), overwritten as in ``GroupedNode``
  /// - Returns: the number of groups; nil if there are more than `limit`.
  static func groupRows(
    samples: UnsafePointer<TreeSample>, count: Int, limit: Int, masks: UnsafeMutablePointer<UInt64>,
    firstRows: UnsafeMutablePointer<UInt32>, labelEnds: UnsafeMutablePointer<UInt32>
  ) -> Int?

  /// Returns the same cut as ``bestRandomGiniCut(lanes:features:featureCount:words:node:)``.
  ///
  /// - Parameters:
  ///   - columns: (all features, columnStride), aligned to 64 bytes; the stride is a multiple of 64
  ///   - scratch: (2 * node.labelCount), aligned to 64 bytes
  static func bestRandomGiniCut(
    columns: UnsafePointer<UInt8>, columnStride: Int, features: UnsafePointer<UInt32>, featureCount: Int,
    words: UnsafePointer<UInt32>, node: GroupedNode, scratch: UnsafeMutablePointer<SIMD16<UInt32>>
  ) -> LaneCut

  /// Returns the same cut as ``bestRandomEntropyCut(lanes:features:featureCount:words:node:terms:)``.
  ///
  /// - Parameters:
  ///   - columns: (all features, columnStride), aligned to 64 bytes; the stride is a multiple of 64
  ///   - scratch: (2 * node.labelCount), aligned to 64 bytes
  static func bestRandomEntropyCut(
    columns: UnsafePointer<UInt8>, columnStride: Int, features: UnsafePointer<UInt32>, featureCount: Int,
    words: UnsafePointer<UInt32>, node: GroupedNode, terms: UnsafePointer<Int64>,
    scratch: UnsafeMutablePointer<SIMD16<UInt32>>
  ) -> LaneCut

  /// Moves the samples whose value is at most `cut` to the front. Both sides keep their order.
  ///
  /// - Parameters:
  ///   - samples: (count)
  ///   - values: (rows), `stride` bytes apart, indexed by the samples' rows
  ///   - areRotated: whether the values are rotated; the cut is not
  ///   - spare: (count), overwritten
  static func partition(
    samples: UnsafeMutablePointer<TreeSample>, count: Int, values: UnsafePointer<UInt8>, stride: Int, areRotated: Bool,
    cut: UInt8, spare: UnsafeMutablePointer<TreeSample>
  ) -> NodePartition

  /// Moves the samples whose value is at most `cut` to the front. Both sides keep their order.
  ///
  /// - Parameters:
  ///   - samples: (count)
  ///   - orderedValues: (count), `stride` bytes apart, in the order of the samples
  ///   - areRotated: whether the values are rotated; the cut is not
  ///   - spare: (count), overwritten
  static func partition(
    samples: UnsafeMutablePointer<TreeSample>, count: Int, orderedValues: UnsafePointer<UInt8>, stride: Int,
    areRotated: Bool, cut: UInt8, spare: UnsafeMutablePointer<TreeSample>
  ) -> NodePartition

  /// Finds the leaf of each image.
  ///
  /// - Parameters:
  ///   - nodes: (nodeCount), in pre-order
  ///   - rows: (all images, rowStride)
  ///   - images: (count), rows of the images to find
  ///   - leaves: (count), overwritten by the numbers of their leaves
  static func findLeaves(
    nodes: UnsafePointer<TreeNode>, nodeCount: Int, rows: UnsafePointer<UInt8>, rowStride: Int,
    images: UnsafePointer<UInt32>, count: Int, leaves: UnsafeMutablePointer<UInt32>)
}

/// One distinct training image of a tree, packed into a word: its row in the table of values (upper 32 bits), weight
/// (16), label (8), and eight zero bits.
///
/// Public because the compiler inlines no `package` code into other modules, and inner loops call these accessors.
public struct TreeSample: BitwiseCopyable, Sendable {
  public let bits: UInt64

  @inlinable public init(bits: UInt64) { self.bits = bits }

  /// - Parameter weight: the number of times that the image counts (that the bootstrap sampled it).
  @inlinable public init(row: UInt32, weight: UInt16, label: UInt8) {
    bits = UInt64(row) << 32 | UInt64(weight) << 16 | UInt64(label) << 8
  }

  /// Returns the same sample with its values in another row.
  @inlinable public func moved(to row: UInt32) -> TreeSample {
    TreeSample(bits: UInt64(row) << 32 | bits & 0xffff_ffff)
  }

  @inlinable public var row: Int { Int(truncatingIfNeeded: bits >> 32) }
  @inlinable public var weight: UInt32 { UInt32(truncatingIfNeeded: bits) >> 16 }
  @inlinable public var label: Int { Int(truncatingIfNeeded: bits >> 8 & 0xff) }
}

/// The type of the bins of histograms.
package enum HistogramBins: Sendable {
  /// `UInt16`, for nodes that weigh at most 65535: the histograms of four features and ten labels fit in the
  /// first-level cache.
  case narrow
  /// `UInt32`
  case wide
}

/// A node whose histograms are scanned.
package struct HistogramNode {
  /// The type of the histograms' bins.
  package let bins: HistogramBins
  /// (labelCount), the labels that occur in the node, ascending.
  package let labels: UnsafePointer<UInt8>
  package let labelCount: Int
  /// (labels), the weight of each label in the node.
  package let labelWeights: UnsafePointer<UInt32>
  package let count: Int
  /// The minimum number of samples on each side of a cut, regardless of their weights.
  package let minSamplesLeaf: Int
  /// (256), aligned to 64 bytes: the number of samples with each rotated value. Read only if
  /// `minSamplesLeaf` is above 1.
  package let valueCounts: UnsafePointer<UInt32>

  package init(
    bins: HistogramBins, labels: UnsafePointer<UInt8>, labelCount: Int, labelWeights: UnsafePointer<UInt32>, count: Int,
    minSamplesLeaf: Int, valueCounts: UnsafePointer<UInt32>
  ) {
    (self.bins, self.labels, self.labelCount, self.labelWeights) = (bins, labels, labelCount, labelWeights)
    (self.count, self.minSamplesLeaf, self.valueCounts) = (count, minSamplesLeaf, valueCounts)
  }
}

/// A node whose weight, number of labels and sample weights are within these limits.
///
/// Within them, a code fits in a byte, a weight in 16 bits, and the dividend of a Gini score, which is at most 406^3 /
/// 4, in the 24 bits of a Float.
package struct SmallNode {
  package static var weightLimit: Int { 406 }
  package static var labelLimit: Int { 16 }
  package static var sampleWeightLimit: Int { 15 }

  /// (count), for each sample 16 times the rank of its label among the node's labels, plus its weight.
  package let codes: UnsafePointer<UInt8>
  package let count: Int
  /// (labelCount), the weight of each label, by rank.
  package let labelWeights: UnsafePointer<UInt16>
  package let labelCount: Int
  /// The minimum number of samples on each side of a cut, regardless of their weights.
  package let minSamplesLeaf: Int

  package init(
    codes: UnsafePointer<UInt8>, count: Int, labelWeights: UnsafePointer<UInt16>, labelCount: Int, minSamplesLeaf: Int
  ) {
    (self.codes, self.count, self.labelWeights) = (codes, count, labelWeights)
    (self.labelCount, self.minSamplesLeaf) = (labelCount, minSamplesLeaf)
  }
}

/// A node of any size whose features are in lanes.
package struct LaneNode {
  /// (count), at least one, in ascending order of their labels.
  package let samples: UnsafePointer<TreeSample>
  package let count: Int
  /// (labelCount), the labels that occur in the node, ascending.
  package let labels: UnsafePointer<UInt8>
  package let labelCount: Int
  /// (labels), the weight of each label in the node.
  package let labelWeights: UnsafePointer<UInt32>
  /// The minimum number of samples on each side of a cut, regardless of their weights.
  package let minSamplesLeaf: Int

  package init(
    samples: UnsafePointer<TreeSample>, count: Int, labels: UnsafePointer<UInt8>, labelCount: Int,
    labelWeights: UnsafePointer<UInt32>, minSamplesLeaf: Int
  ) {
    (self.samples, self.count, self.labels, self.labelCount) = (samples, count, labels, labelCount)
    (self.labelWeights, self.minSamplesLeaf) = (labelWeights, minSamplesLeaf)
  }
}

/// A node of any size whose samples weigh 1, as groups of up to 64 adjacent rows with the same label.
package struct GroupedNode {
  /// (groups), bit i of `masks[group]` is set if the row `firstRows[group] + i` belongs to the group.
  package let masks: UnsafePointer<UInt64>
  /// (groups), multiples of 64.
  package let firstRows: UnsafePointer<UInt32>
  /// (labelCount), the number of groups up to the last one of each label, in the order of `labels`.
  package let labelEnds: UnsafePointer<UInt32>
  /// (labelCount), the labels that occur in the node, ascending.
  package let labels: UnsafePointer<UInt8>
  package let labelCount: Int
  /// (labels), the number of samples of each label in the node.
  package let labelWeights: UnsafePointer<UInt32>
  /// The minimum number of samples on each side of a cut.
  package let minSamplesLeaf: Int

  package init(
    masks: UnsafePointer<UInt64>, firstRows: UnsafePointer<UInt32>, labelEnds: UnsafePointer<UInt32>,
    labels: UnsafePointer<UInt8>, labelCount: Int, labelWeights: UnsafePointer<UInt32>, minSamplesLeaf: Int
  ) {
    (self.masks, self.firstRows, self.labelEnds) = (masks, firstRows, labelEnds)
    (self.labels, self.labelCount, self.labelWeights) = (labels, labelCount, labelWeights)
    self.minSamplesLeaf = minSamplesLeaf
  }
}

/// The best cut of one feature.
package struct FeatureCut: BitwiseCopyable {
  /// Minus infinity if no cut leaves enough samples on both sides.
  package var score: Double
  /// Samples with this value or a lower one go left.
  package var value: UInt8

  package init(score: Double, value: UInt8) { (self.score, self.value) = (score, value) }
}

/// The best cut of up to 32 features, which are in lanes.
package struct LaneCut: BitwiseCopyable {
  package var score = -Double.infinity
  /// The lane of the feature, or -1 if no cut leaves enough samples on both sides.
  package var lane = -1
  /// Samples with this value or a lower one go left.
  package var value: UInt8 = 0
  /// Bit k is set if lane k has two different values in this node.
  package var varyingLanes: UInt32 = 0

  package init() {}
}

/// A node of a grown tree, packed into eight bytes so that a tree of ten thousand nodes stays in the cache while it
/// classifies images.
///
/// Public for the same reason as ``TreeSample``.
public struct TreeNode: BitwiseCopyable, Sendable, Equatable {
  /// The feature (upper 24 bits) and threshold (lower 8 bits) of a split: images with `value <= threshold` go left, to
  /// the next node. All bits are set in a leaf.
  public let split: UInt32
  /// The index of a split's right child, or the number of a leaf.
  public let link: UInt32

  /// The number of features that fit in 24 bits; the largest 24-bit number marks a leaf.
  public static var featureLimit: Int { 1 << 24 - 1 }

  @inlinable public init(feature: Int, threshold: UInt8, right: UInt32) {
    (split, link) = (UInt32(truncatingIfNeeded: feature) << 8 | UInt32(threshold), right)
  }

  @inlinable public init(leaf: UInt32) { (split, link) = (.max, leaf) }

  @inlinable public var isLeaf: Bool { split == .max }
  @inlinable public var feature: Int { Int(split >> 8) }
  @inlinable public var threshold: UInt8 { UInt8(truncatingIfNeeded: split) }
}

/// The result of a partition.
package struct NodePartition {
  package let leftCount: Int
  /// The largest value on the left; 0 if there is none.
  package let largestLeft: UInt8
  /// The smallest value on the right; 255 if there is none.
  package let smallestRight: UInt8

  package init(leftCount: Int, largestLeft: UInt8, smallestRight: UInt8) {
    (self.leftCount, self.largestLeft, self.smallestRight) = (leftCount, largestLeft, smallestRight)
  }
}

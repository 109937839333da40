/// Kernels of the decision tree and the forest.
///
/// A node is an array of ``TreeSample``; a feature is one byte of every image. Where a feature is cut, samples with
/// `value <= cut` go left. The better of two cuts of the same node has the higher score. Scores are whole numbers, or
/// one correctly rounded quotient of whole numbers, so that cuts of equal gain score the same bits.
package protocol ForestKernels: Sendable {
  /// Draws 32 random words: those of eight blocks of Philox4x32-10, whose counters are `(counter.0, counter.1, 8 batch
  /// + k, counter.2)` for k in 0 ..< 8. Word j of block k lands at `words[8 j + k]`.
  ///
  /// - words: (32).
  static func drawWords(
    key: (UInt32, UInt32), counter: (UInt32, UInt32, UInt32), batch: UInt32, words: UnsafeMutablePointer<UInt32>)

  /// Copies the values of neighbouring features out of the images' rows, feature by feature.
  ///
  /// - rows: (images, rowStride), the bytes of each image from the first of the features on.
  /// - width: how many features; a multiple of 16.
  /// - columns: (width, columnStride); sample i of feature f lands at `columns[f * columnStride + i]`. The stride is at
  ///   least `count`, rounded up to a multiple of 16: the bytes up to there are overwritten.
  static func transpose(
    samples: UnsafePointer<TreeSample>, count: Int, rows: UnsafePointer<UInt8>, rowStride: Int, width: Int,
    columns: UnsafeMutablePointer<UInt8>, columnStride: Int)

  /// Copies the values of up to 32 features, sample by sample.
  ///
  /// - columns: (features, columnStride), addressed by the samples' rows.
  /// - lanes: (count, 32); lanes from `featureCount` on keep what they held.
  static func gatherLanes(
    samples: UnsafePointer<TreeSample>, count: Int, columns: UnsafePointer<UInt8>, columnStride: Int,
    features: UnsafePointer<UInt32>, featureCount: Int, lanes: UnsafeMutablePointer<UInt8>)

  /// Copies the values of 32 neighbouring features, sample by sample.
  ///
  /// - rows: (images, rowStride), the bytes of each image from the first of the features on.
  /// - lanes: (count, 32).
  static func copyLanes(
    samples: UnsafePointer<TreeSample>, count: Int, rows: UnsafePointer<UInt8>, rowStride: Int,
    lanes: UnsafeMutablePointer<UInt8>)

  /// Counts the values of two features: adds each sample's weight to `histogram[label * 256 + rotated(value)]`, where
  /// `rotated` swaps the two halves of the byte.
  ///
  /// The rotated order puts values 16 k ... 16 k + 15 into lane k of the 16 vectors of a label, so that a scan over
  /// values needs no sums within a vector. Two features at a time, because additions to the same bin must wait for each
  /// other.
  ///
  /// - columns: the features' values, addressed by the samples' rows.
  /// - histograms: (labels, 256) each.
  static func countValues(
    samples: UnsafePointer<TreeSample>, count: Int, columns: (UnsafePointer<UInt8>, UnsafePointer<UInt8>),
    histograms: (UnsafeMutablePointer<UInt32>, UnsafeMutablePointer<UInt32>))

  /// As above, with the values of this node's samples only, in their order: `values` are (count) each.
  static func countValues(
    samples: UnsafePointer<TreeSample>, count: Int, values: (UnsafePointer<UInt8>, UnsafePointer<UInt8>),
    histograms: (UnsafeMutablePointer<UInt32>, UnsafeMutablePointer<UInt32>))

  /// The best cut of one feature by Gini impurity: the largest sum, over both sides, of (sum of squared label weights /
  /// weight).
  ///
  /// - histogram: (labels, 256), rotated as above, aligned to 64 bytes. Label weights up to 2^26 are squared exactly.
  /// - scratch: (node.labelCount).
  static func bestGiniCut(
    histogram: UnsafePointer<UInt32>, node: HistogramNode, scratch: UnsafeMutablePointer<SIMD16<UInt32>>
  ) -> FeatureCut

  /// The best cut of one feature by entropy: the least sum of both sides' weight times entropy, negated.
  ///
  /// - terms: n log2 n, as a whole number of 2^-30, for n up to the node's weight.
  static func bestEntropyCut(
    histogram: UnsafePointer<UInt32>, node: HistogramNode, terms: UnsafePointer<Int64>,
    scratch: UnsafeMutablePointer<SIMD16<UInt32>>
  ) -> FeatureCut

  /// The best cut of up to 32 features of a small node, by Gini impurity. Each lane sorts its feature's samples, then
  /// all lanes try their cuts in step.
  ///
  /// - lanes: (node.count, 32), one feature a lane.
  /// - features: (featureCount), which feature each lane is. Of cuts with the same score, the lowest feature's lowest
  ///   cut is the best.
  /// - scratch: (node.count + node.labelCount).
  static func bestGiniCut(
    lanes: UnsafePointer<UInt8>, features: UnsafePointer<UInt32>, featureCount: Int, node: SmallNode,
    scratch: UnsafeMutablePointer<SIMD32<UInt16>>
  ) -> SmallNodeCut

  /// As above, by entropy.
  ///
  /// - terms: (407), n log2 n as a whole number of 2^-19.
  static func bestEntropyCut(
    lanes: UnsafePointer<UInt8>, features: UnsafePointer<UInt32>, featureCount: Int, node: SmallNode,
    terms: UnsafePointer<Int32>, scratch: UnsafeMutablePointer<SIMD32<UInt16>>
  ) -> SmallNodeCut

  /// Moves the samples with `values[row * stride] <= cut` to the front. Both sides keep their order.
  ///
  /// - spare: (count), overwritten.
  static func partition(
    samples: UnsafeMutablePointer<TreeSample>, count: Int, values: UnsafePointer<UInt8>, stride: Int, cut: UInt8,
    spare: UnsafeMutablePointer<TreeSample>
  ) -> NodePartition

  /// Finds the leaves that images fall into.
  ///
  /// - nodes: a tree's; a right child has a higher index than its parent.
  /// - rows: (images, rowStride), the bytes of each image.
  /// - images: (count), which images are asked for.
  /// - leaves: (count), the numbers of their leaves.
  static func findLeaves(
    nodes: UnsafePointer<TreeNode>, rows: UnsafePointer<UInt8>, rowStride: Int, images: UnsafePointer<UInt32>,
    count: Int, leaves: UnsafeMutablePointer<UInt32>)
}

/// One distinct training image of a tree, packed into a word: its row in the table of values (upper 32 bits), weight
/// (16), label (8), and eight zero bits.
///
/// Public, because the compiler inlines no `package` code into other modules, and these accessors stand in inner loops.
public struct TreeSample: BitwiseCopyable, Sendable {
  public let bits: UInt64

  @inlinable public init(bits: UInt64) { self.bits = bits }

  /// - Parameter weight: how often the image counts (how often the bootstrap drew it).
  @inlinable public init(row: UInt32, weight: UInt16, label: UInt8) {
    bits = UInt64(row) << 32 | UInt64(weight) << 16 | UInt64(label) << 8
  }

  /// The same sample, with its values elsewhere.
  @inlinable public func moved(to row: UInt32) -> TreeSample {
    TreeSample(bits: UInt64(row) << 32 | bits & 0xffff_ffff)
  }

  @inlinable public var row: Int { Int(truncatingIfNeeded: bits >> 32) }
  @inlinable public var weight: UInt32 { UInt32(truncatingIfNeeded: bits) >> 16 }
  @inlinable public var label: Int { Int(truncatingIfNeeded: bits >> 8 & 0xff) }
}

/// A node, as scans of its histograms need to know it.
package struct HistogramNode {
  /// (labelCount), the labels that occur in the node, ascending.
  package let labels: UnsafePointer<UInt8>
  package let labelCount: Int
  /// The weight of each label in the node, by label.
  package let labelWeights: UnsafePointer<UInt32>
  package let count: Int
  /// How many samples each side of a cut must keep, whatever their weight.
  package let minSamplesLeaf: Int
  /// (256), how many samples have each value (rotated). Read only if `minSamplesLeaf` is above 1.
  package let valueCounts: UnsafePointer<UInt32>

  package init(
    labels: UnsafePointer<UInt8>, labelCount: Int, labelWeights: UnsafePointer<UInt32>, count: Int,
    minSamplesLeaf: Int, valueCounts: UnsafePointer<UInt32>
  ) {
    (self.labels, self.labelCount, self.labelWeights) = (labels, labelCount, labelWeights)
    (self.count, self.minSamplesLeaf, self.valueCounts) = (count, minSamplesLeaf, valueCounts)
  }
}

/// A node whose weight, labels and sample weights are within these limits.
///
/// They keep codes in a byte, weights in 16 bits, and the dividend of a Gini score, below 406^3 / 4, within the 24 bits
/// of a Float.
package struct SmallNode {
  package static var weightLimit: Int { 406 }
  package static var labelLimit: Int { 16 }
  package static var sampleWeightLimit: Int { 15 }

  /// (count), each sample's label (its rank among the node's labels) times 16, plus its weight.
  package let codes: UnsafePointer<UInt8>
  package let count: Int
  /// (labelCount), the weight of each label, by its rank.
  package let labelWeights: UnsafePointer<UInt16>
  package let labelCount: Int
  /// How many samples each side of a cut must keep, whatever their weight.
  package let minSamplesLeaf: Int

  package init(
    codes: UnsafePointer<UInt8>, count: Int, labelWeights: UnsafePointer<UInt16>, labelCount: Int, minSamplesLeaf: Int
  ) {
    (self.codes, self.count, self.labelWeights) = (codes, count, labelWeights)
    (self.labelCount, self.minSamplesLeaf) = (labelCount, minSamplesLeaf)
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

/// The best cut of some features of a small node.
package struct SmallNodeCut: BitwiseCopyable {
  package var score = -Double.infinity
  /// The lane of its feature, or -1 if no cut leaves enough samples on both sides.
  package var lane = -1
  /// Samples with this value or a lower one go left.
  package var value: UInt8 = 0
  /// Bit k is set if lane k has two different values in this node.
  package var varyingLanes: UInt32 = 0

  package init() {}
}

/// A node of a grown tree, packed into eight bytes, so that a tree of some ten thousand nodes stays in the cache while
/// it judges images.
///
/// Public for the same reason as ``TreeSample``.
public struct TreeNode: BitwiseCopyable, Sendable, Equatable {
  /// Feature (upper 24 bits) and threshold (lower 8): images with `value <= threshold` go left, to the next node. All
  /// bits are set in a leaf.
  public let split: UInt32
  /// The right child of a node that splits; the number of a leaf.
  public let link: UInt32

  /// Features fit into 24 bits, and the last number is the leaves' mark.
  public static var featureLimit: Int { 1 << 24 - 1 }

  @inlinable public init(feature: Int, threshold: UInt8, right: UInt32) {
    (split, link) = (UInt32(truncatingIfNeeded: feature) << 8 | UInt32(threshold), right)
  }

  @inlinable public init(leaf: UInt32) { (split, link) = (.max, leaf) }

  @inlinable public var isLeaf: Bool { split == .max }
  @inlinable public var feature: Int { Int(split >> 8) }
  @inlinable public var threshold: UInt8 { UInt8(truncatingIfNeeded: split) }
}

/// What a partition found.
package struct NodePartition {
  package let leftCount: Int
  package let largestLeft: UInt8
  package let smallestRight: UInt8

  package init(leftCount: Int, largestLeft: UInt8, smallestRight: UInt8) {
    (self.leftCount, self.largestLeft, self.smallestRight) = (leftCount, largestLeft, smallestRight)
  }
}

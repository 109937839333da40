internal import Compute
internal import KernelInterface

/// Samples features of a node without replacement: the first swaps of a shuffle, keyed by the node.
///
/// The swaps are undone before the next node, so that a node's features never depend on earlier nodes.
struct FeatureSampler: ~Copyable {
  let featureCount: Int
  private(set) var sampledCount = 0
  /// All features; first the sampled ones, in the order of sampling.
  private let order: AlignedBuffer<UInt32>
  /// The position that each sampled feature was swapped with.
  private let partners: AlignedBuffer<UInt32>
  private var integers: BatchedRandomIntegers

  init(featureCount: Int, seed: UInt64, kernels: any KernelSet.Type) {
    self.featureCount = featureCount
    order = AlignedBuffer(count: featureCount)
    for feature in 0..<featureCount { order.pointer[feature] = UInt32(feature) }
    partners = AlignedBuffer(count: featureCount)
    integers = BatchedRandomIntegers(seed: seed, .featureSample, kernels: kernels)
  }

  var features: UnsafePointer<UInt32> { UnsafePointer(order.pointer) }

  /// Undoes all swaps, and samples `count` features for the node with this key.
  mutating func begin(_ key: NodeKey, sampling count: Int) {
    let (order, partners) = (order.pointer, partners.pointer)
    while sampledCount > 0 {
      sampledCount -= 1
      let partner = Int(partners[sampledCount])
      (order[sampledCount], order[partner]) = (order[partner], order[sampledCount])
    }
    integers.begin(key.low, key.high)
    for _ in 0..<count { _ = next() }
  }

  /// Samples one more feature; returns nil if all are sampled.
  mutating func next() -> UInt32? {
    if sampledCount == featureCount { return nil }
    let order = order.pointer
    let partner = sampledCount + integers.next(below: featureCount - sampledCount)
    (order[sampledCount], order[partner]) = (order[partner], order[sampledCount])
    partners.pointer[sampledCount] = UInt32(partner)
    sampledCount += 1
    return order[sampledCount - 1]
  }
}

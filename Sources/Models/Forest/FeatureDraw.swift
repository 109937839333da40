internal import Compute
internal import KernelInterface

/// Draws features at a node without replacement: the first swaps of a shuffle, keyed by the node.
///
/// The swaps are taken back before the next node's, so that a node's draws never depend on the nodes before it.
struct FeatureDraw: ~Copyable {
  let featureCount: Int
  private(set) var drawnCount = 0
  /// All features; the drawn ones first, in the order of their draws.
  private let order: AlignedBuffer<UInt32>
  /// What each draw was swapped with.
  private let partners: AlignedBuffer<UInt32>
  private var draws: BatchedDraws

  init(featureCount: Int, seed: UInt64, kernels: any KernelSet.Type) {
    self.featureCount = featureCount
    order = AlignedBuffer(count: featureCount)
    for feature in 0..<featureCount { order.pointer[feature] = UInt32(feature) }
    partners = AlignedBuffer(count: featureCount)
    draws = BatchedDraws(seed: seed, .featureSample, kernels: kernels)
  }

  var features: UnsafePointer<UInt32> { UnsafePointer(order.pointer) }

  /// Puts all features back, and draws the first `count` for the node that `key` names.
  mutating func begin(_ key: NodeKey, drawing count: Int) {
    let (order, partners) = (order.pointer, partners.pointer)
    while drawnCount > 0 {
      drawnCount -= 1
      let partner = Int(partners[drawnCount])
      (order[drawnCount], order[partner]) = (order[partner], order[drawnCount])
    }
    draws.begin(key.low, key.high)
    for _ in 0..<count { _ = next() }
  }

  /// Draws one more feature; nil if all are drawn.
  mutating func next() -> UInt32? {
    if drawnCount == featureCount { return nil }
    let order = order.pointer
    let partner = drawnCount + draws.next(below: featureCount - drawnCount)
    (order[drawnCount], order[partner]) = (order[partner], order[drawnCount])
    partners.pointer[drawnCount] = UInt32(partner)
    drawnCount += 1
    return order[drawnCount - 1]
  }
}

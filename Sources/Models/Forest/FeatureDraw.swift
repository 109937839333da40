internal import Compute

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
  private let seed: UInt64
  private var key = NodeKey.root(ofTree: 0, seed: 0)
  private var words = SIMD4<UInt32>()

  init(featureCount: Int, seed: UInt64) {
    (self.featureCount, self.seed) = (featureCount, seed)
    order = AlignedBuffer(0..<UInt32(featureCount))
    partners = AlignedBuffer(count: featureCount)
  }

  var features: UnsafePointer<UInt32> { UnsafePointer(order.pointer) }

  /// Puts all features back, and draws the first `count` for the node that `key` names.
  mutating func begin(_ key: NodeKey, drawing count: Int) {
    let order = order.pointer
    while drawnCount > 0 {
      drawnCount -= 1
      let partner = Int(partners[drawnCount])
      (order[drawnCount], order[partner]) = (order[partner], order[drawnCount])
    }
    self.key = key
    for _ in 0..<count { _ = next() }
  }

  /// Draws one more feature; nil if all are drawn.
  mutating func next() -> UInt32? {
    if drawnCount == featureCount { return nil }
    let lane = drawnCount & 3
    if lane == 0 { words = Philox.words(seed: seed, .featureSample, key.low, key.high, UInt32(drawnCount >> 2)) }
    // Uniform but for a bias below featureCount / 2^32.
    let offset = words[lane].multipliedFullWidth(by: UInt32(featureCount - drawnCount)).high
    let partner = drawnCount + Int(offset)
    let order = order.pointer
    (order[drawnCount], order[partner]) = (order[partner], order[drawnCount])
    partners.pointer[drawnCount] = UInt32(partner)
    drawnCount += 1
    return order[drawnCount - 1]
  }
}

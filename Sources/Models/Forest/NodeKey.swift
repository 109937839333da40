internal import Compute

/// Names a node by its path from the root, so that what is drawn there depends on nothing else: neither on the order of work nor on how
/// deep the tree may grow.
///
/// A key is a hash, chained from the parent's by the side; two nodes of a tree share one with a chance of 2^-64.
struct NodeKey: Sendable {
  let low: UInt32
  let high: UInt32

  enum Side: UInt32 { case left, right, root }

  static func root(ofTree tree: Int, seed: UInt64) -> NodeKey {
    NodeKey(Philox.words(seed: seed, .nodeKey, UInt32(tree), 0, Side.root.rawValue))
  }

  func child(_ side: Side, seed: UInt64) -> NodeKey {
    NodeKey(Philox.words(seed: seed, .nodeKey, low, high, side.rawValue))
  }

  private init(_ words: SIMD4<UInt32>) { (low, high) = (words.x, words.y) }
}

internal import Compute

/// Identifies a node by its path from the root, so that the features sampled there depend neither on the order of work
/// nor on the depth limit of the tree.
///
/// A key is a hash of the parent's key and the side. Two nodes have the same key with a probability of 2^-64.
struct NodeKey: Sendable {
  let low: UInt32
  let high: UInt32

  private init(_ low: UInt32, _ high: UInt32) { (self.low, self.high) = (low, high) }

  static func root(ofTree tree: Int, seed: UInt64) -> NodeKey {
    let words = Philox.words(seed: seed, .nodeKey, UInt32(tree), 0, 1)
    return NodeKey(words.x, words.y)
  }

  func children(seed: UInt64) -> (left: NodeKey, right: NodeKey) {
    let words = Philox.words(seed: seed, .nodeKey, low, high, 0)
    return (NodeKey(words.x, words.y), NodeKey(words.z, words.w))
  }
}

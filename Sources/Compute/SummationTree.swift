/// The fixed binary tree along which partial results of logical shards are summed.
///
/// Floating-point addition is not associative, so a sum has the same bits only if its order is fixed. The tree's leaves are the logical
/// shards; a node over leaves `lower..<upper` adds its left half, the largest power of two below its length, and the rest. Threads and
/// workers own contiguous ranges of leaves. Whoever owns a whole subtree can sum it alone; nobody adds in order of arrival.
package struct SummationTree: Sendable, Equatable {
  package let leafCount: Int

  package init(leafCount: Int) {
    precondition(leafCount >= 1, "a tree has at least one leaf")
    self.leafCount = leafCount
  }

  /// Where the node over `leaves` (two or more) divides.
  package static func split(_ leaves: Range<Int>) -> Int {
    precondition(leaves.count >= 2)
    return leaves.lowerBound + 1 << (Int.bitWidth - 1 - (leaves.count - 1).leadingZeroBitCount)
  }

  /// The maximal subtrees that lie inside `range`, from left to right: what the owner of `range` can sum alone.
  package func subtrees(inside range: Range<Int>) -> [Range<Int>] {
    func collect(_ node: Range<Int>) -> [Range<Int>] {
      let common = node.clamped(to: range)
      if common.isEmpty { return [] }
      if common == node { return [node] }
      let middle = Self.split(node)
      return collect(node.lowerBound..<middle) + collect(middle..<node.upperBound)
    }
    return collect(0..<leafCount)
  }

  /// How many maximal subtrees a contiguous range of leaves can have: in a tree of k levels below the root, k - 1 along the right edge of its
  /// left half, and as many along the left edge of its right half.
  package var mostSubtrees: Int { max(1, 2 * (Int.bitWidth - (leafCount - 1).leadingZeroBitCount - 1)) }

  /// The additions that turn the sums of `subtrees` into that of `node` (nil: the root), in an order that respects the tree: each pair
  /// (left, right) of positions in `subtrees` means "add right into left"; the result stands at the position of the leftmost one.
  package func additions(over subtrees: [Range<Int>], to node: Range<Int>? = nil) -> [(left: Int, right: Int)] {
    var additions: [(left: Int, right: Int)] = []
    func visit(_ node: Range<Int>) -> Int {
      if let position = subtrees.firstIndex(of: node) { return position }
      precondition(node.count > 1, "the subtrees do not cover leaf \(node.lowerBound)")
      let middle = Self.split(node)
      let left = visit(node.lowerBound..<middle)
      let right = visit(middle..<node.upperBound)
      additions.append((left, right))
      return left
    }
    _ = visit(node ?? 0..<leafCount)
    return additions
  }
}

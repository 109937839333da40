/// The fixed binary tree along which partial results of logical shards are summed.
///
/// Floating-point addition is not associative, so a sum has the same bits only if its order is fixed. The leaves are
/// the logical shards. A node adds the sum of its left part, whose length is the largest power of two below the node's,
/// and the sum of the rest. Threads and workers own contiguous ranges of leaves, and sum the subtrees inside their
/// range alone; nothing is summed in the order of arrival.
package struct SummationTree: Sendable, Equatable {
  package let leafCount: Int

  package init(leafCount: Int) {
    precondition(leafCount >= 1, "a tree has at least one leaf")
    self.leafCount = leafCount
  }

  /// Returns the first leaf of the right part of the node over `leaves`, which are two or more.
  package static func split(_ leaves: Range<Int>) -> Int {
    precondition(leaves.count >= 2)
    return leaves.lowerBound + 1 << (Int.bitWidth - 1 - (leaves.count - 1).leadingZeroBitCount)
  }

  /// Returns the maximal subtrees inside `range`, from left to right: the owner of `range` can sum them alone.
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

  /// The largest number of maximal subtrees inside a contiguous range of leaves: in a tree of k levels below the root,
  /// k - 1 along the right edge of its left part, and as many along the left edge of its right part.
  package var maxSubtreeCount: Int { max(1, 2 * (Int.bitWidth - (leafCount - 1).leadingZeroBitCount - 1)) }

  /// Returns the additions that turn the sums of `subtrees` into the sum of `node` (nil for the root), in the order of
  /// the tree. A pair (left, right) of positions in `subtrees` stands for `sums[left] += sums[right]`; the result is at
  /// the position of the leftmost subtree.
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

internal import Compute

/// Who computes which logical shard into which buffer, and what is added to what: the summation tree, cut over threads.
///
/// Each thread owns a contiguous range of shards, and sums alone the subtrees that lie inside. It goes down the tree depth first, so it
/// needs only as many buffers as the tree is deep. What is left is added by all threads together, each in its own part of the vectors.
struct ShardSchedule {
  enum Action: Equatable {
    case compute(shard: Int, buffer: Int)
    /// buffer `left` += buffer `right`
    case add(left: Int, right: Int)
  }

  /// By thread.
  private(set) var actions: [[Action]] = []
  /// Afterwards, in this order.
  private(set) var additions: [(left: Int, right: Int)] = []
  /// Where the sum stands at the end.
  private(set) var root = 0
  private(set) var bufferCount = 0

  init(shards: Int, threads: Int) {
    let tree = SummationTree(leafCount: shards)
    var subtrees: [Range<Int>] = []
    var results: [Int] = []
    for thread in 0..<threads {
      var own: [Action] = []
      var free: [Int] = []
      for subtree in tree.subtrees(inside: shards * thread / threads..<shards * (thread + 1) / threads) {
        subtrees.append(subtree)
        results.append(visit(subtree, &own, &free))
      }
      actions.append(own)
    }
    additions = tree.additions(over: subtrees).map { (results[$0.left], results[$0.right]) }
    root = additions.last?.left ?? results[0]
  }

  /// Lists what sums `node`, and returns the buffer of the sum.
  private mutating func visit(_ node: Range<Int>, _ actions: inout [Action], _ free: inout [Int]) -> Int {
    if node.count == 1 {
      let buffer = free.popLast() ?? bufferCount
      bufferCount = max(bufferCount, buffer + 1)
      actions.append(.compute(shard: node.lowerBound, buffer: buffer))
      return buffer
    }
    let middle = SummationTree.split(node)
    let left = visit(node.lowerBound..<middle, &actions, &free)
    let right = visit(middle..<node.upperBound, &actions, &free)
    actions.append(.add(left: left, right: right))
    free.append(right)
    return left
  }
}

internal import Compute

/// Who computes which logical shard into which buffer, and what is added to what: the summation tree, cut over threads.
///
/// It covers a contiguous range of the shards: all of them, or one worker's. Each thread owns a contiguous part of the range, and sums alone
/// the subtrees that lie inside. It goes down the tree depth first, so it needs only as many buffers as the tree is deep. What is left is
/// added by all threads together, each in its own part of the vectors.
struct ShardSchedule {
  enum Action: Equatable {
    case compute(shard: Int, buffer: Int)
    /// buffer `left` += buffer `right`
    case add(left: Int, right: Int)

    var isCompute: Bool {
      if case .compute = self { true } else { false }
    }
  }

  /// The shards covered.
  let range: Range<Int>
  /// By thread.
  private(set) var actions: [[Action]] = []
  /// Afterwards, in this order.
  private(set) var additions: [(left: Int, right: Int)] = []
  /// Where the sums stand at the end: one for each of the maximal subtrees inside the range, from left to right.
  private(set) var sums: [Int] = []
  private(set) var bufferCount = 0

  /// - Parameter shards: how many there are in all.
  init(range: Range<Int>, of shards: Int, threads: Int) {
    self.range = range
    let tree = SummationTree(leafCount: shards)
    var subtrees: [Range<Int>] = []
    var results: [Int] = []
    for thread in 0..<threads {
      var own: [Action] = []
      var free: [Int] = []
      let first = range.lowerBound + range.count * thread / threads
      let end = range.lowerBound + range.count * (thread + 1) / threads
      for subtree in tree.subtrees(inside: first..<end) {
        subtrees.append(subtree)
        results.append(visit(subtree, &own, &free))
      }
      actions.append(own)
    }
    for node in tree.subtrees(inside: range) {
      let own = tree.additions(over: subtrees, to: node)
      additions += own.map { (results[$0.left], results[$0.right]) }
      sums.append(results[subtrees.firstIndex { $0.lowerBound == node.lowerBound }!])
    }
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

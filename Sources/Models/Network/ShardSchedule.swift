internal import Compute

/// The assignment of logical shards to threads and buffers, and the order of additions: the summation tree, divided
/// among the threads.
///
/// It covers a contiguous range of shards: all of them, or those of one worker. Each thread has a contiguous part of
/// the range, and sums the subtrees inside it depth first, so that it needs few buffers. The remaining additions are
/// made by all threads together, each in its part of the vectors.
struct ShardSchedule {
  /// An action of one thread.
  enum Action: Equatable {
    case compute(shard: Int, buffer: Int)
    /// buffer `left` += buffer `right`
    case add(left: Int, right: Int)

    var isCompute: Bool {
      if case .compute = self { true } else { false }
    }
  }

  /// The shards that are covered.
  let range: Range<Int>
  /// The actions of each thread.
  private(set) var actions: [[Action]] = []
  /// The remaining additions of buffers, in this order.
  private(set) var additions: [(left: Int, right: Int)] = []
  /// The buffers of the sums at the end: one for each of the maximal subtrees inside the range, from left to right.
  private(set) var sums: [Int] = []
  private(set) var bufferCount = 0

  /// - Parameter shards: the total number of shards
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

  /// Appends the actions that sum `node`, and returns the buffer of the sum.
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

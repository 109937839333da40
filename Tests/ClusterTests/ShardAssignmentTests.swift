import Cluster
import Testing

/// Tests that the assignment covers all shards, follows the measured speed, and is the same for all members.
struct ShardAssignmentTests {
  /// Whether the ranges are contiguous, ascending and complete.
  private func cover(_ ranges: [Range<Int>], _ shards: Int) -> Bool {
    var next = 0
    for range in ranges {
      if range.lowerBound != next { return false }
      next = range.upperBound
    }
    return next == shards
  }

  @Test(arguments: [([1, 1], [8, 8]), ([1, 3], [4, 12]), ([2, 1, 1], [8, 4, 4]), ([1], [16])])
  func firstAssignmentFollowsThreadCounts(threads: [Int], counts: [Int]) {
    #expect(ShardAssignment(shards: 16, threads: threads).ranges.map(\.count) == counts)
  }

  @Test func surplusMembersHaveNoShards() {
    let assignment = ShardAssignment(shards: 4, threads: Array(repeating: 1, count: 9))
    #expect(cover(assignment.ranges, 4) && assignment.ranges.count == 9)
    #expect(assignment.ranges.allSatisfy { $0.count <= 1 })
  }

  /// A member that takes three times as long for each shard receives about a third as many shards as the other.
  @Test func slowMemberReceivesFewerShards() {
    var assignment = ShardAssignment(shards: 16, threads: [1, 1])
    for _ in 0..<32 {
      assignment.note(microseconds: zip(assignment.ranges, [100, 300]).map { UInt32($0.count * $1) })
      #expect(cover(assignment.ranges, 16))
    }
    #expect(assignment.ranges.map(\.count) == [12, 4])
  }

  @Test func smallSpeedDifferencesChangeNothing() {
    var assignment = ShardAssignment(shards: 16, threads: [1, 1])
    for round in 0..<64 { assignment.note(microseconds: round % 2 == 0 ? [800, 830] : [840, 810]) }
    #expect(assignment.ranges == [0..<8, 8..<16])
  }

  @Test func equalTimesGiveEqualAssignments() {
    var first = ShardAssignment(shards: 16, threads: [2, 1, 1])
    var second = first
    var state: UInt32 = 7
    for _ in 0..<100 {
      let times = (0..<3).map { _ in
        state = state &* 1_664_525 &+ 1_013_904_223
        return state >> 16
      }
      first.note(microseconds: times)
      second.note(microseconds: times)
      #expect(first == second && cover(first.ranges, 16))
    }
  }
}

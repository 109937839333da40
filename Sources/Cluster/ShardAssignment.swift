/// Which logical shards each member of a training group computes: contiguous ranges, by the speed that was measured.
///
/// All members come to the same ranges, because each computes them from the same numbers: the times that all tell all
/// in every round. A member that joins begins a new generation, in which everybody forgets what was measured.
package struct ShardAssignment: Equatable {
  package private(set) var ranges: [Range<Int>]
  private let shards: Int
  /// Since the ranges were last looked at: microseconds that each member's shards took, added up over `rounds`.
  private var microseconds: [UInt64]
  private var rounds = 0

  /// Rounds between two looks at the ranges.
  private static let interval = 8
  /// How much shorter a round must become for ranges to change: measurements are never quite the same twice.
  private static let gain = 0.95

  /// - Parameter threads: of each member; at least one member.
  package init(shards: Int, threads: [Int]) {
    self.shards = shards
    microseconds = threads.map { _ in 0 }
    ranges = []
    ranges = Self.ranges(counts(speeds: threads.map { Double(max(1, $0)) }))
  }

  /// Every member has told how long its shards took in the round that is done.
  package mutating func note(microseconds times: [UInt32]) {
    for (member, time) in times.enumerated() { microseconds[member] += UInt64(max(1, time)) }
    rounds += 1
    guard rounds == Self.interval else { return }
    // Members without shards have not been measured; they are as slow as the slowest.
    let measured = ranges.indices.filter { !ranges[$0].isEmpty }
    let known = measured.map { Double(ranges[$0].count * rounds) / Double(microseconds[$0]) }
    let slowest = known.min() ?? 1
    var speeds = [Double](repeating: slowest, count: ranges.count)
    for (member, speed) in zip(measured, known) { speeds[member] = speed }
    let wanted = counts(speeds: speeds)
    if Self.time(wanted, speeds) < Self.gain * Self.time(ranges.map(\.count), speeds) { ranges = Self.ranges(wanted) }
    microseconds = microseconds.map { _ in 0 }
    rounds = 0
  }

  /// How long a round takes: as long as its slowest member.
  private static func time(_ counts: [Int], _ speeds: [Double]) -> Double {
    zip(counts, speeds).map { Double($0) / $1 }.max()!
  }

  /// The shortest round: shard after shard goes to the member that will be done with it first.
  private func counts(speeds: [Double]) -> [Int] {
    var counts = speeds.map { _ in 0 }
    for _ in 0..<shards {
      let next = counts.indices.min {
        let (left, right) = (Double(counts[$0] + 1) / speeds[$0], Double(counts[$1] + 1) / speeds[$1])
        return (left, $0) < (right, $1)
      }!
      counts[next] += 1
    }
    return counts
  }

  private static func ranges(_ counts: [Int]) -> [Range<Int>] {
    var first = 0
    return counts.map { count in
      defer { first += count }
      return first..<first + count
    }
  }
}

/// The assignment of logical shards to the members of a training group: contiguous ranges, sized by the measured
/// speeds.
///
/// All members compute the same ranges, because they use the same numbers: the times that the members exchange in every
/// round. A member that joins begins a new generation, in which all measurements start again.
package struct ShardAssignment: Equatable {
  package private(set) var ranges: [Range<Int>]
  private let shards: Int
  /// The microseconds that each member's shards took, summed over `rounds`, the rounds since the ranges were last
  /// evaluated.
  private var microseconds: [UInt64]
  private var rounds = 0

  /// The number of rounds between evaluations of the ranges.
  private static let interval = 8
  /// The factor by which a round must become shorter for the ranges to change, because measurements vary.
  private static let gain = 0.95

  /// - Parameter threads: The number of threads of each member; at least one member.
  package init(shards: Int, threads: [Int]) {
    self.shards = shards
    microseconds = threads.map { _ in 0 }
    ranges = []
    ranges = Self.ranges(counts(speeds: threads.map { Double(max(1, $0)) }))
  }

  /// Records the times that all members reported for the completed round.
  package mutating func note(microseconds times: [UInt32]) {
    for (member, time) in times.enumerated() { microseconds[member] += UInt64(max(1, time)) }
    rounds += 1
    guard rounds == Self.interval else { return }
    // Members without shards have no measurement, and are assumed to be as slow as the slowest.
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

  /// Returns the duration of a round, which is that of its slowest member.
  private static func time(_ counts: [Int], _ speeds: [Double]) -> Double {
    zip(counts, speeds).map { Double($0) / $1 }.max()!
  }

  /// Returns the numbers of shards that give the shortest round: each shard goes to the member that would finish it
  /// first.
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

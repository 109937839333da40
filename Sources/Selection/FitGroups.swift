internal import Foundation

/// Everything that a worker needs to run some of a sweep's fits, besides the images.
package struct FitGroups: Sendable, Equatable, Codable {
  /// Numbered from ``first``, because groups are planned while the sweep runs.
  package let groups: [FitGroup]
  package let first: Int
  package let splits: DataSplits
  /// The seed of the division into splits.
  package let seed: UInt64

  package init(_ groups: [FitGroup], from first: Int = 0, splits: DataSplits, seed: UInt64) {
    (self.groups, self.first, self.splits, self.seed) = (groups, first, splits, seed)
  }

  package var numbers: Range<Int> { first..<first + groups.count }

  package subscript(number: Int) -> FitGroup { groups[number - first] }

  package var json: [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys]
    return [UInt8]((try? encoder.encode(self)) ?? Data())
  }

  /// Returns nil for invalid content, which may come from another process.
  package init?(json: [UInt8]) {
    guard let groups = try? JSONDecoder().decode(FitGroups.self, from: Data(json)),
      groups.splits.isPossible, 0...(1 << 40) ~= groups.first,
      groups.groups.allSatisfy({
        (0..<groups.splits.count).contains($0.split) && !$0.members.isEmpty && $0.images ?? 0 >= 0
      })
    else { return nil }
    self = groups
  }
}

/// The results of consecutive groups, in the format that is sent and stored: a line of JSON with the outcomes, which
/// are equal on every worker, and a line with the times.
package struct FitResults: Sendable, Equatable {
  /// By group and member.
  package var outcomes: [[FitOutcome]] = []
  package var times: [[FitTime]] = []

  package init() {}

  package mutating func add(_ members: [(outcome: FitOutcome, time: FitTime)]) {
    outcomes.append(members.map(\.outcome))
    times.append(members.map(\.time))
  }

  /// Returns the results of one group.
  package func group(_ index: Int) -> FitResults {
    var result = FitResults()
    (result.outcomes, result.times) = ([outcomes[index]], [times[index]])
    return result
  }

  package var bytes: [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys]
    func line(_ value: some Encodable) -> [UInt8] { [UInt8]((try? encoder.encode(value)) ?? Data()) }
    return line(outcomes) + [UInt8(ascii: "\n")] + line(times)
  }

  /// Returns the number of leading bytes that do not depend on times.
  package static func checkedCount(of bytes: some Collection<UInt8>) -> Int {
    bytes.prefix { $0 != UInt8(ascii: "\n") }.count
  }

  /// Returns nil if the bytes are not results of groups of these sizes.
  /// - Parameter counts: the number of members of each group
  package init?(bytes: some Collection<UInt8>, counts: [Int]) {
    let lines = bytes.split(separator: UInt8(ascii: "\n"))
    guard lines.count == 2, let outcomes = try? JSONDecoder().decode([[FitOutcome]].self, from: Data(lines[0])),
      let times = try? JSONDecoder().decode([[FitTime]].self, from: Data(lines[1])),
      outcomes.map(\.count) == counts, times.map(\.count) == counts
    else { return nil }
    (self.outcomes, self.times) = (outcomes, times)
  }
}

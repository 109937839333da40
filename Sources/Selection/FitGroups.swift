internal import Foundation

/// All that those who carry out a sweep's fits must know beside the images.
package struct FitGroups: Sendable, Equatable, Codable {
  /// Numbered from `first` on: a sweep's groups are planned while it runs.
  package let groups: [FitGroup]
  package let first: Int
  package let splits: DataSplits
  /// Of the division into splits.
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

  /// nil for what cannot be: it may have come from outside.
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

/// What came of some groups, one after the other, as it travels and as it is kept: two JSON texts on a line each, what any worker comes to and how
/// long it took.
package struct FitResults: Sendable, Equatable {
  /// By group and member.
  package var outcomes: [[FitOutcome]] = []
  package var times: [[FitTime]] = []

  package init() {}

  package mutating func add(_ members: [(outcome: FitOutcome, time: FitTime)]) {
    outcomes.append(members.map(\.outcome))
    times.append(members.map(\.time))
  }

  /// Group `index` alone.
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

  /// How many of the bytes do not depend on how long it took.
  package static func checkedCount(of bytes: some Collection<UInt8>) -> Int {
    bytes.prefix { $0 != UInt8(ascii: "\n") }.count
  }

  /// - Parameter counts: members of each group that was asked for
  /// - Returns: nil if that is not what the bytes hold.
  package init?(bytes: some Collection<UInt8>, counts: [Int]) {
    let lines = bytes.split(separator: UInt8(ascii: "\n"))
    guard lines.count == 2, let outcomes = try? JSONDecoder().decode([[FitOutcome]].self, from: Data(lines[0])),
      let times = try? JSONDecoder().decode([[FitTime]].self, from: Data(lines[1])),
      outcomes.map(\.count) == counts, times.map(\.count) == counts
    else { return nil }
    (self.outcomes, self.times) = (outcomes, times)
  }
}

internal import Foundation

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

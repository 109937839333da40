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

internal import Datasets
internal import Foundation
package import Selection

/// Which images a trial learns from, and which it is judged by. Whoever has the images comes to the same.
package struct ImageDivision: Sendable, Hashable, Codable {
  package let splits: DataSplits
  /// Of the division into splits.
  package let seed: UInt64
  package let split: Int
  /// Divide no more images than these; nil: all.
  package let images: Int?

  package init(_ splits: DataSplits, seed: UInt64, split: Int, images: Int?) {
    (self.splits, self.seed, self.split, self.images) = (splits, seed, split, images)
  }

  func divide(_ all: LabeledImages) -> (training: LabeledImages, test: LabeledImages) {
    splits.split(split, of: all, seed: seed, limit: images)
  }

  var json: [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys]
    return [UInt8]((try? encoder.encode(self)) ?? Data())
  }

  /// nil for what cannot be: it may have come from outside.
  init?(json: [UInt8]) {
    guard let division = try? JSONDecoder().decode(Self.self, from: Data(json)),
      division.splits.isPossible, (0..<division.splits.count).contains(division.split), division.images ?? 0 >= 0
    else { return nil }
    self = division
  }
}

internal import Datasets
internal import Foundation
package import Selection

/// The division of the images into those that a team fit trains with and those that it is evaluated on. Workers with
/// the same images derive the same division.
package struct ImageDivision: Sendable, Hashable, Codable {
  package let splits: DataSplits
  /// The seed of the division into splits.
  package let seed: UInt64
  package let split: Int
  /// The number of images to divide; nil: all.
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

  /// Decodes a division, or returns nil if it is invalid.
  init?(json: [UInt8]) {
    guard let division = try? JSONDecoder().decode(Self.self, from: Data(json)),
      division.splits.isPossible, (0..<division.splits.count).contains(division.split), division.images ?? 0 >= 0
    else { return nil }
    self = division
  }
}

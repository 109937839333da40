/// What a reader found, for people: nothing here changes a result.
package struct DatasetDetails: Sendable, Codable, Equatable {
  /// The name of the reader; nil if the data set was not read from files.
  package var reader: String?
  /// The sizes of the stored images.
  package var sizes: StoredSizes?
  /// Whether the files define no test set, so that a part of the images was chosen as one.
  package var isSplit = false
  /// The number of files that are not images of a class, and the first of their names, relative to the folder.
  package private(set) var skippedCount = 0
  package private(set) var skipped: [String] = []

  /// The most names in ``skipped``.
  private static let most = 100

  package init() {}

  /// Adds skipped files.
  mutating func skip(_ names: [FileName]) {
    skippedCount += names.count
    skipped += names.prefix(Self.most - skipped.count).map(\.shown)
  }
}

/// The sizes of images before their conversion.
package struct StoredSizes: Sendable, Codable, Equatable {
  /// The smallest and the largest height and width, not necessarily of the same image.
  package let smallest: ImageSize
  package let largest: ImageSize
  /// The number of different sizes.
  package let distinct: Int
  /// The number of images of another size than that of the data set.
  package let resized: Int

  /// - Parameter counts: the number of images of each size
  /// - Returns: nil if there are no images
  init?(_ counts: [ImageSize: Int], convertedTo size: ImageSize) {
    guard let first = counts.keys.first else { return nil }
    var (smallest, largest) = (first, first)
    for size in counts.keys {
      smallest = ImageSize(height: min(smallest.height, size.height), width: min(smallest.width, size.width))
      largest = ImageSize(height: max(largest.height, size.height), width: max(largest.width, size.width))
    }
    (self.smallest, self.largest, distinct) = (smallest, largest, counts.count)
    resized = counts.reduce(0) { $0 + ($1.key == size ? 0 : $1.value) }
  }
}

extension StoredSizes: CustomStringConvertible {
  /// The size of all images, or the range of their sizes.
  package var description: String {
    smallest == largest ? "\(smallest)" : "\(smallest) to \(largest) (\(distinct) different sizes)"
  }
}

/// Finds identical images in a set, by hash and then byte by byte.
package struct DistinctImages: Sendable {
  private let images: LabeledImages
  /// The first images with each hash.
  private var firsts: [Int: [Int]] = [:]
  /// Each image that is identical to an earlier one, with the first such image, in the order of the set.
  package private(set) var duplicates: [(image: Int, first: Int)] = []

  package init(_ images: LabeledImages) {
    self.images = images
    for index in 0..<images.count {
      let pixels = images.pixels(of: index)
      if let first = first(equalTo: pixels) {
        duplicates.append((index, first))
      } else {
        firsts[Self.hash(pixels), default: []].append(index)
      }
    }
  }

  /// Returns the first image with these pixels; nil if there is none.
  package func first(equalTo pixels: ArraySlice<UInt8>) -> Int? {
    firsts[Self.hash(pixels)]?.first { images.pixels(of: $0) == pixels }
  }

  private static func hash(_ pixels: ArraySlice<UInt8>) -> Int {
    pixels.withUnsafeBytes { bytes in
      var hasher = Hasher()
      hasher.combine(bytes: bytes)
      return hasher.finalize()
    }
  }
}

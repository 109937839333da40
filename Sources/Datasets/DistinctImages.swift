/// Which images of a set are byte for byte the same: found by a hash first, then compared.
package struct DistinctImages: Sendable {
  private let images: LabeledImages
  /// By hash: the first image of each kind.
  private var firsts: [Int: [Int]] = [:]
  /// Each image that is the same as an earlier one, with the first that is, in the images' order.
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

  /// The first image that has these pixels.
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

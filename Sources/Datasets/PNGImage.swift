internal import CPNG

/// An 8-bit image, gray or RGB.
package struct PNGImage: Sendable, Equatable {
  package let shape: ImageShape
  /// (height, width, channels)
  package let pixels: [UInt8]

  package init(shape: ImageShape, pixels: [UInt8]) {
    precondition(pixels.count == shape.count && (shape.channels == 1 || shape.channels == 3))
    (self.shape, self.pixels) = (shape, pixels)
  }

  /// Reads the image of a PNG file, see ``PNGFile``.
  /// - Throws: ``DatasetError`` if the file does not exist, is not a PNG file, is damaged, or exceeds the limits.
  package static func read(_ path: String) throws(DatasetError) -> PNGImage { try PNGFile(path: path).image }

  static func message(_ image: png_image) -> String {
    withUnsafeBytes(of: image.message) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
  }
}

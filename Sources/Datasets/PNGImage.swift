internal import CPNG

/// One picture of bytes, grey or RGB.
package struct PNGImage: Sendable, Equatable {
  package let shape: ImageShape
  /// (height, width, channels)
  package let pixels: [UInt8]

  package init(shape: ImageShape, pixels: [UInt8]) {
    precondition(pixels.count == shape.count && (shape.channels == 1 || shape.channels == 3))
    (self.shape, self.pixels) = (shape, pixels)
  }

  /// Reads a PNG file as ``PNGFile`` does.
  /// - Throws: ``DatasetError`` if there is no such file, if it is no PNG, damaged, or larger than the limits.
  package static func read(_ path: String) throws(DatasetError) -> PNGImage { try PNGFile(path: path).image }

  static func message(_ image: png_image) -> String {
    withUnsafeBytes(of: image.message) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
  }
}

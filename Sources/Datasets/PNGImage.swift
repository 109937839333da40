internal import CPNG
internal import Foundation

/// One picture of bytes, grey or RGB.
package struct PNGImage: Sendable, Equatable {
  package let shape: ImageShape
  /// (height, width, channels)
  package let pixels: [UInt8]

  package init(shape: ImageShape, pixels: [UInt8]) {
    precondition(pixels.count == shape.count && (shape.channels == 1 || shape.channels == 3))
    (self.shape, self.pixels) = (shape, pixels)
  }

  /// Reads a PNG file. Palettes become RGB, 16 bits become the nearest 8, transparency is laid over black (in linear light), and a gamma
  /// that the file states is brought to that of sRGB.
  /// - Throws: ``DatasetError`` if there is no such file, if it is no PNG, damaged, or larger than the limits.
  package static func read(_ path: String) throws(DatasetError) -> PNGImage {
    _ = try ByteSource.sizeOfRegularFile(path)
    var image = png_image()
    image.version = UInt32(PNG_IMAGE_VERSION)
    defer { png_image_free(&image) }
    guard png_image_begin_read_from_file(&image, path) != 0 else {
      throw .damaged(path: path, reason: "is not a PNG image that can be read (\(message(image)))")
    }
    let (height, width) = (Int(image.height), Int(image.width))
    guard 1...DatasetLimits.side ~= height, 1...DatasetLimits.side ~= width else {
      throw .damaged(
        path: path, reason: "is \(height)x\(width); height and width from 1 to \(DatasetLimits.side) are expected")
    }
    // Without this flag, libpng takes samples of 16 bits for linear light.
    image.flags |= UInt32(PNG_IMAGE_FLAG_16BIT_sRGB)
    let isColour = image.format & UInt32(PNG_FORMAT_FLAG_COLOR) != 0
    image.format = isColour ? UInt32(PNG_FORMAT_FLAG_COLOR) : 0
    let shape = ImageShape(height: height, width: width, channels: isColour ? 3 : 1)
    var pixels = [UInt8](repeating: 0, count: shape.count)
    var background = png_color()
    guard png_image_finish_read(&image, &background, &pixels, Int32(width * shape.channels), nil) != 0 else {
      throw .damaged(path: path, reason: "is a damaged PNG image (\(message(image)))")
    }
    // libpng is content once it has the pixels.
    guard try ByteSource.end(of: path, count: end.count) == end else {
      throw .damaged(path: path, reason: "is not a whole PNG image: it does not end with the chunk IEND")
    }
    return PNGImage(shape: shape, pixels: pixels)
  }

  /// The last chunk: no data, its name, and their checksum.
  private static let end: [UInt8] = [0, 0, 0, 0] + Array("IEND".utf8) + [0xae, 0x42, 0x60, 0x82]

  static func message(_ image: png_image) -> String {
    withUnsafeBytes(of: image.message) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
  }
}

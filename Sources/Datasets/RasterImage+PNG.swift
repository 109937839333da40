internal import CPNG

extension RasterImage {
  /// Returns the image as a PNG file. The bytes depend only on the image and libpng's version: no time is stored.
  /// - Throws: if libpng refuses the image, for example because a side exceeds a million pixels.
  package func encodedAsPNG() throws(PNGEncodingError) -> [UInt8] {
    var image = png_image()
    image.version = UInt32(PNG_IMAGE_VERSION)
    image.width = UInt32(shape.width)
    image.height = UInt32(shape.height)
    image.format = shape.channels == 3 ? UInt32(PNG_FORMAT_FLAG_COLOR) : 0
    defer { png_image_free(&image) }
    // Pixels, a filter byte for each row, and the overhead of deflate and chunks for incompressible data.
    var size = shape.count + shape.height + shape.count / 100 + 4096
    var bytes = [UInt8](repeating: 0, count: size)
    guard
      png_image_write_to_memory(&image, &bytes, &size, 0, pixels, Int32(shape.width * shape.channels), nil) != 0
    else { throw PNGEncodingError(reason: PNGDecoder.message(image)) }
    return Array(bytes[..<size])
  }
}

/// The reason why libpng cannot encode an image.
package struct PNGEncodingError: Error {
  package let reason: String
}

internal import CPNG

/// Decodes PNG files of every kind.
///
/// Samples are read without conversion, regardless of gamma and color spaces; 16-bit samples are rounded to 8 bits.
/// Palettes become RGB.
struct PNGDecoder: ImageDecoder {
  let name = "PNG"
  let endings = ["png"]

  func recognizes(_ file: [UInt8]) -> Bool { file.starts(with: PNGChunks.signature) }

  /// Reads the chunk IHDR, which is always the first one.
  func size(_ file: [UInt8], path: String) throws(DatasetError) -> ImageSize {
    let start = PNGChunks.signature.count
    guard file.count >= start + 16, file[start + 4..<start + 8].elementsEqual("IHDR".utf8) else {
      throw .damaged(path: path, reason: "is a truncated PNG image: it does not begin with the chunk IHDR")
    }
    func number(_ place: Int) -> Int { file[place..<place + 4].reduce(0) { $0 << 8 | Int($1) } }
    return ImageSize(height: number(start + 12), width: number(start + 8))
  }

  func decode(_ file: [UInt8], path: String) throws(DatasetError) -> DecodedImage {
    let essential = try PNGChunks.essential(of: file, path: path)
    var image = png_image()
    image.version = UInt32(PNG_IMAGE_VERSION)
    // libpng keeps the address of the bytes until the image is freed.
    var failure: DatasetError?
    var decoded: DecodedImage?
    essential.withUnsafeBytes { bytes in
      defer { png_image_free(&image) }
      do throws(DatasetError) { decoded = try Self.decode(&image, bytes, path) } catch { failure = error }
    }
    guard let decoded else { throw failure! }
    return decoded
  }

  private static func decode(
    _ image: inout png_image, _ bytes: UnsafeRawBufferPointer, _ path: String
  ) throws(DatasetError) -> DecodedImage {
    guard png_image_begin_read_from_memory(&image, bytes.baseAddress, bytes.count) != 0 else {
      throw .damaged(path: path, reason: "is not a PNG image that libpng can read (\(message(image)))")
    }
    // Without this flag, libpng treats 16-bit samples as linear light.
    image.flags |= UInt32(PNG_IMAGE_FLAG_16BIT_sRGB)
    image.format &= UInt32(PNG_FORMAT_FLAG_COLOR | PNG_FORMAT_FLAG_ALPHA)
    let hasAlpha = image.format & UInt32(PNG_FORMAT_FLAG_ALPHA) != 0
    let channels = image.format & UInt32(PNG_FORMAT_FLAG_COLOR) != 0 ? 3 : 1
    let shape = ImageShape(height: Int(image.height), width: Int(image.width), channels: channels)
    try DatasetLimits.check(shape.size, path)
    let rowLength = shape.width * (shape.channels + (hasAlpha ? 1 : 0))
    var samples = [UInt8](repeating: 0, count: shape.height * rowLength)
    guard png_image_finish_read(&image, nil, &samples, Int32(rowLength), nil) != 0 else {
      throw .damaged(path: path, reason: "is a damaged PNG image (\(message(image)))")
    }
    return hasAlpha
      ? DecodedImage(shape, interleaved: samples) : DecodedImage(RasterImage(shape: shape, pixels: samples))
  }

  /// Returns the reason of libpng's last failure.
  static func message(_ image: png_image) -> String {
    withUnsafeBytes(of: image.message) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
  }
}

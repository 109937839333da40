internal import CPNG

/// Decodes PNG files.
///
/// Samples are read without conversion, regardless of gamma and color spaces; 16-bit samples are rounded to 8 bits.
/// Palettes become gray if all pixels are gray, else RGB. Transparent pixels are blended onto white.
struct PNGDecoder: ImageDecoder {
  let name = "PNG"
  let endings = ["png"]

  func recognizes(_ file: [UInt8]) -> Bool { file.starts(with: PNGChunks.signature) }

  func decode(_ file: [UInt8], path: String) throws(DatasetError) -> DecodedImage {
    let essential = try PNGChunks.essential(of: file, path: path)
    var image = png_image()
    image.version = UInt32(PNG_IMAGE_VERSION)
    // libpng keeps the address of the bytes until the image is freed.
    var failure: DatasetError?
    var decoded: (shape: ImageShape, samples: [UInt8], hasAlpha: Bool, isPalette: Bool)?
    essential.withUnsafeBytes { bytes in
      defer { png_image_free(&image) }
      do throws(DatasetError) { decoded = try Self.decode(&image, bytes, path) } catch { failure = error }
    }
    guard let decoded else { throw failure! }
    var (shape, samples) = (decoded.shape, decoded.samples)
    let isBlended = decoded.hasAlpha && Self.blend(&samples, channels: shape.channels)
    let isGrayPalette = decoded.isPalette && shape.channels == 3 && Self.isGray(samples)
    if isGrayPalette {
      shape.channels = 1
      samples = stride(from: 0, to: samples.count, by: 3).map { samples[$0] }
    }
    return DecodedImage(
      RasterImage(shape: shape, pixels: samples), isBlended: isBlended, isGrayPalette: isGrayPalette)
  }

  /// - Returns: the shape without alpha, and samples of shape (height, width, channels), plus an alpha channel if
  ///   there is one
  private static func decode(
    _ image: inout png_image, _ bytes: UnsafeRawBufferPointer, _ path: String
  ) throws(DatasetError) -> (shape: ImageShape, samples: [UInt8], hasAlpha: Bool, isPalette: Bool) {
    guard png_image_begin_read_from_memory(&image, bytes.baseAddress, bytes.count) != 0 else {
      throw .damaged(path: path, reason: "is not a PNG image that libpng can read (\(message(image)))")
    }
    let isPalette = image.format & UInt32(PNG_FORMAT_FLAG_COLORMAP) != 0
    let kept = image.format & UInt32(PNG_FORMAT_FLAG_COLOR | PNG_FORMAT_FLAG_ALPHA)
    // Without this flag, libpng treats 16-bit samples as linear light.
    image.flags |= UInt32(PNG_IMAGE_FLAG_16BIT_sRGB)
    image.format = kept
    let hasAlpha = kept & UInt32(PNG_FORMAT_FLAG_ALPHA) != 0
    let shape = ImageShape(
      height: Int(image.height), width: Int(image.width), channels: kept & UInt32(PNG_FORMAT_FLAG_COLOR) != 0 ? 3 : 1)
    try DatasetLimits.check(shape, path)
    let rowLength = shape.width * (shape.channels + (hasAlpha ? 1 : 0))
    var samples = [UInt8](repeating: 0, count: shape.height * rowLength)
    guard png_image_finish_read(&image, nil, &samples, Int32(rowLength), nil) != 0 else {
      throw .damaged(path: path, reason: "is a damaged PNG image (\(message(image)))")
    }
    return (shape, samples, hasAlpha, isPalette)
  }

  /// Blends pixels onto white, without gamma correction, and removes the alpha channel.
  /// - Returns: whether any pixel was not opaque
  private static func blend(_ samples: inout [UInt8], channels: Int) -> Bool {
    var isTransparent = false
    var place = 0
    for pixel in stride(from: 0, to: samples.count, by: channels + 1) {
      let alpha = Int(samples[pixel + channels])
      if alpha < 255 { isTransparent = true }
      let white = 255 * (255 - alpha)
      for channel in 0..<channels {
        let blended = Int(samples[pixel + channel]) * alpha + white
        samples[place] = UInt8((blended + 127) / 255)
        place += 1
      }
    }
    samples.removeLast(samples.count - place)
    return isTransparent
  }

  private static func isGray(_ samples: [UInt8]) -> Bool {
    for pixel in stride(from: 0, to: samples.count, by: 3) {
      let red = samples[pixel]
      if samples[pixel + 1] != red || samples[pixel + 2] != red { return false }
    }
    return true
  }

  /// Returns the reason of libpng's last failure.
  static func message(_ image: png_image) -> String {
    withUnsafeBytes(of: image.message) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
  }
}

internal import CPNG

/// The content of a PNG file as 8-bit samples.
///
/// Samples are read without conversion, regardless of gamma and color spaces; 16-bit samples are rounded to 8 bits.
/// Palettes become gray if all pixels are gray, else RGB. Transparent pixels are blended onto white.
package struct PNGFile: Sendable, Equatable {
  package let image: PNGImage
  /// Whether any pixel was blended onto white.
  package let isBlended: Bool
  /// Whether the image has a palette and its pixels use only gray entries. Such an image can be part of a set of RGB
  /// images.
  package let isGrayPalette: Bool

  /// The maximum size of a file in bytes: the largest image takes 2 MiB, the rest is for ignored chunks.
  private static let longest = 64 << 20

  /// - Throws: ``DatasetError`` if the file does not exist, is not a PNG file, is damaged, or exceeds the limits.
  package init(path: String) throws(DatasetError) { try self.init(FileName(path)) }

  init(_ name: FileName) throws(DatasetError) {
    try self.init(bytes: name.contents(limit: Self.longest), path: name.shown)
  }

  /// - Parameter path: the name of the file in errors
  private init(bytes: [UInt8], path: String) throws(DatasetError) {
    let essential = try PNGChunks.essential(of: bytes, path: path)
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
    let (shape, isPalette) = (decoded.shape, decoded.isPalette)
    var samples = decoded.samples
    isBlended = decoded.hasAlpha && Self.blend(&samples, channels: shape.channels)
    isGrayPalette = isPalette && shape.channels == 3 && Self.isGray(samples)
    if isGrayPalette {
      self.image = PNGImage(
        shape: ImageShape(height: shape.height, width: shape.width, channels: 1),
        pixels: stride(from: 0, to: samples.count, by: 3).map { samples[$0] })
    } else {
      self.image = PNGImage(shape: shape, pixels: samples)
    }
  }

  /// - Returns: the shape without alpha, and samples of shape (height, width, channels), plus an alpha channel if
  ///   there is one
  private static func decode(
    _ image: inout png_image, _ bytes: UnsafeRawBufferPointer, _ path: String
  ) throws(DatasetError) -> (shape: ImageShape, samples: [UInt8], hasAlpha: Bool, isPalette: Bool) {
    guard png_image_begin_read_from_memory(&image, bytes.baseAddress, bytes.count) != 0 else {
      throw .damaged(path: path, reason: "is not a PNG image that libpng can read (\(PNGImage.message(image)))")
    }
    let (height, width) = (Int(image.height), Int(image.width))
    guard 1...DatasetLimits.side ~= height, 1...DatasetLimits.side ~= width else {
      throw .damaged(
        path: path, reason: "is \(height)x\(width); expected height and width from 1 to \(DatasetLimits.side)")
    }
    let isPalette = image.format & UInt32(PNG_FORMAT_FLAG_COLORMAP) != 0
    let kept = image.format & UInt32(PNG_FORMAT_FLAG_COLOR | PNG_FORMAT_FLAG_ALPHA)
    // Without this flag, libpng treats 16-bit samples as linear light.
    image.flags |= UInt32(PNG_IMAGE_FLAG_16BIT_sRGB)
    image.format = kept
    let hasAlpha = kept & UInt32(PNG_FORMAT_FLAG_ALPHA) != 0
    let shape = ImageShape(
      height: height, width: width, channels: kept & UInt32(PNG_FORMAT_FLAG_COLOR) != 0 ? 3 : 1)
    let rowLength = width * (shape.channels + (hasAlpha ? 1 : 0))
    var samples = [UInt8](repeating: 0, count: height * rowLength)
    guard png_image_finish_read(&image, nil, &samples, Int32(rowLength), nil) != 0 else {
      throw .damaged(path: path, reason: "is a damaged PNG image (\(PNGImage.message(image)))")
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

  /// Returns the image for a set of images with `channels` channels: a gray palette is expanded to RGB.
  package func image(channels: Int) -> PNGImage {
    guard isGrayPalette, channels == 3 else { return image }
    return PNGImage(
      shape: ImageShape(height: image.shape.height, width: image.shape.width, channels: 3),
      pixels: image.pixels.flatMap { [$0, $0, $0] })
  }
}

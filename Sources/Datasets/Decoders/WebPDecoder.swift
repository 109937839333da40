internal import CWebP

/// Decodes WebP files with one image, lossy or lossless, by libwebp.
struct WebPDecoder: ImageDecoder {
  let name = "WebP"
  let endings = ["webp"]

  func recognizes(_ file: [UInt8]) -> Bool {
    file.starts(with: Array("RIFF".utf8)) && file.dropFirst(8).starts(with: Array("WEBP".utf8))
  }

  func size(_ file: [UInt8], path: String) throws(DatasetError) -> ImageSize {
    let features = try features(file, path)
    return ImageSize(height: Int(features.height), width: Int(features.width))
  }

  func decode(_ file: [UInt8], path: String) throws(DatasetError) -> DecodedImage {
    let features = try features(file, path)
    let shape = ImageShape(height: Int(features.height), width: Int(features.width), channels: 3)
    try DatasetLimits.check(shape.size, path)
    let hasAlpha = features.has_alpha != 0
    let rowLength = shape.width * (hasAlpha ? 4 : 3)
    let byteCount = shape.height * rowLength
    var samples = [UInt8](repeating: 0, count: byteCount)
    let decode = hasAlpha ? WebPDecodeRGBAInto : WebPDecodeRGBInto
    guard decode(file, file.count, &samples, byteCount, Int32(rowLength)) != nil else {
      throw .damaged(path: path, reason: "is a damaged or truncated WebP image")
    }
    return hasAlpha
      ? DecodedImage(shape, interleaved: samples) : DecodedImage(RasterImage(shape: shape, pixels: samples))
  }

  private func features(_ file: [UInt8], _ path: String) throws(DatasetError) -> WebPBitstreamFeatures {
    var features = WebPBitstreamFeatures()
    guard WebPGetFeatures(file, file.count, &features) == VP8_STATUS_OK else {
      throw .damaged(path: path, reason: "is a damaged or truncated WebP image")
    }
    guard features.has_animation == 0 else {
      throw .damaged(path: path, reason: "is an animation; expected a WebP file with one image")
    }
    return features
  }
}

internal import CJPEGDecoder

/// Decodes JPEG files, gray or color, baseline or progressive, by libjpeg-turbo's accurate integer transform: the same
/// samples on every machine, and those of `djpeg -dct int`. The EXIF orientation is applied. Truncated files are
/// errors.
struct JPEGDecoder: ImageDecoder {
  let name = "JPEG"
  let endings = ["jpg", "jpeg", "jpe", "jfif"]

  func recognizes(_ file: [UInt8]) -> Bool { file.starts(with: [0xff, 0xd8, 0xff]) }

  func size(_ file: [UInt8], path: String) throws(DatasetError) -> ImageSize {
    let shape = try header(file, path).shape
    return EXIFOrientation(jpeg: file).size(of: shape.size)
  }

  func decode(_ file: [UInt8], path: String) throws(DatasetError) -> DecodedImage {
    var (shape, header) = try header(file, path)
    try DatasetLimits.check(shape.size, path)
    var samples = [UInt8](repeating: 0, count: shape.count)
    guard atelier_jpeg_decode(file, file.count, &header, &samples) else {
      throw .damaged(path: path, reason: "is a damaged JPEG image (\(message(header)))")
    }
    return DecodedImage(EXIFOrientation(jpeg: file).upright(RasterImage(shape: shape, pixels: samples)))
  }

  private func header(_ file: [UInt8], _ path: String) throws(DatasetError) -> (shape: ImageShape, atelier_jpeg) {
    var header = atelier_jpeg()
    guard atelier_jpeg_read_header(file, file.count, &header) else {
      throw .damaged(path: path, reason: "is not a JPEG image that libjpeg can read (\(message(header)))")
    }
    switch header.channels {
    case 1, 3: break
    case 4:
      throw .damaged(path: path, reason: "is a CMYK image; convert it to RGB or gray")
    default:
      throw .damaged(path: path, reason: "has an unknown color space; convert it to RGB or gray")
    }
    let shape = ImageShape(height: Int(header.height), width: Int(header.width), channels: Int(header.channels))
    return (shape, header)
  }

  private func message(_ header: atelier_jpeg) -> String {
    withUnsafeBytes(of: header.message) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
  }
}

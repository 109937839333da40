import CZlib

/// Builds PNG files from their parts, for kinds that Atelier reads but does not write, and for damaged files.
enum PNGBytes {
  static let signature: [UInt8] = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]

  /// The color types of the PNG specification.
  enum ColorType: UInt8 {
    case gray = 0
    case rgb = 2
    case palette = 3
    case grayAlpha = 4
    case rgbAlpha = 6
  }

  /// - Parameters:
  ///   - rows: the samples of each row, packed according to the bit depth, without the filter byte
  ///   - extra: chunks between the header and the data
  static func file(
    height: Int, width: Int, bits: UInt8 = 8, _ type: ColorType, rows: [[UInt8]], extra: [UInt8] = []
  ) -> [UInt8] {
    signature + chunk("IHDR", header(height: height, width: width, bits: bits, type)) + extra
      + chunk("IDAT", deflated(rows.flatMap { [0] + $0 })) + chunk("IEND", [])
  }

  /// Builds a file with Adam7 interlacing: seven passes, each of which has every few pixels of every few rows.
  /// - Parameter rows: the samples of each row, of 8 bits
  static func interlacedFile(_ type: ColorType, rows: [[UInt8]], bytesPerPixel: Int, extra: [UInt8] = []) -> [UInt8] {
    let (height, width) = (rows.count, rows[0].count / bytesPerPixel)
    let passes = [(0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2), (1, 0, 2, 1)]
    var data: [UInt8] = []
    for (top, left, down, right) in passes where left < width {
      for y in stride(from: top, to: height, by: down) {
        let pixels = stride(from: left, to: width, by: right).map { $0 * bytesPerPixel }
        data += [0] + pixels.flatMap { rows[y][$0..<$0 + bytesPerPixel] }
      }
    }
    let header = Array(header(height: height, width: width, bits: 8, type).dropLast()) + [1]
    return signature + chunk("IHDR", header) + extra + chunk("IDAT", deflated(data)) + chunk("IEND", [])
  }

  static func header(height: Int, width: Int, bits: UInt8, _ type: ColorType) -> [UInt8] {
    bigEndian(width) + bigEndian(height) + [bits, type.rawValue, 0, 0, 0]
  }

  static func chunk(_ name: String, _ data: [UInt8]) -> [UInt8] {
    let checked = Array(name.utf8) + data
    return bigEndian(data.count) + checked + bigEndian(Int(crc32(0, checked, UInt32(checked.count))))
  }

  static func deflated(_ bytes: [UInt8]) -> [UInt8] {
    var size = compressBound(UInt(bytes.count))
    var packed = [UInt8](repeating: 0, count: Int(size))
    precondition(compress2(&packed, &size, bytes, UInt(bytes.count), 9) == Z_OK)
    return Array(packed[..<Int(size)])
  }

  private static func bigEndian(_ number: Int) -> [UInt8] {
    (0..<4).map { UInt8(truncatingIfNeeded: number >> (24 - 8 * $0)) }
  }
}

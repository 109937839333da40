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

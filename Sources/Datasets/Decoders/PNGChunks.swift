internal import CZlib

/// Reduces a PNG file to the chunks that determine its samples.
enum PNGChunks {
  static let signature: [UInt8] = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]

  /// Returns the file with only its critical chunks and tRNS, up to IEND; bytes after IEND are ignored. Without the
  /// color-space chunks (gAMA, cHRM, sRGB, iCCP, cICP), libpng does not convert samples.
  ///
  /// - Parameter file: begins with the ``signature``
  /// - Throws: ``DatasetError/damaged(path:reason:)`` if the PNG file is incomplete, or a chunk's checksum is wrong
  static func essential(of file: [UInt8], path: String) throws(DatasetError) -> [UInt8] {
    var kept = signature
    var start = signature.count
    // Length, type, data and checksum.
    while file.count - start >= 12 {
      let length = file[start..<start + 4].reduce(0) { $0 << 8 | Int($1) }
      guard length <= file.count - start - 12 else { break }
      let end = start + 12 + length
      let type = Array(file[start + 4..<start + 8])
      let name = type.map { (33...126).contains($0) ? String(UnicodeScalar($0)) : "?" }.joined()
      guard checksum(file, start + 4..<end - 4) == file[end - 4..<end].reduce(0, { $0 << 8 | UInt($1) }) else {
        throw .damaged(path: path, reason: "is a damaged PNG image (the checksum of its chunk \(name) is wrong)")
      }
      let isCritical = type[0] & 0x20 == 0
      if isCritical || name == "tRNS" { kept += file[start..<end] }
      if name == "IEND" { return kept }
      start = end
    }
    throw .damaged(path: path, reason: "is a truncated PNG image: it does not end with the chunk IEND")
  }

  private static func checksum(_ file: [UInt8], _ range: Range<Int>) -> UInt {
    file[range].withUnsafeBufferPointer { UInt(crc32(0, $0.baseAddress, UInt32($0.count))) }
  }
}

internal import CZlib

/// The content of a zip archive whose members are stored without compression. It contains no time, so equal members
/// give equal archives.
///
/// Format: PKWARE's APPNOTE 6.3.10, sections 4.3.7 (headers of members), 4.3.12 (directory) and 4.3.16 (its end).
package struct ZipWriter {
  private var members: [[UInt8]] = []
  private var directory: [UInt8] = []
  private var memberCount = 0
  private var length = 0

  /// The archive without the extensions for larger sizes holds at most this number of bytes, and of members.
  private static let (maxLength, maxCount) = (Int(UInt32.max), Int(UInt16.max))

  package init() {}

  /// Appends a member.
  /// - Parameters:
  ///   - name: in ASCII
  ///   - content: consecutive pieces
  /// - Throws: ``ModelError/notExportable(_:)`` if the archive becomes too large
  package mutating func add(_ name: String, _ content: [[UInt8]]) throws(ModelError) {
    let size = content.reduce(0) { $0 + $1.count }
    let header = Self.header(name, size: size, checksum: Self.checksum(of: content))
    let entry = 16 + header.count
    guard memberCount < Self.maxCount, length + header.count + size + directory.count + entry + 22 <= Self.maxLength
    else {
      throw .notExportable(
        "the model is too large for a zip archive (at most 4 GiB and 65535 members); export it as safetensors")
    }
    directory += Self.bytes(0x0201_4B50, 4) + Self.bytes(20, 2) + header[4..<30]
    // No comment, first disk, no attributes.
    directory += Self.bytes(0, 10) + Self.bytes(length, 4) + Array(name.utf8)
    members.append(header)
    members += content
    memberCount += 1
    length += header.count + size
  }

  /// The bytes of the archive, in consecutive pieces.
  package var pieces: [[UInt8]] {
    let end =
      Self.bytes(0x0605_4B50, 4) + Self.bytes(0, 4) + Self.bytes(memberCount, 2) + Self.bytes(memberCount, 2)
      + Self.bytes(directory.count, 4) + Self.bytes(length, 4) + Self.bytes(0, 2)
    return members + [directory, end]
  }

  /// Returns the header before the content of a member.
  private static func header(_ name: String, size: Int, checksum: Int) -> [UInt8] {
    // Version 2.0, no flags, stored, 1980-01-01 0:00, no extra fields.
    bytes(0x0403_4B50, 4) + bytes(20, 2) + bytes(0, 2) + bytes(0, 2) + bytes(0, 2) + bytes(0x21, 2)
      + bytes(checksum, 4) + bytes(size, 4) + bytes(size, 4) + bytes(name.utf8.count, 2) + bytes(0, 2)
      + Array(name.utf8)
  }

  private static func checksum(of content: [[UInt8]]) -> Int {
    Int(content.reduce(0) { sum, piece in piece.withUnsafeBufferPointer { crc32_z(sum, $0.baseAddress, $0.count) } })
  }

  /// Returns a number in little-endian order.
  private static func bytes(_ value: Int, _ count: Int) -> [UInt8] {
    (0..<count).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
  }
}

internal import CZlib
internal import Files

/// Reads one member of a zip archive sequentially. Holds no more than the requested bytes in memory.
final class ZipMemberSource: SequentialSource {
  private let member: ZipArchive.Member
  private let path: String
  private let file: InputFile
  /// The place of the next byte in the archive, and after the last one.
  private var place: Int
  private let end: Int
  /// The number of bytes that have been returned, and their checksum.
  private var done = 0
  private var checksum = crc32(0, nil, 0)
  /// Heap-allocated, since zlib keeps its address.
  private let stream: UnsafeMutablePointer<z_stream>
  private let input: UnsafeMutableBufferPointer<UInt8>

  init(_ member: ZipArchive.Member, of archive: ZipArchive) throws(DatasetError) {
    (self.member, path) = (member, "\(archive.path.shown)/\(member.name)")
    file = try InputFile(archive.path)
    let header = Bytes(try file.bytes(30, at: member.place))
    guard header.hasSignature([3, 4], at: 0), let nameLength = header.number(26, 2),
      let extraLength = header.number(28, 2)
    else { throw .damaged(path: archive.path.shown, reason: "is a damaged zip archive: \(member.name) has no header") }
    place = member.place + 30 + nameLength + extraLength
    end = place + member.compressedSize
    // Deflate compresses at most 258 bytes into two bits (RFC 1951), a ratio of 1032.
    let largest = member.isCompressed ? member.compressedSize.multipliedReportingOverflow(by: 1032).partialValue : 0
    guard end <= file.size, member.isCompressed ? member.size <= largest : member.size == member.compressedSize else {
      throw .damaged(path: archive.path.shown, reason: "is a damaged zip archive: \(member.name) has an invalid size")
    }
    stream = .allocate(capacity: 1)
    input = .allocate(capacity: 1 << 16)
    stream.initialize(to: z_stream())
    // Negative: raw deflate data without a header.
    inflateInit2_(stream, -15, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
  }

  deinit {
    inflateEnd(stream)
    stream.deallocate()
    input.deallocate()
  }

  var remaining: Int { member.size - done }

  func read(_ count: Int, expecting what: String) throws(DatasetError) -> [UInt8] {
    guard count <= remaining else { throw .damaged(path: path, reason: "ends too early: \(what) expected") }
    let bytes = try [UInt8](atMost: count) { buffer throws(DatasetError) in
      member.isCompressed ? try unpack(buffer) : try copy(buffer)
    }
    guard bytes.count == count else { throw .damaged(path: path, reason: "ends too early: \(what) expected") }
    done += count
    bytes.withUnsafeBufferPointer { bytes in
      for start in stride(from: 0, to: bytes.count, by: 1 << 30) {
        checksum = crc32(checksum, bytes.baseAddress! + start, UInt32(min(bytes.count - start, 1 << 30)))
      }
    }
    if remaining == 0, checksum != UInt(member.checksum) {
      throw .damaged(path: path, reason: "has a wrong checksum")
    }
    return bytes
  }

  private func copy(_ buffer: UnsafeMutableBufferPointer<UInt8>) throws(DatasetError) -> Int {
    let count = try file.read(
      into: UnsafeMutableBufferPointer(rebasing: buffer[..<min(buffer.count, end - place)]), at: place)
    place += count
    return count
  }

  private func unpack(_ buffer: UnsafeMutableBufferPointer<UInt8>) throws(DatasetError) -> Int {
    var filled = 0
    while filled < buffer.count {
      if stream.pointee.avail_in == 0 {
        let count = try copy(input)
        (stream.pointee.next_in, stream.pointee.avail_in) = (input.baseAddress, UInt32(count))
      }
      let room = UInt32(min(buffer.count - filled, 1 << 30))
      (stream.pointee.next_out, stream.pointee.avail_out) = (buffer.baseAddress! + filled, room)
      let code = inflate(stream, Z_NO_FLUSH)
      filled += Int(room - stream.pointee.avail_out)
      if code == Z_STREAM_END { break }
      guard code == Z_OK else {
        throw .damaged(path: path, reason: "holds compressed data that is damaged or truncated")
      }
    }
    return filled
  }
}

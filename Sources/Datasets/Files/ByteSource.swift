internal import CZlib
internal import Files

/// Reads a file sequentially, and decompresses it if it is gzipped. Holds no more than the requested bytes in memory.
///
/// A gzip file may consist of several members (`cat a.gz b.gz`), including empty ones; their contents are concatenated.
/// Zeros after the last member are padding, as for `gzip -d`; any other bytes there are an error.
final class ByteSource: SequentialSource {
  private let path: String
  private let file: InputFile
  private let isGzipped: Bool
  /// Heap-allocated, since zlib keeps its address.
  private let stream: UnsafeMutablePointer<z_stream>
  /// Whether the current gzip member has ended and the next has not started.
  private var hasMemberEnded = false
  /// Compressed bytes read from the file; `stream` points into them.
  private let input: UnsafeMutableBufferPointer<UInt8>

  /// - Throws: ``DatasetError/missing(path:reason:)``
  convenience init(path: String) throws(DatasetError) { try self.init(path: FileName(path)) }

  /// - Throws: ``DatasetError/missing(path:reason:)``
  init(path: FileName) throws(DatasetError) {
    self.path = path.shown
    file = try InputFile(path)
    isGzipped = try file.start(2) == [0x1f, 0x8b]
    stream = .allocate(capacity: 1)
    input = .allocate(capacity: 1 << 16)
    stream.initialize(to: z_stream())
    // 15: the largest window; + 16: gzip format.
    inflateInit2_(stream, 15 + 16, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
  }

  deinit {
    inflateEnd(stream)
    stream.deallocate()
    input.deallocate()
  }

  // Deflate compresses at most 258 bytes into two bits (RFC 1951), a ratio of 1032.
  var remaining: Int { isGzipped ? file.size * 1032 : file.size }

  /// Reads the next `count` bytes.
  /// - Throws: ``DatasetError/damaged(path:reason:)`` if there are fewer bytes, without allocating memory if a file of
  ///   this size cannot hold them.
  func read(_ count: Int, expecting what: String) throws(DatasetError) -> [UInt8] {
    guard count <= remaining else {
      throw .damaged(path: path, reason: "ends too early: \(what) expected")
    }
    let bytes = try [UInt8](atMost: count) { buffer throws(DatasetError) in try read(into: buffer) }
    guard bytes.count == count else { throw .damaged(path: path, reason: "ends too early: \(what) expected") }
    return bytes
  }

  /// Reads the next `count` bytes, or fewer at the end of the data.
  func read(atMost count: Int) throws(DatasetError) -> [UInt8] {
    try [UInt8](atMost: count) { buffer throws(DatasetError) in try read(into: buffer) }
  }

  /// Checks that the end of the data is reached.
  /// - Throws: ``DatasetError/damaged(path:reason:)`` if bytes are left, or if a gzip checksum is wrong.
  func expectEnd(after what: String) throws(DatasetError) {
    let byte = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: 1)
    defer { byte.deallocate() }
    guard try read(into: byte) == 0 else {
      throw .damaged(path: path, reason: "has more bytes after \(what), where it should end")
    }
  }

  /// Reads the next bytes into `buffer`.
  /// - Returns: the number of bytes, which is less than the size of the buffer only at the end of the data
  func read(into buffer: UnsafeMutableBufferPointer<UInt8>) throws(DatasetError) -> Int {
    isGzipped ? try unpack(buffer) : try file.read(into: buffer)
  }

  private func unpack(_ buffer: UnsafeMutableBufferPointer<UInt8>) throws(DatasetError) -> Int {
    var done = 0
    while done < buffer.count {
      if hasMemberEnded, try !beginMember() { break }
      guard try refill() else { throw .damaged(path: path, reason: "the gzip data is truncated") }
      // zlib counts in 32 bits.
      let room = UInt32(min(buffer.count - done, 1 << 30))
      stream.pointee.next_out = buffer.baseAddress! + done
      stream.pointee.avail_out = room
      let code = inflate(stream, Z_NO_FLUSH)
      done += Int(room - stream.pointee.avail_out)
      guard code == Z_OK || code == Z_STREAM_END else {
        let message = stream.pointee.msg.map { String(cString: $0) } ?? "zlib error \(code)"
        throw .damaged(path: path, reason: "the gzip data is damaged (\(message))")
      }
      hasMemberEnded = code == Z_STREAM_END
    }
    return done
  }

  /// Reads more compressed input if all of it was consumed; returns false at the end of the file.
  private func refill() throws(DatasetError) -> Bool {
    guard stream.pointee.avail_in == 0 else { return true }
    stream.pointee.avail_in = UInt32(try file.read(into: input))
    stream.pointee.next_in = input.baseAddress
    return stream.pointee.avail_in > 0
  }

  /// Starts the next gzip member.
  /// - Returns: false at the end of the file
  /// - Throws: ``DatasetError/damaged(path:reason:)`` if the bytes are neither a member nor padding
  private func beginMember() throws(DatasetError) -> Bool {
    var isPadded = false
    while try refill() {
      if stream.pointee.next_in.pointee == 0 {
        isPadded = true
        stream.pointee.next_in += 1
        stream.pointee.avail_in -= 1
        continue
      }
      guard !isPadded, stream.pointee.next_in.pointee == 0x1f else {
        throw .damaged(path: path, reason: "has trailing bytes after the gzip data")
      }
      inflateReset(stream)
      hasMemberEnded = false
      return true
    }
    return false
  }
}

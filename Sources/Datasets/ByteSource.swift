internal import CZlib
internal import Foundation

/// Reads a file sequentially, and decompresses it if it is gzipped. Holds no more than the requested bytes in memory.
///
/// A gzip file may consist of several members (`cat a.gz b.gz`), including empty ones; their contents are concatenated.
/// Zeros after the last member are padding, as for `gzip -d`; any other bytes there are an error.
final class ByteSource {
  private let path: String
  private let file: UnsafeMutablePointer<FILE>
  private let fileSize: Int
  private let isGzipped: Bool
  /// Heap-allocated, since zlib keeps its address.
  private let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
  /// Whether the current gzip member has ended and the next has not started.
  private var hasMemberEnded = false
  /// Compressed bytes read from the file; `stream` points into them.
  private let input = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: 1 << 16)

  /// - Throws: ``DatasetError/missing(path:reason:)``
  init(path: String) throws(DatasetError) {
    fileSize = try Self.sizeOfRegularFile(path)
    guard let file = fopen(path, "rb") else {
      throw .missing(path: path, reason: "cannot be opened: \(String(cString: strerror(errno)))")
    }
    self.path = path
    self.file = file
    var magic: [UInt8] = [0, 0]
    isGzipped = fread(&magic, 1, 2, file) == 2 && magic == [0x1f, 0x8b]
    rewind(file)
    stream.initialize(to: z_stream())
    // 15: the largest window; + 16: gzip format.
    inflateInit2_(stream, 15 + 16, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
  }

  deinit {
    inflateEnd(stream)
    stream.deallocate()
    input.deallocate()
    fclose(file)
  }

  /// Returns the size of the file at `path`.
  /// - Throws: ``DatasetError/missing(path:reason:)`` if the file does not exist, or is not a regular file: opening a
  ///   pipe could block forever.
  static func sizeOfRegularFile(_ path: String) throws(DatasetError) -> Int {
    var status = stat()
    guard stat(path, &status) == 0 else {
      let reason = errno == ENOENT ? "there is no such file" : "cannot be read: \(String(cString: strerror(errno)))"
      throw .missing(path: path, reason: reason)
    }
    try checkKind(status, path: path)
    return Int(status.st_size)
  }

  /// Checks that a file is regular.
  /// - Throws: ``DatasetError/missing(path:reason:)`` otherwise
  static func checkKind(_ status: stat, path: String) throws(DatasetError) {
    switch status.st_mode & S_IFMT {
    case S_IFREG: return
    case S_IFDIR: throw .missing(path: path, reason: "is a folder, not a file")
    default: throw .missing(path: path, reason: "is not a regular file")
    }
  }

  /// Reads the next `count` bytes.
  /// - Throws: ``DatasetError/damaged(path:reason:)`` if there are fewer bytes, without allocating memory if a file of
  ///   this size cannot hold them.
  func read(_ count: Int, expecting what: String) throws(DatasetError) -> [UInt8] {
    // Deflate compresses at most 258 bytes into two bits (RFC 1951), a ratio of 1032.
    guard count <= (isGzipped ? fileSize * 1032 : fileSize) else {
      throw .damaged(path: path, reason: "ends too early: \(what) expected")
    }
    var failure: DatasetError?
    let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
      do throws(DatasetError) { filled = try fill(buffer) } catch { failure = error }
    }
    if let failure { throw failure }
    guard bytes.count == count else { throw .damaged(path: path, reason: "ends too early: \(what) expected") }
    return bytes
  }

  /// Checks that the end of the data is reached.
  /// - Throws: ``DatasetError/damaged(path:reason:)`` if bytes are left, or if a gzip checksum is wrong.
  func expectEnd(after what: String) throws(DatasetError) {
    let byte = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: 1)
    defer { byte.deallocate() }
    guard try fill(byte) == 0 else {
      throw .damaged(path: path, reason: "has more bytes after \(what), where it should end")
    }
  }

  /// Fills `buffer` as far as possible, and returns the number of bytes.
  private func fill(_ buffer: UnsafeMutableBufferPointer<UInt8>) throws(DatasetError) -> Int {
    isGzipped ? try unpack(buffer) : try readRaw(buffer)
  }

  private func readRaw(_ buffer: UnsafeMutableBufferPointer<UInt8>) throws(DatasetError) -> Int {
    let received = fread(buffer.baseAddress, 1, buffer.count, file)
    guard ferror(file) == 0 else {
      throw .missing(path: path, reason: "cannot be read: \(String(cString: strerror(errno)))")
    }
    return received
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
    stream.pointee.avail_in = UInt32(try readRaw(input))
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

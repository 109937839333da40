internal import CZlib
internal import Foundation

/// Reads a file from its beginning to its end, and unpacks it on the way if it is gzipped. Never holds more than was asked for.
final class ByteSource {
  private let path: String
  private let file: UnsafeMutablePointer<FILE>
  private let fileSize: Int
  private let isGzipped: Bool
  /// zlib keeps the address, so it must not move.
  private let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
  private var streamEnded = false
  /// What was read of a gzipped file; `stream` points into it.
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
    // 15: the largest window; + 16: a gzip header and checksum.
    inflateInit2_(stream, 15 + 16, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
  }

  deinit {
    inflateEnd(stream)
    stream.deallocate()
    input.deallocate()
    fclose(file)
  }

  /// The size of the file at `path`.
  /// - Throws: ``DatasetError/missing(path:reason:)`` if there is none, or a folder, or a pipe, for whose other end one could wait forever.
  static func sizeOfRegularFile(_ path: String) throws(DatasetError) -> Int {
    var status = stat()
    guard stat(path, &status) == 0 else {
      let reason = errno == ENOENT ? "there is no such file" : "cannot be read: \(String(cString: strerror(errno)))"
      throw .missing(path: path, reason: reason)
    }
    switch status.st_mode & S_IFMT {
    case S_IFREG: return Int(status.st_size)
    case S_IFDIR: throw .missing(path: path, reason: "is a folder, not a file")
    default: throw .missing(path: path, reason: "is not a regular file")
    }
  }

  /// The last bytes of the file at `path`, as they stand there; fewer if it has fewer.
  /// - Throws: ``DatasetError/missing(path:reason:)``
  static func end(of path: String, count: Int) throws(DatasetError) -> [UInt8] {
    let size = try sizeOfRegularFile(path)
    guard let file = fopen(path, "rb") else {
      throw .missing(path: path, reason: "cannot be opened: \(String(cString: strerror(errno)))")
    }
    defer { fclose(file) }
    fseek(file, max(0, size - count), SEEK_SET)
    var bytes = [UInt8](repeating: 0, count: min(size, count))
    let received = fread(&bytes, 1, bytes.count, file)
    return Array(bytes.prefix(received))
  }

  /// The next `count` bytes.
  /// - Throws: ``DatasetError/damaged(path:reason:)`` if there are fewer; before memory is taken, if a file of this size cannot hold them.
  func read(_ count: Int, expecting what: String) throws(DatasetError) -> [UInt8] {
    // Deflate packs at most 258 bytes into two bits (RFC 1951), that is 1032 into a byte.
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

  /// - Throws: ``DatasetError/damaged(path:reason:)`` if anything is left, or if the gzip checksum is wrong.
  func expectEnd(after what: String) throws(DatasetError) {
    let byte = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: 1)
    defer { byte.deallocate() }
    guard try fill(byte) == 0 else {
      throw .damaged(path: path, reason: "has more bytes after \(what), where it should end")
    }
    guard isGzipped else { return }
    let left = try stream.pointee.avail_in > 0 ? 1 : readRaw(byte)
    guard left == 0 else {
      throw .damaged(path: path, reason: "has other bytes behind the gzip data")
    }
  }

  /// Fills `buffer` as far as the data goes; returns how far.
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
    while done < buffer.count && !streamEnded {
      if stream.pointee.avail_in == 0 {
        stream.pointee.avail_in = UInt32(try readRaw(input))
        stream.pointee.next_in = input.baseAddress
        guard stream.pointee.avail_in > 0 else { throw .damaged(path: path, reason: "the gzip data is cut off") }
      }
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
      streamEnded = code == Z_STREAM_END
    }
    return done
  }
}

internal import CZlib
internal import Foundation

/// Reads a file from its beginning to its end, and unpacks it on the way if it is gzipped. Never holds more than was asked for.
final class ByteSource {
  private let path: String
  private let file: UnsafeMutablePointer<FILE>
  private let isGzipped: Bool
  private var stream = z_stream()
  private var streamEnded = false
  /// What was read of a gzipped file; `stream` points into it.
  private let input = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: 1 << 16)

  /// - Throws: ``DatasetError/missing(path:reason:)``
  init(path: String) throws(DatasetError) {
    var isDirectory: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory), !isDirectory.boolValue else {
      throw .missing(path: path, reason: isDirectory.boolValue ? "is a folder, not a file" : "there is no such file")
    }
    guard let file = fopen(path, "rb") else {
      throw .missing(path: path, reason: "cannot be opened: \(String(cString: strerror(errno)))")
    }
    self.path = path
    self.file = file
    var magic: [UInt8] = [0, 0]
    isGzipped = fread(&magic, 1, 2, file) == 2 && magic == [0x1f, 0x8b]
    rewind(file)
    // 15: the largest window; + 16: a gzip header and checksum.
    inflateInit2_(&stream, 15 + 16, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
  }

  deinit {
    inflateEnd(&stream)
    input.deallocate()
    fclose(file)
  }

  /// The next `count` bytes. - Throws: ``DatasetError/damaged(path:reason:)`` if there are fewer.
  func read(_ count: Int, expecting what: String) throws(DatasetError) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    let received = isGzipped ? try unpack(&bytes) : fread(&bytes, 1, count, file)
    guard received == count else { throw .damaged(path: path, reason: "ends too early: \(what) expected") }
    return bytes
  }

  /// - Throws: ``DatasetError/damaged(path:reason:)`` if anything is left, or if the gzip checksum is wrong.
  func expectEnd(after what: String) throws(DatasetError) {
    var byte: [UInt8] = [0]
    let received = isGzipped ? try unpack(&byte) : fread(&byte, 1, 1, file)
    guard received == 0 else {
      throw .damaged(path: path, reason: "has more bytes after \(what), where it should end")
    }
    if isGzipped && (stream.avail_in > 0 || fread(&byte, 1, 1, file) > 0) {
      throw .damaged(path: path, reason: "has other bytes behind the gzip data")
    }
  }

  /// Fills `bytes` as far as the gzip stream goes; returns how far.
  private func unpack(_ bytes: inout [UInt8]) throws(DatasetError) -> Int {
    let count = bytes.count
    var done = 0
    while done < count && !streamEnded {
      if stream.avail_in == 0 {
        stream.avail_in = UInt32(fread(input.baseAddress!, 1, input.count, file))
        stream.next_in = input.baseAddress
        guard stream.avail_in > 0 else { throw .damaged(path: path, reason: "the gzip data is cut off") }
      }
      let room = UInt32(min(count - done, 1 << 26))
      let code = bytes.withUnsafeMutableBufferPointer { buffer in
        stream.next_out = buffer.baseAddress! + done
        stream.avail_out = room
        return inflate(&stream, Z_NO_FLUSH)
      }
      done += Int(room - stream.avail_out)
      guard code == Z_OK || code == Z_STREAM_END else {
        let message = stream.msg.map { String(cString: $0) } ?? "zlib error \(code)"
        throw .damaged(path: path, reason: "the gzip data is damaged (\(message))")
      }
      streamEnded = code == Z_STREAM_END
    }
    return done
  }
}

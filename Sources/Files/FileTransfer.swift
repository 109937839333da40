internal import Foundation

/// Reads and writes whole buffers through file descriptors. A system call is repeated if a signal interrupts it or if
/// it transfers only a part.
package enum FileTransfer {
  /// Reads the next bytes into `buffer`.
  /// - Parameter offset: the position in the file to read from; nil: the current position, which then advances
  /// - Returns: the number of bytes, which is less than the size of the buffer only at the end of the file
  package static func read(
    _ buffer: UnsafeMutableBufferPointer<UInt8>, from file: Int32, at offset: Int? = nil
  ) throws(SystemError) -> Int {
    var done = 0
    while done < buffer.count {
      let (place, rest) = (buffer.baseAddress! + done, buffer.count - done)
      let count = offset.map { pread(file, place, rest, off_t($0 + done)) } ?? Foundation.read(file, place, rest)
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { throw SystemError() }
      if count == 0 { break }
      done += count
    }
    return done
  }

  /// Writes all bytes.
  package static func write(_ bytes: [UInt8], to file: Int32) throws(SystemError) {
    var done = 0
    while done < bytes.count {
      let count = bytes.withUnsafeBytes { Foundation.write(file, $0.baseAddress! + done, $0.count - done) }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { throw SystemError(count < 0 ? errno : EIO) }
      done += count
    }
  }
}

extension [UInt8] {
  /// Makes an array of at most `count` bytes, which `fill` writes.
  /// - Parameter fill: returns the number of bytes that it has written
  package init<Failure: Error>(
    atMost count: Int, filledBy fill: (UnsafeMutableBufferPointer<UInt8>) throws(Failure) -> Int
  ) throws(Failure) {
    var failure: Failure?
    self.init(unsafeUninitializedCapacity: count) { buffer, filled in
      do throws(Failure) { filled = try fill(buffer) } catch { failure = error }
    }
    if let failure { throw failure }
  }
}

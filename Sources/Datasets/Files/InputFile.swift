internal import Files
internal import Foundation

/// A regular file that is open for reading.
struct InputFile: ~Copyable {
  private let descriptor: Int32
  /// The path for errors.
  private let path: String
  /// The size in bytes when the file was opened.
  let size: Int

  /// Opens a file. Never blocks, not even if it is a pipe.
  /// - Throws: ``DatasetError/missing(path:reason:)`` if it is not a readable regular file.
  init(_ name: FileName) throws(DatasetError) {
    let path = name.shown
    guard let status = name.status else {
      let reason = errno == ENOENT ? "there is no such file" : "cannot be read: \(systemErrorText())"
      throw .missing(path: path, reason: reason)
    }
    switch status.st_mode & S_IFMT {
    case S_IFREG: break
    case S_IFDIR: throw .missing(path: path, reason: "is a folder, not a file")
    default: throw .missing(path: path, reason: "is not a regular file")
    }
    let descriptor = name.withCString { open($0, O_RDONLY | O_CLOEXEC | O_NONBLOCK) }
    guard descriptor >= 0 else { throw .missing(path: path, reason: "cannot be opened: \(systemErrorText())") }
    (self.descriptor, self.path, size) = (descriptor, path, Int(status.st_size))
  }

  deinit { close(descriptor) }

  /// Reads the next bytes into `buffer`.
  /// - Returns: the number of bytes, which is less than the size of the buffer only at the end of the file
  /// - Throws: ``DatasetError/missing(path:reason:)`` if the file cannot be read.
  func read(into buffer: UnsafeMutableBufferPointer<UInt8>) throws(DatasetError) -> Int {
    try fill(buffer)
  }

  /// Reads bytes from a place in the file. The next ``read(into:)`` is not affected.
  func read(into buffer: UnsafeMutableBufferPointer<UInt8>, at place: Int) throws(DatasetError) -> Int {
    try fill(buffer, at: place)
  }

  /// Returns the `count` bytes from a place in the file, or fewer at its end. The next ``read(into:)`` is not affected.
  func bytes(_ count: Int, at place: Int) throws(DatasetError) -> [UInt8] {
    try [UInt8](atMost: max(0, min(count, size - place))) { buffer throws(DatasetError) in
      try fill(buffer, at: place)
    }
  }

  /// Returns the first `count` bytes, or the whole file if it is shorter. The next ``read(into:)`` is not affected.
  func start(_ count: Int) throws(DatasetError) -> [UInt8] { try bytes(count, at: 0) }

  /// Returns the whole file.
  /// - Throws: ``DatasetError/damaged(path:reason:)`` if it is longer than `limit` bytes.
  func contents(limit: Int) throws(DatasetError) -> [UInt8] {
    guard size <= limit else {
      throw .damaged(path: path, reason: "is \(size >> 20) MiB long; the maximum is \(limit >> 20) MiB")
    }
    return try [UInt8](atMost: size) { buffer throws(DatasetError) in try read(into: buffer) }
  }

  private func fill(
    _ buffer: UnsafeMutableBufferPointer<UInt8>, at offset: Int? = nil
  ) throws(DatasetError) -> Int {
    do throws(SystemError) {
      return try FileTransfer.read(buffer, from: descriptor, at: offset)
    } catch {
      throw .missing(path: path, reason: "cannot be read: \(error)")
    }
  }
}

internal import Foundation

/// Writes files atomically: the content goes to a partial file in the same folder, which is then renamed, so a reader
/// sees the old file or the new one, even after a crash or on a full disk.
package enum FileReplacement {
  /// Creates or replaces the file at `path`. Devices, pipes and descriptors are written to directly (``OutputPlace``);
  /// a symbolic link stays, and its target is replaced.
  /// - Parameters:
  ///   - isFlushed: whether the file must survive a power failure after this call
  ///   - mode: the permissions of a new file, restricted by the process's umask
  package static func write(
    _ pieces: [[UInt8]], to path: String, isFlushed: Bool = true, mode: UInt32 = 0o666
  ) throws(FileError) {
    let place = OutputPlace(path)
    if let file = try place.open(as: path) {
      let failure = write(pieces, to: file)
      let closed = close(file) == 0
      if let failure = failure ?? (closed ? nil : systemErrorText()) { throw .notWritten(path: path, reason: failure) }
      return
    }
    guard case .file(let path) = place else { return }
    let partial = try PartialFile(of: path, mode: mode)
    var failure = write(pieces, to: partial.file)
    if failure == nil, isFlushed, fsync(partial.file) != 0 { failure = systemErrorText() }
    // Network file systems report some failures on close. Closing a copy keeps the lock.
    if failure == nil {
      let copy = OpenFiles.retrying { dup(partial.file) }
      if copy < 0 || close(copy) != 0 { failure = systemErrorText() }
    }
    if failure == nil, rename(partial.path, path) != 0 { failure = systemErrorText() }
    if let failure {
      partial.remove()
      throw .notWritten(path: path, reason: failure)
    }
    partial.finish()
    if isFlushed { flushFolder(of: path) }
  }

  /// Checks that ``write(_:to:isFlushed:mode:)`` can create a file at `path`, for use before a long computation. Leaves
  /// no file behind.
  package static func check(_ path: String) throws(FileError) {
    let place = OutputPlace(path)
    try place.checkIsWritable(as: path)
    if case .file(let path) = place { try PartialFile(of: path).remove() }
  }

  /// Writes all pieces, and returns the reason of a failure, or nil.
  private static func write(_ pieces: [[UInt8]], to file: Int32) -> String? {
    do throws(SystemError) {
      for piece in pieces { try FileTransfer.write(piece, to: file) }
      return nil
    } catch {
      return error.description
    }
  }

  /// Makes the rename durable. Some file systems do not support this for folders; the content is safe either way.
  private static func flushFolder(of path: String) {
    let folder = OpenFiles.open(PartialFile.folder(of: path), O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard folder >= 0 else { return }
    fsync(folder)
    close(folder)
  }
}

internal import Foundation
internal import Synchronization

/// Writes a whole file or nothing: beside the path first, then renamed, so that a reader sees the old file or the new one,
/// also after a crash or on a full disk.
package enum FileReplacement {
  /// Puts a file with these bytes at `path`, in place of what is there. Devices and pipes are written to directly; a symbolic link stays, and
  /// what it leads to is replaced.
  /// - Parameters:
  ///   - isFlushed: whether it must last through a power failure from the moment when this returns
  ///   - mode: of a new file, less what the process's mask takes away
  package static func write(
    _ pieces: [[UInt8]], to path: String, isFlushed: Bool = true, mode: UInt32 = 0o666
  ) throws(FileError) {
    let path = followingLinks(path)
    if isDeviceOrPipe(path) {
      let file = OpenFiles.open(path, O_WRONLY | O_CLOEXEC)
      guard file >= 0 else { throw .notCreated(path: path, reason: systemErrorText()) }
      let failure = write(pieces, to: file)
      let closed = close(file) == 0
      if let failure = failure ?? (closed ? nil : systemErrorText()) { throw .notWritten(path: path, reason: failure) }
      return
    }
    let (file, beside) = try create(beside: path, mode: mode)
    var failure = write(pieces, to: file)
    if failure == nil, isFlushed, fsync(file) != 0 { failure = systemErrorText() }
    if close(file) != 0, failure == nil { failure = systemErrorText() }
    if failure == nil, rename(beside, path) != 0 { failure = systemErrorText() }
    if let failure {
      unlink(beside)
      throw .notWritten(path: path, reason: failure)
    }
    if isFlushed { flushFolder(of: path) }
  }

  /// Finds out whether ``write(_:to:)`` could create a file at `path`, before a long computation. Leaves nothing behind.
  package static func check(_ path: String) throws(FileError) {
    let path = followingLinks(path)
    if isDeviceOrPipe(path) {
      guard access(path, W_OK) == 0 else { throw .notCreated(path: path, reason: systemErrorText()) }
      return
    }
    let (file, beside) = try create(beside: path)
    close(file)
    unlink(beside)
  }

  /// Where the file is that `path` names, whether or not it is there yet. A circle of links is left as it is.
  private static func followingLinks(_ path: String) -> String {
    var place = path
    for _ in 0..<32 {
      guard let next = try? FileManager.default.destinationOfSymbolicLink(atPath: place) else { return place }
      place =
        next.hasPrefix("/")
        ? next : place.prefix(upTo: place.lastIndex(of: "/").map { place.index(after: $0) } ?? place.startIndex) + next
    }
    return path
  }

  /// Files created by this process.
  private static let count = Atomic(0)

  private static func create(
    beside path: String, mode: mode_t = 0o666
  ) throws(FileError) -> (file: Int32, beside: String) {
    if path.isEmpty { throw .notCreated(path: "\"\"", reason: "an empty name is no file's name") }
    var information = stat()
    if stat(path, &information) == 0, information.st_mode & S_IFMT == S_IFDIR {
      throw .notCreated(path: path, reason: "it is a folder; a file's name is needed")
    }
    // Threads of one process may write to the same path. What stands at this name was left by a process that is no more.
    let number = count.add(1, ordering: .relaxed).newValue
    let beside = "\(path).\(getpid())-\(number).partial"
    unlink(beside)
    let file = OpenFiles.open(beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode)
    guard file >= 0 else { throw .notCreated(path: path, reason: systemErrorText()) }
    return (file, beside)
  }

  private static func isDeviceOrPipe(_ path: String) -> Bool {
    var information = stat()
    return stat(path, &information) == 0 && ![S_IFREG, S_IFDIR].contains(information.st_mode & S_IFMT)
  }

  /// Writes all, and returns what went wrong.
  private static func write(_ pieces: [[UInt8]], to file: Int32) -> String? {
    for piece in pieces {
      var written = 0
      while written < piece.count {
        let count = piece.withUnsafeBytes { Foundation.write(file, $0.baseAddress! + written, $0.count - written) }
        if count < 0, errno == EINTR { continue }
        if count < 0 { return systemErrorText() }
        written += count
      }
    }
    return nil
  }

  /// Makes the new name last. Some file systems cannot do that for folders; the file's content is safe either way.
  private static func flushFolder(of path: String) {
    let parent = path.lastIndex(of: "/").map { path[...$0] } ?? "."
    let folder = OpenFiles.open(String(parent), O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard folder >= 0 else { return }
    fsync(folder)
    close(folder)
  }
}

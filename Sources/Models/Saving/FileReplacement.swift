internal import Foundation
internal import Synchronization

/// Writes a whole file or nothing: to a partial file beside the path first, then renamed, so that a reader sees the old
/// file or the new one, also after a crash or on a full disk.
package enum FileReplacement {
  /// Puts a file with these bytes at `path`, in place of what is there. Devices, pipes and descriptors are written to directly
  /// (``OutputPlace``); a symbolic link stays, and what it leads to is replaced.
  /// - Parameter isFlushed: whether it must last through a power failure from the moment when this returns.
  package static func write(_ pieces: [[UInt8]], to path: String, isFlushed: Bool = true) throws(FileError) {
    let place = OutputPlace(path)
    if let file = try place.open(as: path) {
      let failure = write(pieces, to: file)
      let closed = close(file) == 0
      if let failure = failure ?? (closed ? nil : systemErrorText()) { throw .notWritten(path: path, reason: failure) }
      return
    }
    guard case .file(let path) = place else { return }
    let partial = try PartialFile(of: path)
    var failure = write(pieces, to: partial.file)
    if failure == nil, isFlushed, fsync(partial.file) != 0 { failure = systemErrorText() }
    // Network file systems report some failures when a descriptor is closed; the lock stays with the other one.
    if failure == nil, close(dup(partial.file)) != 0 { failure = systemErrorText() }
    if failure == nil, rename(partial.path, path) != 0 { failure = systemErrorText() }
    if let failure {
      partial.remove()
      throw .notWritten(path: path, reason: failure)
    }
    close(partial.file)
    if isFlushed { flushFolder(of: path) }
  }

  /// Finds out whether ``write(_:to:)`` could create a file at `path`, before a long computation. Leaves nothing behind.
  package static func check(_ path: String) throws(FileError) {
    let place = OutputPlace(path)
    try place.checkIsWritable(as: path)
    if case .file(let path) = place { try PartialFile(of: path).remove() }
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
    let folder = open(PartialFile.folder(of: path), O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard folder >= 0 else { return }
    fsync(folder)
    close(folder)
  }
}

/// A file `NAME.PROCESS-NUMBER.partial` beside the one that it becomes. Its writer holds a lock on it (`flock`), which
/// the system releases when the writer dies: the next writer in the folder recognizes by it what a crash has left, and
/// removes that.
private struct PartialFile {
  let path: String
  let file: Int32

  /// Files created by this process.
  private static let count = Atomic(0)
  private static let ending = ".partial"

  /// - Throws: ``FileError/notCreated(path:reason:)``
  init(of target: String) throws(FileError) {
    if target.isEmpty { throw .notCreated(path: "\"\"", reason: "an empty name is no file's name") }
    var information = stat()
    if stat(target, &information) == 0, information.st_mode & S_IFMT == S_IFDIR {
      throw .notCreated(path: target, reason: "it is a folder; a file's name is needed")
    }
    Self.removeAbandoned(in: Self.folder(of: target))
    while true {
      // Threads of one process may write to the same path.
      let number = Self.count.add(1, ordering: .relaxed).newValue
      let path = "\(target).\(getpid())-\(number)\(Self.ending)"
      let file = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
      // A process of the same number has died here, perhaps one of another host or container.
      if file < 0, errno == EEXIST, number < 1 << 20 { continue }
      guard file >= 0 else { throw .notCreated(path: target, reason: systemErrorText()) }
      let isLocked = flock(file, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK
      // Another writer may have taken it for abandoned before it was locked.
      if isLocked, fstat(file, &information) == 0, information.st_nlink > 0 {
        (self.path, self.file) = (path, file)
        return
      }
      close(file)
    }
  }

  func remove() {
    unlink(path)
    close(file)
  }

  static func folder(of path: String) -> String { path.lastIndex(of: "/").map { String(path[...$0]) } ?? "." }

  // MARK: Crashed writers

  /// Folders that were looked through by this process.
  private static let tidied = Mutex<Set<String>>([])

  /// Removes this user's partial files whose writers are dead, once for each folder.
  private static func removeAbandoned(in folder: String) {
    guard tidied.withLock({ $0.insert(folder).inserted }) else { return }
    for name in (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? [] where isPartial(name) {
      let path = "\(folder)/\(name)"
      let file = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
      guard file >= 0 else { continue }
      defer { close(file) }
      var information = stat()
      guard fstat(file, &information) == 0, information.st_mode & S_IFMT == S_IFREG, information.st_uid == geteuid(),
        flock(file, LOCK_EX | LOCK_NB) == 0
      else { continue }
      unlink(path)
    }
  }

  /// `NAME.123-4.partial`
  private static func isPartial(_ name: String) -> Bool {
    guard name.hasSuffix(ending) else { return false }
    guard let writer = name.dropLast(ending.count).split(separator: ".", omittingEmptySubsequences: false).last else {
      return false
    }
    let numbers = writer.split(separator: "-", omittingEmptySubsequences: false)
    return numbers.count == 2 && numbers.allSatisfy { Int($0).map { $0 > 0 } ?? false }
  }
}

internal import Foundation
internal import Synchronization

/// A file `NAME.PROCESS-NUMBER.partial` in the folder of the file that it becomes. Its writer holds a lock (`flock`),
/// which the system releases when the writer exits or crashes, so the next writer in the folder recognizes abandoned
/// files and removes them. If a signal ends the writer, it removes the file itself (``PartialFileRegistry``).
struct PartialFile {
  let path: String
  let file: Int32
  private let registration: UInt

  /// Files created by this process.
  private static let count = Atomic(0)
  private static let ending = ".partial"

  /// - Parameter mode: the permissions of the file, restricted by the process's umask
  /// - Throws: ``FileError/notCreated(path:reason:)``
  init(of target: String, mode: UInt32 = 0o666) throws(FileError) {
    if target.isEmpty { throw .notCreated(path: "\"\"", reason: "the path is empty") }
    var information = stat()
    if stat(target, &information) == 0, information.st_mode & S_IFMT == S_IFDIR {
      throw .notCreated(path: target, reason: "it is a folder; give the path of a file")
    }
    Self.removeAbandoned(in: Self.folder(of: target))
    while true {
      // Threads of one process may write to the same path.
      let number = Self.count.add(1, ordering: .relaxed).newValue
      let path = "\(target).\(getpid())-\(number)\(Self.ending)"
      let file = OpenFiles.open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, mode)
      // A crashed process with the same number, perhaps of another host or container, left this file.
      if file < 0, errno == EEXIST, number < 1 << 20 { continue }
      guard file >= 0 else { throw .notCreated(path: target, reason: systemErrorText()) }
      let isLocked = flock(file, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK
      // Another writer may have removed the file as abandoned before it was locked.
      if isLocked, fstat(file, &information) == 0, information.st_nlink > 0 {
        (self.path, self.file, registration) = (path, file, PartialFileRegistry.add(path))
        return
      }
      close(file)
    }
  }

  func remove() {
    unlink(path)
    finish()
  }

  /// Closes the file, which has been renamed or removed.
  func finish() {
    PartialFileRegistry.remove(registration)
    close(file)
  }

  static func folder(of path: String) -> String { path.lastIndex(of: "/").map { String(path[...$0]) } ?? "." }

  // MARK: Crashed writers

  /// Folders from which this process has removed abandoned files.
  private static let cleanedFolders = Mutex<Set<String>>([])

  /// Removes this user's partial files whose writers no longer run, once for each folder.
  private static func removeAbandoned(in folder: String) {
    guard cleanedFolders.withLock({ $0.insert(folder).inserted }) else { return }
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

  /// Returns whether a name has the form `NAME.123-4.partial`.
  private static func isPartial(_ name: String) -> Bool {
    guard name.hasSuffix(ending) else { return false }
    guard let writer = name.dropLast(ending.count).split(separator: ".", omittingEmptySubsequences: false).last else {
      return false
    }
    let numbers = writer.split(separator: "-", omittingEmptySubsequences: false)
    return numbers.count == 2 && numbers.allSatisfy { Int($0).map { $0 > 0 } ?? false }
  }
}

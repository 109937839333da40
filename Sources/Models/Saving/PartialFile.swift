internal import Foundation
internal import Synchronization

/// A file `NAME.PROCESS-NUMBER.partial` beside the one that it becomes. Its writer holds a lock on it (`flock`), which
/// the system releases when the writer dies: the next writer in the folder recognizes by it what a crash has left, and
/// removes that.
struct PartialFile {
  let path: String
  let file: Int32

  /// Files created by this process.
  private static let count = Atomic(0)
  private static let ending = ".partial"

  /// - Parameter mode: of the file, less what the process's mask takes away
  /// - Throws: ``FileError/notCreated(path:reason:)``
  init(of target: String, mode: UInt32 = 0o666) throws(FileError) {
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
      let file = OpenFiles.open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, mode)
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

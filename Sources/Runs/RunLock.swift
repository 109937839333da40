internal import Foundation
internal import Synchronization

/// The right to write into a run's folder, or to write a model's file: one process has it at a time.
///
/// It is a lock (`flock`) on a file that says who holds it. The system releases the lock when the process ends, however
/// it does, and it is not passed on to workers. On NFS, Linux carries `flock` out as a lock of the server, so it holds
/// among hosts as well; where a file system is mounted with locks of its own host only (`nolock`, `local_lock=flock`),
/// processes of other hosts are not noticed.
package enum RunLock {
  /// Those that this process holds, by the file's whole path.
  private static let held = Mutex<Set<String>>([])

  /// Does something while this process holds the lock; within, the same lock is held already.
  /// - Parameter path: the file that is locked; it is removed at the end
  /// - Throws: ``RunError`` of the kind ``RunError/Kind/busy`` if another process holds it; what `body` throws
  package static func with<Result>(_ path: String, _ body: () throws -> Result) throws -> Result {
    let key = URL(fileURLWithPath: path).standardizedFileURL.path
    guard held.withLock({ $0.insert(key).inserted }) else { return try body() }
    defer { held.withLock { _ = $0.remove(key) } }
    let file = try acquire(path)
    defer {
      unlink(path)
      close(file)
    }
    return try body()
  }

  private static func acquire(_ path: String) throws(RunError) -> Int32 {
    for _ in 0..<1_000 {
      let file = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0o644)
      guard file >= 0 else {
        throw RunError("cannot lock \(path): \(String(cString: strerror(errno)))", kind: .notCreated)
      }
      var status = stat()
      // A file of other names would be overwritten under these as well.
      guard fstat(file, &status) == 0, status.st_mode & S_IFMT == S_IFREG, status.st_nlink <= 1 else {
        close(file)
        throw RunError("\(path) is no lock of Atelier's; remove it", kind: .damaged)
      }
      guard flock(file, LOCK_EX | LOCK_NB) == 0 else {
        let reason = errno
        defer { close(file) }
        // A file system without locks.
        guard reason == EWOULDBLOCK else {
          throw RunError("cannot lock \(path): \(String(cString: strerror(reason)))", kind: .notCreated)
        }
        throw RunError(
          "another process works on this run: \(holder(file)). Wait until it has ended, or stop it (\(path))",
          kind: .busy)
      }
      // The process that held it may have removed the file since it was opened.
      var current = stat()
      if lstat(path, &current) == 0, current.st_ino == status.st_ino, current.st_dev == status.st_dev {
        write(file)
        return file
      }
      close(file)
    }
    throw RunError("\(path) is locked and removed again and again by other processes; try again", kind: .busy)
  }

  // MARK: Who holds it

  private static func write(_ file: Int32) {
    let name = ProcessInfo.processInfo
    let text = "process \(getpid()) on host \(name.hostName), since \(Date().formatted(.iso8601))\n"
    _ = text.withCString { pwrite(file, $0, strlen($0), 0) }
    ftruncate(file, off_t(text.utf8.count))
  }

  private static func holder(_ file: Int32) -> String {
    var bytes = [UInt8](repeating: 0, count: 300)
    let count = max(pread(file, &bytes, bytes.count, 0), 0)
    let text = String(decoding: bytes[..<count], as: UTF8.self).split(separator: "\n").first ?? ""
    return text.isEmpty ? "its lock does not say which" : String(text)
  }
}

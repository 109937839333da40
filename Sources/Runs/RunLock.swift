internal import Files
internal import Foundation
internal import Synchronization

/// An exclusive lock for writing to a run's folder or a model's file.
///
/// It is an `flock` on a file that names its holder. The system releases the lock when the process ends for any reason;
/// child processes do not inherit it. On NFS, Linux implements `flock` as a lock on the server, which also excludes
/// processes of other hosts, unless the file system is mounted with local locks (`nolock`, `local_lock=flock`).
package enum RunLock {
  /// The locks that this process holds, by absolute path.
  private static let held = Mutex<Set<String>>([])

  /// Runs `body` while this process holds the lock. Nested calls for the same path succeed.
  /// - Parameter path: the lock file, which is removed at the end
  /// - Throws: ``RunError`` of the kind ``RunError/Kind/busy`` if another process holds the lock; errors of `body`
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
        throw RunError("cannot lock \(path): \(systemErrorText())", kind: .notCreated)
      }
      var status = stat()
      // Writing to a file with several links would also change the file under its other names.
      guard fstat(file, &status) == 0, status.st_mode & S_IFMT == S_IFREG, status.st_nlink <= 1 else {
        close(file)
        throw RunError("\(path) is not a lock file of Atelier; remove it", kind: .damaged)
      }
      guard flock(file, LOCK_EX | LOCK_NB) == 0 else {
        let reason = errno
        defer { close(file) }
        // Other errors: the file system does not support locks.
        guard reason == EWOULDBLOCK else {
          throw RunError("cannot lock \(path): \(systemErrorText(reason))", kind: .notCreated)
        }
        throw RunError(
          "another process is using this run: \(holder(file)). Wait until it ends, or stop it (lock file: \(path))",
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
    throw RunError("\(path) is repeatedly locked and removed by other processes; try again", kind: .busy)
  }

  // MARK: Holder

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
    return text.isEmpty ? "unknown process" : String(text)
  }
}

internal import Foundation
package import Transport

/// A coordinator's folder for ipc addresses and files for its local workers. It goes with the coordinator; what one that was killed has left
/// is removed by the next.
///
/// The mark of a living coordinator is a lock, which the system takes away with the process.
package final class ClusterFolder {
  package let path: String
  private let lock: Int32

  private static let prefix = "atelier-"
  private static let lockName = "lock"

  /// - Parameter base: nil for the folder of temporary files
  /// - Throws: ``TransportError`` if there cannot be one.
  package init(in base: String? = nil) throws(TransportError) {
    let base = base ?? ProcessInfo.processInfo.environment["TMPDIR"] ?? "/tmp"
    Self.removeAbandoned(in: base)
    func failure() -> TransportError {
      TransportError("cannot make a folder in \(base): \(String(cString: strerror(errno)))")
    }
    var name = Array("\(base)/\(Self.prefix)XXXXXX".utf8CString)
    guard mkdtemp(&name) != nil else { throw failure() }
    path = String(decoding: name.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    // Nobody sees the file before it is locked.
    let unlocked = "\(path)/unlocked"
    lock = open(unlocked, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard lock >= 0, flock(lock, LOCK_EX | LOCK_NB) == 0, rename(unlocked, "\(path)/\(Self.lockName)") == 0 else {
      throw failure()
    }
  }

  package func remove() {
    try? FileManager.default.removeItem(atPath: path)
    close(lock)
  }

  /// Removes this user's folders whose coordinator is dead.
  private static func removeAbandoned(in base: String) {
    for name in (try? FileManager.default.contentsOfDirectory(atPath: base)) ?? [] where name.hasPrefix(prefix) {
      let path = "\(base)/\(name)"
      var status = stat()
      guard lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR, status.st_uid == geteuid() else { continue }
      let lock = open("\(path)/\(lockName)", O_RDWR | O_CLOEXEC | O_NOFOLLOW)
      guard lock >= 0 else { continue }
      if flock(lock, LOCK_EX | LOCK_NB) == 0 { try? FileManager.default.removeItem(atPath: path) }
      close(lock)
    }
  }
}

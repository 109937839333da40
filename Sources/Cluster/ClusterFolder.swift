internal import Foundation
internal import Models
package import Transport

/// A coordinator's folder for ipc addresses and files for its local workers. It goes with the coordinator; what one
/// that was killed has left is removed by the next.
///
/// The mark of a living coordinator is a lock, which the system takes away with the process.
package final class ClusterFolder {
  package let path: String
  private let lock: Int32
  private var isRemoved = false

  private static let prefix = "atelier-"
  private static let lockName = "lock"

  /// - Parameter base: nil for the folder that TMPDIR names; /tmp where none is named, or none that can hold a socket
  /// - Throws: ``TransportError`` if there cannot be one.
  package init(in base: String? = nil) throws(TransportError) {
    let base = base ?? Self.base(ProcessInfo.processInfo.environment)
    Self.removeAbandoned(in: base)
    func failure() -> TransportError {
      TransportError(
        "cannot make a folder in \(base): \(String(cString: strerror(errno))); TMPDIR names another folder to use")
    }
    var name = Array("\(base)/\(Self.prefix)XXXXXX".utf8CString)
    guard mkdtemp(&name) != nil else { throw failure() }
    path = String(decoding: name.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    // Nobody sees the file before it is locked.
    let unlocked = "\(path)/unlocked"
    lock = OpenFiles.open(unlocked, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard lock >= 0, flock(lock, LOCK_EX | LOCK_NB) == 0, rename(unlocked, "\(path)/\(Self.lockName)") == 0 else {
      let error = failure()
      try? FileManager.default.removeItem(atPath: path)
      throw error
    }
  }

  deinit { remove() }

  package func remove() {
    guard !isRemoved else { return }
    isRemoved = true
    try? FileManager.default.removeItem(atPath: path)
    close(lock)
  }

  /// Where such a folder is made.
  package static func base(_ environment: [String: String]) -> String {
    guard let named = environment["TMPDIR"], isFit(named) else { return "/tmp" }
    return named
  }

  /// Bytes of a socket's address (`sun_path` of unix(7)), less the name of this folder and the longest name in it.
  private static let maxBaseLength = 107 - "/atelier-XXXXXX".utf8.count - "/coordinator-exchange-4194304".utf8.count

  /// Whether sockets can be in a folder there. libzmq takes what is before a semicolon for another address.
  private static func isFit(_ base: String) -> Bool {
    base.utf8.count <= maxBaseLength && base.hasPrefix("/") && (try? Endpoint("ipc://\(base)/x")) != nil
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

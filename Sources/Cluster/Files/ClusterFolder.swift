internal import Files
internal import Foundation
package import Transport

/// A coordinator's folder for ipc sockets and for files that its local workers read. The folder is removed with the
/// coordinator; the folder of a killed coordinator is removed by the next one.
///
/// A lock, which the system releases when the process ends, marks the folder of a running coordinator.
package final class ClusterFolder {
  package let path: String
  private let lock: Int32
  private var isRemoved = false

  private static let prefix = "atelier-"
  private static let lockName = "lock"

  /// - Parameter base: The folder in which to make it; nil for TMPDIR, or /tmp if TMPDIR is not set or cannot contain
  ///   sockets.
  /// - Throws: ``TransportError`` if the folder cannot be made.
  package init(in base: String? = nil) throws(TransportError) {
    let base = base ?? Self.base(ProcessInfo.processInfo.environment)
    Self.removeAbandoned(in: base)
    func failure() -> TransportError {
      TransportError(
        "cannot make a folder in \(base): \(systemErrorText()); set TMPDIR to another folder")
    }
    var name = Array("\(base)/\(Self.prefix)XXXXXX".utf8CString)
    guard mkdtemp(&name) != nil else { throw failure() }
    path = String(decoding: name.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    // The file gets its name when it is locked.
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

  /// Returns the folder in which coordinators make their folders.
  package static func base(_ environment: [String: String]) -> String {
    guard let named = environment["TMPDIR"], isFit(named) else { return "/tmp" }
    return named
  }

  /// The maximum length of the base folder in bytes: that of a socket's address (`sun_path` in unix(7)) without the
  /// name of this folder and the longest name in it.
  private static let maxBaseLength = 107 - "/atelier-XXXXXX".utf8.count - "/coordinator-exchange-4194304".utf8.count

  /// Whether sockets can be made in this folder. libzmq treats a semicolon as the separator of addresses.
  private static func isFit(_ base: String) -> Bool {
    base.utf8.count <= maxBaseLength && base.hasPrefix("/") && (try? Endpoint("ipc://\(base)/x")) != nil
  }

  /// Removes this user's folders whose coordinator no longer runs.
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

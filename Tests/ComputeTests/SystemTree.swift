import Foundation

/// A folder that stands for the root of a file system.
enum SystemTree {
  /// Calls `body` with a root that contains these files, and then removes it.
  /// - Parameter files: contents by path from the root
  static func with<Result>(_ files: [String: String], _ body: (_ root: String) throws -> Result) throws -> Result {
    let root = NSTemporaryDirectory() + "atelier-test-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: root) }
    for (path, text) in files {
      let file = URL(fileURLWithPath: root + path)
      try FileManager.default.createDirectory(
        at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
      try Data(text.utf8).write(to: file)
    }
    return try body(root)
  }

  static let unifiedMount = "31 24 0:27 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate\n"
}

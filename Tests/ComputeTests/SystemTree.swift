import Foundation

/// A folder that stands for the root of a file system, removed with it.
final class SystemTree {
  let root: String

  /// - Parameter files: by path from the root
  init(_ files: [String: String]) throws {
    root = NSTemporaryDirectory() + "atelier-test-\(UUID().uuidString)"
    for (path, text) in files {
      let file = URL(fileURLWithPath: root + path)
      try FileManager.default.createDirectory(
        at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
      try Data(text.utf8).write(to: file)
    }
  }

  deinit { try? FileManager.default.removeItem(atPath: root) }

  static let unifiedMount = "31 24 0:27 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate\n"
}

internal import CLinux
internal import Files
internal import Foundation
internal import Transport

/// The SHA-256 of this host's program and libraries, kept in the user's cache: computing them takes about a second. A
/// file is recognized by its inode, its size, and the time of its last change, which only the system sets.
struct DigestCache {
  private var lines: [Substring]
  private var isChanged = false

  private static let maxLines = 256
  private static let path = UserFolders.cache().map { "\($0)/atelier/programs.sha256" }

  init() {
    let text = Self.path.flatMap { try? String(contentsOfFile: $0, encoding: .utf8) } ?? ""
    lines = text.split(separator: "\n").suffix(Self.maxLines)
  }

  private static func key(_ status: stat) -> String {
    let changed = "\(status.st_ctim.tv_sec).\(status.st_ctim.tv_nsec)"
    return " \(status.st_dev) \(status.st_ino) \(status.st_size) \(changed)"
  }

  func digest(of status: stat) -> String? {
    let key = Self.key(status)
    guard let line = lines.last(where: { $0.hasSuffix(key) }) else { return nil }
    let digest = line.dropLast(key.count)
    return digest.count == 64 && digest.allSatisfy(\.isHexDigit) ? String(digest) : nil
  }

  mutating func add(_ digest: String, of status: stat) {
    lines.append("\(digest)\(Self.key(status))")
    isChanged = true
  }

  /// Writes the file. Without it, the digests are computed again.
  mutating func save() {
    guard isChanged, let path = Self.path else { return }
    isChanged = false
    try? FileManager.default.createDirectory(
      atPath: (path as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
    let text = lines.suffix(Self.maxLines).joined(separator: "\n") + "\n"
    try? FileReplacement.write([Array(text.utf8)], to: path, isFlushed: false, mode: 0o600)
  }
}

internal import Files
internal import Foundation
internal import Text

/// The place of a data set: a folder, or a file such as a table or an archive.
package struct DatasetLocation: Sendable {
  package let path: String
  /// The names in the folder, sorted by their bytes, without hidden ones; nil for a file.
  package let entries: [FileName]?
  /// The first 512 bytes of the file, or fewer if it is shorter; empty for a folder.
  package let start: [UInt8]
  /// The files that a pattern such as `train-{000..003}.tar` names; empty for other places.
  let shards: [FileName]

  /// - Returns: nil if there is no file or folder with this path
  /// - Throws: ``DatasetError/missing(path:reason:)`` if it cannot be read.
  init?(_ path: String) throws(DatasetError) {
    let name = FileName(path)
    self.path = path
    guard name.exists else {
      shards = try NamePattern.expanded(path).map { FileName($0) }
      guard let first = shards.first else { return nil }
      guard Set(shards).count == shards.count else { throw .inconsistent(path: path, reason: "names a file twice") }
      for shard in shards where !shard.exists { throw .missing(path: shard.shown, reason: "there is no such file") }
      (entries, start) = (nil, try InputFile(first).start(512))
      return
    }
    shards = []
    if name.isFolder {
      guard let entries = name.entries else {
        throw .missing(path: path, reason: "cannot be read: \(systemErrorText())")
      }
      (self.entries, start) = (entries, [])
    } else {
      (entries, start) = (nil, try InputFile(name).start(512))
    }
  }

  /// The last part of the absolute path: the name of the data set, if its files do not name it.
  package var name: String { URL(fileURLWithPath: path).lastPathComponent }

  /// The ``name`` of a file without its ending: `pets` for `pets.tar.gz`.
  var stem: String {
    let parts = name.split(separator: ".", omittingEmptySubsequences: false)
    guard entries == nil, parts.count > 1, !parts[0].isEmpty else { return name }
    let isCompressed = parts.count > 2 && ["gz", "bz2", "xz", "zst"].contains(parts.last!.lowercased())
    return parts.dropLast(isCompressed ? 2 : 1).joined(separator: ".")
  }

  /// A clause for errors: `it holds a.txt, b.txt, c.txt and 2 more`.
  var content: String {
    guard let entries else { return start.isEmpty ? "the file is empty" : "it is a file" }
    if entries.isEmpty { return "the folder is empty" }
    return "it holds \(entries.map(\.shown).listed(atMost: 3))"
  }
}

/// Names with numbers or alternatives in braces, as in shells: `train-{000..003}.tar`, `{a,b}.tar`.
enum NamePattern {
  private static let limit = 100_000

  /// Returns the names that a pattern stands for; none if there are no braces.
  /// - Throws: ``DatasetError/damaged(path:reason:)`` if there are too many.
  static func expanded(_ pattern: String) throws(DatasetError) -> [String] {
    guard let names = try expand(pattern[...], pattern), names != [pattern] else { return [] }
    return names
  }

  private static func expand(_ rest: Substring, _ pattern: String) throws(DatasetError) -> [String]? {
    guard let open = rest.firstIndex(of: "{"), let close = rest[open...].firstIndex(of: "}") else {
      return [String(rest)]
    }
    let content = rest[rest.index(after: open)..<close]
    guard let ends = try expand(rest[rest.index(after: close)...], pattern),
      let middles = try numbers(content, pattern) ?? words(content)
    else { return nil }
    guard middles.count * ends.count <= limit else { throw tooMany(pattern) }
    return middles.flatMap { middle in ends.map { rest[..<open] + middle + $0 } }
  }

  private static func words(_ content: Substring) -> [String]? {
    content.contains(",") ? content.split(separator: ",", omittingEmptySubsequences: false).map(String.init) : nil
  }

  /// Returns the numbers of a range such as `000..003`, with as many digits as the first one.
  private static func numbers(_ content: Substring, _ pattern: String) throws(DatasetError) -> [String]? {
    let ends = content.split(separator: ".", omittingEmptySubsequences: false)
    guard ends.count == 3, ends[1].isEmpty, let first = UInt32(ends[0]), let last = UInt32(ends[2]), first <= last
    else { return nil }
    guard last - first < limit else { throw tooMany(pattern) }
    return (first...last).map { number in
      let digits = "\(number)"
      return String(repeating: "0", count: max(0, ends[0].count - digits.count)) + digits
    }
  }

  private static func tooMany(_ pattern: String) -> DatasetError {
    .damaged(path: pattern, reason: "stands for more than \(limit) files, the maximum")
  }
}

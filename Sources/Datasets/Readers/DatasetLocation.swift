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

  /// - Returns: nil if there is no file or folder with this path
  /// - Throws: ``DatasetError/missing(path:reason:)`` if it cannot be read.
  init?(_ path: String) throws(DatasetError) {
    let name = FileName(path)
    guard name.exists else { return nil }
    self.path = path
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

  /// Whether the place is a folder with a subfolder of this name.
  func hasFolder(_ name: String) -> Bool { (FileName(path) / FileName(name)).isFolder }

  /// A clause for errors: `it holds a.txt, b.txt, c.txt and 2 more`.
  var content: String {
    guard let entries else { return "it is a file" }
    if entries.isEmpty { return "the folder is empty" }
    return "it holds \(entries.map(\.shown).listed(atMost: 3))"
  }
}

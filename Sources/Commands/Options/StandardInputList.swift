internal import Datasets
internal import Files
internal import Foundation

/// A list of labeled images from standard input (`--data -`), as a file that a reader of lists reads. Paths are
/// relative to the current folder. Names without labels have the names of their folders as labels.
struct StandardInputList {
  let path: String
  private let folder: String

  /// - Throws: ``DatasetError`` if the list is damaged or cannot be stored.
  init() throws(DatasetError) {
    folder = NSTemporaryDirectory() + "atelier-\(UUID().uuidString)"
    path = folder + "/standard-input.csv"
    let text = try Self.table(Array(FileHandle.standardInput.readDataToEndOfFile()))
    do {
      try FileManager.default.createDirectory(
        atPath: folder, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
      try FileReplacement.write([text], to: path, isFlushed: false)
    } catch { throw .missing(path: "standard input", reason: "cannot be stored in \(folder): \(error)") }
  }

  func remove() { try? FileManager.default.removeItem(atPath: folder) }

  private static func table(_ text: [UInt8]) throws(DatasetError) -> [UInt8] {
    let first = text.prefix { $0 != UInt8(ascii: "\n") && $0 != 0 }
    if !text.contains(0), first.contains(where: { ",;\t".utf8.contains($0) }) { return text }
    let lines = try ImageNames.names(in: text, path: "standard input").map { name in
      Prediction.line([name.bytes, name.folder?.last.bytes ?? []])
    }
    return Array("path,label\n".utf8) + lines.joined()
  }
}

internal import Datasets
internal import Foundation

/// A list of labeled images from standard input (`--data -`). Paths are relative to the current folder. Names without
/// labels have the names of their folders as labels. A first line that is the name of a file is not a line of a table,
/// whatever separators it contains.
enum StandardInputList {
  static let name = "standard input"

  /// Reads standard input.
  /// - Returns: the list as the text of a table
  /// - Throws: ``DatasetError`` if a line has no name, or there are none
  static func read() throws(DatasetError) -> [UInt8] {
    let text = Array(FileHandle.standardInput.readDataToEndOfFile())
    let first = text.prefix { $0 != UInt8(ascii: "\n") && $0 != 0 }
    let isTable = !text.contains(0) && first.contains { ",;\t".utf8.contains($0) }
    if isTable, !ImageNames.beginsWithFile(text) { return text }
    let lines = try ImageNames.names(in: text, path: name).map { name in
      Prediction.line([name.bytes, name.folder?.last.bytes ?? []])
    }
    return Array("path,label\n".utf8) + lines.joined()
  }
}

/// Names of files in a text: separated by NUL bytes, or one on each line, or in a column of a table, such as `path`.
/// Names are bytes of any encoding.
package enum ImageNames {
  /// - Parameter path: the name of the text in errors
  /// - Throws: ``DatasetError/damaged(path:reason:)`` if a line of a table has no name, or a quote does not end
  package static func names(in text: [UInt8], path: String) throws(DatasetError) -> [FileName] {
    if text.contains(0) { return text.split(separator: 0).map { FileName(Array($0)) } }
    var records = DelimitedRecords(text, path: path)
    // The first line of a list without a header can be any name.
    guard let header = try? records.next(), let column = column(header) else { return lines(of: text) }
    var names: [FileName] = []
    while let fields = try records.next() {
      guard fields.indices.contains(column), !fields[column].isEmpty else {
        throw .damaged(path: path, reason: "line \(records.line) has no name of an image")
      }
      names.append(FileName(fields[column]))
    }
    return names
  }

  private static func lines(of text: [UInt8]) -> [FileName] {
    let text = text.starts(with: [0xef, 0xbb, 0xbf]) ? text.dropFirst(3) : text[...]
    return text.split(separator: UInt8(ascii: "\n")).map { $0.last == UInt8(ascii: "\r") ? $0.dropLast() : $0 }
      .filter { !$0.isEmpty }.map { FileName(Array($0)) }
  }

  /// Returns the place of the column with names; nil if this is not the header of a table.
  private static func column(_ header: [[UInt8]]) -> Int? {
    let names = header.map { String(decoding: $0, as: UTF8.self).lowercased() }
    guard names.count > 1 || names == ["path"] else { return nil }
    return names.firstIndex(where: ListColumns.paths.contains)
  }
}

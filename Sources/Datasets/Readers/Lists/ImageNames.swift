/// Names of files in a text: separated by NUL bytes, or one on each line, or in a column of a table. Names are bytes of
/// any encoding, and may contain commas.
///
/// A table has a header with the name of a column of paths, or a first line that names no file, but has a field that
/// does.
package enum ImageNames {
  /// - Parameters:
  ///   - folder: the folder to which the names are relative; nil for the current one
  ///   - path: the name of the text in errors
  /// - Throws: ``DatasetError/damaged(path:reason:)`` if a line of a table has no name, or a quote does not end;
  ///   ``DatasetError/missing(path:reason:)`` if there are no names
  package static func names(
    in text: [UInt8], relativeTo folder: FileName? = nil, path: String
  ) throws(DatasetError) -> [FileName] {
    let names = try tableNames(in: text, folder, path) ?? lines(of: text)
    guard !names.isEmpty else { throw .missing(path: path, reason: "names no images") }
    return names
  }

  /// Whether the first line of a text is a name of a file, and not that of a table.
  package static func beginsWithFile(_ text: [UInt8], relativeTo folder: FileName? = nil) -> Bool {
    lines(of: text).first.map { appending($0, to: folder).exists } ?? false
  }

  /// - Returns: nil if the text is no table
  private static func tableNames(
    in text: [UInt8], _ folder: FileName?, _ path: String
  ) throws(DatasetError) -> [FileName]? {
    var records = DelimitedRecords(text, path: path)
    // The first line of a list without a header can be any name.
    guard !text.contains(0), let first = try? records.next() else { return nil }
    let header = headerColumn(first)
    let isTable = header != nil || first.count > 1 && !beginsWithFile(text, relativeTo: folder)
    guard isTable, let column = header ?? first.firstIndex(where: { isFile($0, folder) }) else { return nil }
    var names = header == nil ? [FileName(first[column])] : []
    while let fields = try records.next() {
      guard fields.indices.contains(column), !fields[column].isEmpty else {
        throw .damaged(path: path, reason: "line \(records.line) has no name of an image")
      }
      names.append(FileName(fields[column]))
    }
    return names
  }

  /// Whether a field is the path of a file. The name of a class can be that of a folder.
  private static func isFile(_ field: [UInt8], _ folder: FileName?) -> Bool {
    let file = appending(FileName(field), to: folder)
    return !field.isEmpty && file.exists && !file.isFolder
  }

  private static func appending(_ name: FileName, to folder: FileName?) -> FileName { folder?.appending(name) ?? name }

  /// Returns the names that NUL bytes separate, or else line ends.
  private static func lines(of text: [UInt8]) -> [FileName] {
    if text.contains(0) { return text.split(separator: 0).map { FileName(Array($0)) } }
    let text = text.starts(with: [0xef, 0xbb, 0xbf]) ? text.dropFirst(3) : text[...]
    return text.split(separator: UInt8(ascii: "\n")).map { $0.last == UInt8(ascii: "\r") ? $0.dropLast() : $0 }
      .filter { !$0.isEmpty }.map { FileName(Array($0)) }
  }

  /// Returns the place of the column with names; nil if this is not the header of a table. A record that has the ending
  /// of an image is none.
  private static func headerColumn(_ record: [[UInt8]]) -> Int? {
    let names = record.map { String(decoding: $0, as: UTF8.self).lowercased() }
    guard names.count > 1 || names == ["path"],
      !record.contains(where: { FileName($0).hasEnding(ImageDecoders.all.endings) })
    else { return nil }
    return names.firstIndex(where: ListColumns.paths.contains)
  }
}

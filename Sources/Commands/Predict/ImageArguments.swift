internal import Datasets
internal import Foundation

/// The image files that arguments stand for: files, the images of folders, the names in lists, and names from standard
/// input.
struct ImageArguments {
  static let listEndings = ["txt", "csv", "tsv"]

  private(set) var files: [FileName] = []
  /// Arguments that cannot be read.
  private(set) var failures: [DatasetError] = []
  /// The number of files in folders that are not images.
  private(set) var skipped = 0

  private static let longestList = 1 << 30

  init(_ arguments: [String]) {
    for argument in arguments {
      do throws(DatasetError) { try add(argument) } catch { failures.append(error) }
    }
  }

  private mutating func add(_ argument: String) throws(DatasetError) {
    let list = FileName(argument)
    if argument == "-" {
      for name in ImageNames.names(in: Array(FileHandle.standardInput.readDataToEndOfFile())) { add(name) }
    } else if list.hasEnding(Self.listEndings), !list.isFolder {
      for name in ImageNames.names(in: try list.contents(limit: Self.longestList)) {
        add(list.folder.map { $0.appending(name) } ?? name)
      }
    } else {
      add(list)
    }
  }

  /// Adds a file, or the images of a folder.
  private mutating func add(_ name: FileName) {
    guard name.isFolder else { return files.append(name) }
    do throws(DatasetError) {
      let found = try ImageFolder.images(below: name)
      guard !found.files.isEmpty else { throw .missing(path: name.shown, reason: "is a folder without images") }
      files += found.files
      skipped += found.skipped
    } catch { failures.append(error) }
  }
}

/// Names of files in a text: separated by NUL bytes, or one on each line, or in a column of a table, such as `path`.
/// Names are bytes of any encoding.
enum ImageNames {
  static func names(in text: [UInt8]) -> [FileName] {
    if text.contains(0) { return text.split(separator: 0).map { FileName(Array($0)) } }
    let text = text.starts(with: [0xef, 0xbb, 0xbf]) ? text.dropFirst(3) : text[...]
    let lines = text.split(separator: UInt8(ascii: "\n")).map { $0.last == UInt8(ascii: "\r") ? $0.dropLast() : $0 }
      .filter { !$0.isEmpty }
    guard let header = lines.first, let (separator, column) = column(header) else {
      return lines.map { FileName(Array($0)) }
    }
    return lines.dropFirst().compactMap { line in
      let fields = fields(line, separator)
      return fields.indices.contains(column) && !fields[column].isEmpty ? FileName(fields[column]) : nil
    }
  }

  /// Returns the separator of a table and the place of its column with names; nil if this is not the header of a table.
  private static func column(_ line: ArraySlice<UInt8>) -> (separator: UInt8, place: Int)? {
    for separator in [",", ";", "\t"].map({ $0.utf8.first! }) {
      let names = fields(line, separator).map { String(decoding: $0, as: UTF8.self).lowercased() }
      if let place = names.firstIndex(where: ListColumns.paths.contains), names.count > 1 || names == ["path"] {
        return (separator, place)
      }
    }
    return nil
  }

  /// Divides a line into fields, which may be in quotes (RFC 4180).
  private static func fields(_ line: ArraySlice<UInt8>, _ separator: UInt8) -> [[UInt8]] {
    let quote = UInt8(ascii: "\"")
    var fields: [[UInt8]] = [[]]
    var (isQuoted, place) = (false, line.startIndex)
    while place < line.endIndex {
      let byte = line[place]
      let isPair = byte == quote && isQuoted && line.dropFirst(place + 1 - line.startIndex).first == quote
      if isPair {
        // Two quotes within quotes are one.
        fields[fields.count - 1].append(quote)
        place += 1
      } else if byte == quote, isQuoted || fields[fields.count - 1].isEmpty {
        isQuoted.toggle()
      } else if byte == separator, !isQuoted {
        fields.append([])
      } else {
        fields[fields.count - 1].append(byte)
      }
      place += 1
    }
    return fields
  }
}

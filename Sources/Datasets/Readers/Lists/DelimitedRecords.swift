/// Reads the records of a text file: fields separated by commas, semicolons or tabs, which can be in quotes and then
/// contain separators and line ends; two quotes stand for one (RFC 4180). Empty lines are skipped. The file may be
/// gzipped.
struct DelimitedRecords {
  private enum Limits {
    static let record = 1 << 20
    static let fields = 1000
  }

  /// nil: the text is in memory.
  private let source: ByteSource?
  private let path: String
  private var chunk: [UInt8] = []
  private var place = 0
  /// The separator; nil before the first record.
  private var separator: UInt8?
  /// The number of the line at which the last record begins, from 1.
  private(set) var line = 0
  private var nextLine = 1

  private static let quote = UInt8(ascii: "\"")
  private static let lineFeed = UInt8(ascii: "\n")

  /// - Throws: ``DatasetError/missing(path:reason:)``
  init(_ file: FileName) throws(DatasetError) {
    (source, path) = (try ByteSource(path: file), file.shown)
    try refill()
    begin()
  }

  /// - Parameter path: the name of the text in errors
  init(_ text: [UInt8], path: String) {
    (source, chunk, self.path) = (nil, text, path)
    begin()
  }

  private mutating func begin() {
    if chunk.starts(with: [0xef, 0xbb, 0xbf]) { place = 3 }
    // The separator that is the most frequent one in the first line.
    let first = chunk[place...].drop { $0 == Self.lineFeed || $0 == 0x0d }.prefix { $0 != Self.lineFeed }
    separator = Array(",;\t".utf8).max { one, other in first.count { $0 == one } < first.count { $0 == other } }
  }

  /// Returns the fields of the next record; nil at the end of the file.
  /// - Throws: ``DatasetError``, also if a quote does not end, or follows other characters.
  mutating func next() throws(DatasetError) -> [[UInt8]]? {
    while true {
      let fields = try record()
      guard let fields else { return nil }
      if fields != [[]] { return fields }
    }
  }

  private mutating func record() throws(DatasetError) -> [[UInt8]]? {
    line = nextLine
    var (fields, field, size): ([[UInt8]], [UInt8], Int) = ([], [], 0)
    var (isQuoted, wasQuoted, isEmpty) = (false, false, true)
    while let byte = try nextByte() {
      isEmpty = false
      size += 1
      guard size <= Limits.record, fields.count < Limits.fields else {
        throw .damaged(
          path: path, reason: "line \(line) is longer than \(Limits.record >> 10) KiB or \(Limits.fields) columns")
      }
      switch byte {
      case Self.quote where isQuoted:
        if try peek() == Self.quote {
          place += 1
          field.append(byte)
        } else {
          isQuoted = false
        }
      case _ where isQuoted:
        if byte == Self.lineFeed { nextLine += 1 }
        field.append(byte)
      case Self.quote where !wasQuoted && field.allSatisfy { $0 == 0x20 }:
        (field, isQuoted, wasQuoted) = ([], true, true)
      case separator:
        fields.append(field.trimmed(wasQuoted))
        (field, wasQuoted) = ([], false)
      case Self.lineFeed:
        nextLine += 1
        return fields + [field.trimmed(wasQuoted)]
      default:
        if wasQuoted, byte == 0x20 || byte == 0x0d { continue }
        guard !wasQuoted else {
          throw .damaged(path: path, reason: "line \(line) has characters after a closing quote")
        }
        field.append(byte)
      }
    }
    guard !isQuoted else { throw .damaged(path: path, reason: "line \(line) has a quote that does not end") }
    return isEmpty ? nil : fields + [field.trimmed(wasQuoted)]
  }

  private mutating func nextByte() throws(DatasetError) -> UInt8? {
    guard let byte = try peek() else { return nil }
    place += 1
    return byte
  }

  private mutating func peek() throws(DatasetError) -> UInt8? {
    if place == chunk.count { try refill() }
    return place < chunk.count ? chunk[place] : nil
  }

  private mutating func refill() throws(DatasetError) {
    (chunk, place) = (try source?.read(atMost: 1 << 16) ?? [], 0)
  }
}

extension [UInt8] {
  /// The field without spaces around it, unless it was in quotes.
  fileprivate func trimmed(_ wasQuoted: Bool) -> [UInt8] {
    if wasQuoted { return self }
    let start = drop { $0 == 0x20 || $0 == 0x09 }
    let end = start.lastIndex { $0 != 0x20 && $0 != 0x09 && $0 != 0x0d }
    return Array(start[..<(end.map { $0 + 1 } ?? start.startIndex)])
  }
}

/// The names of columns in lists of images, in lower case.
enum ListColumns {
  static let paths = [
    "path", "paths", "file", "filename", "file_name", "filepath", "file_path", "image", "image_path", "img_path",
    "image_name",
  ]
}

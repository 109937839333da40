internal import Foundation
internal import Text

/// Tables with the path and the label of each image, and perhaps its part of the data set: `path,label,split`.
struct PathListReader: DatasetReader {
  /// The formats of the images.
  var decoders = ImageDecoders.all

  let name = "lists of images"
  let summary =
    "each line holds the path of an image, relative to the list's folder, its label, and perhaps its split (train, val "
    + "or test), with or without a header; two lists with train and test in their names, or one."
  let options: Set<DatasetOptions.Name> = [.label]
  let files = ["*.csv", "*.tsv"]

  private static let endings = ["csv", "tsv", "csv.gz", "tsv.gz"]
  private static let partColumns = ["split", "set", "subset", "partition"]

  /// Whether there are lists; but beside class folders, a table of files without labels is not one.
  func recognizes(_ location: DatasetLocation) -> Bool {
    let lists = lists(at: location)
    return !lists.isEmpty
      && (lists.contains(where: hasLabels) || !ClassFolderReader(decoders: decoders).recognizes(location))
  }

  private func hasLabels(_ list: FileName) -> Bool {
    guard var records = try? DelimitedRecords(list), let first = try? records.next() else { return false }
    return (try? columns(first, nil, list.shown)) != nil
  }

  /// Returns the tables of paths at a place: the file, or those in a folder.
  func lists(at location: DatasetLocation) -> [FileName] {
    let folder = FileName(location.path)
    let tables = location.entries.map { $0.map { folder / $0 } } ?? [folder]
    return tables.filter { table in
      guard table.hasEnding(Self.endings), var records = try? DelimitedRecords(table),
        let first = try? records.next(), first.count >= 2
      else { return false }
      return pathColumn(first) != nil
    }
  }

  func inputs(of location: DatasetLocation, options: DatasetOptions) throws(DatasetError) -> [FileName]? {
    let lists = lists(at: location)
    var images: [FileName] = []
    for list in lists {
      let folder = list.folder ?? FileName(".")
      images += try entries(of: list, options.labelColumn, nil).map { folder.appending($0.name) }
    }
    return lists + images
  }

  func read(_ location: DatasetLocation, options: DatasetOptions) throws(DatasetError) -> Dataset {
    let lists = lists(at: location)
    let parts = lists.count == 1 ? [nil] : lists.map { DatasetPart(namedIn: $0.last) }
    guard lists.count == 1 || !parts.contains(nil) else {
      throw .inconsistent(
        path: location.path,
        reason: "holds \(lists.count) lists of images; expected one, or several with train and test in their names, "
          + "for example train.csv and test.csv")
    }
    var entries: [LabeledFileList.Entry] = []
    for (list, part) in zip(lists, parts) { entries += try self.entries(of: list, options.labelColumn, part) }
    let root = lists[0].folder ?? FileName(".")
    return try LabeledFileList(entries: entries, origin: .lists, path: location.path).dataset(
      location.stem, FolderTree(root: root), options, decoders, notes: [])
  }

  /// Reads a list in memory. Paths are relative to the current folder. An evaluation uses all images, whatever their
  /// parts.
  /// - Parameter name: of the data set, also for errors
  func read(list text: [UInt8], named name: String, options: DatasetOptions) throws(DatasetError) -> Dataset {
    var entries = try self.entries(of: DelimitedRecords(text, path: name), name, options.labelColumn, nil)
    if options.isForEvaluation {
      entries = entries.map { LabeledFileList.Entry(name: $0.name, label: $0.label, part: .test) }
    }
    return try LabeledFileList(entries: entries, origin: .lists, path: name).dataset(
      name, FolderTree(root: FileName(".")), options, decoders, notes: [])
  }

  private struct Columns {
    let path: Int
    let label: Int
    let part: Int?
    let isHeader: Bool
  }

  /// Returns the column of the paths, and whether the record is a header: a name of such a column, or the first field
  /// that is the path of an image.
  private func pathColumn(_ record: [[UInt8]]) -> (column: Int, isHeader: Bool)? {
    if let column = record.firstIndex(where: { FileName($0).hasEnding(decoders.endings) }) { return (column, false) }
    let names = record.map { String(decoding: $0, as: UTF8.self).lowercased() }
    return names.firstIndex(where: ListColumns.paths.contains).map { ($0, true) }
  }

  /// Finds the columns by the first record. Without a header, the label is the first other column, and the part the
  /// next one.
  private func columns(_ record: [[UInt8]], _ labelColumn: String?, _ list: String) throws(DatasetError) -> Columns {
    guard let path = pathColumn(record) else {
      throw .damaged(
        path: list, reason: "has no column with paths; expected the name \(ListColumns.paths.alternatives)")
    }
    let names = record.map { String(decoding: $0, as: UTF8.self).lowercased() }
    let others = record.indices.filter { $0 != path.column }
    func named(_ expected: [String]) -> Int? { others.first { expected.contains(names[$0]) } }
    let label: Int? =
      switch labelColumn {
      case "first": others.first
      case "last": others.last
      case let name?: path.isHeader ? named([name.lowercased()]) : nil
      case nil: path.isHeader ? named(PixelTable.labelColumns) : others.first
      }
    guard let label else {
      let expected = labelColumn.map { "'\($0)'" } ?? PixelTable.labelColumns.alternatives
      throw .inconsistent(path: list, reason: "has no column with labels; expected the name \(expected)")
    }
    let part = path.isHeader ? named(Self.partColumns) : others.first { $0 != label }
    return Columns(path: path.column, label: label, part: part, isHeader: path.isHeader)
  }

  /// Returns the lines of a list.
  /// - Parameter part: that of lines without a column for it
  private func entries(
    of list: FileName, _ labelColumn: String?, _ part: DatasetPart?
  ) throws(DatasetError) -> [LabeledFileList.Entry] {
    try entries(of: try DelimitedRecords(list), list.shown, labelColumn, part)
  }

  private func entries(
    of records: DelimitedRecords, _ list: String, _ labelColumn: String?, _ part: DatasetPart?
  ) throws(DatasetError) -> [LabeledFileList.Entry] {
    var records = records
    guard let first = try records.next() else { throw .damaged(path: list, reason: "is empty") }
    let columns = try columns(first, labelColumn, list)
    var entries: [LabeledFileList.Entry] = []
    var record = columns.isHeader ? try records.next() : first
    while let fields = record {
      guard fields.count == first.count else {
        throw .damaged(
          path: list,
          reason: "line \(records.line) has \(counted(fields.count, "column")), but the first line has \(first.count)")
      }
      let label = String(validating: fields[columns.label], as: UTF8.self)?.precomposedStringWithCanonicalMapping
      guard let label, !label.isEmpty, !label.hasControlCharacters else {
        throw .damaged(path: list, reason: "line \(records.line) has no label, or one that is not text in UTF-8")
      }
      guard !fields[columns.path].isEmpty, !fields[columns.path].contains(0) else {
        throw .damaged(path: list, reason: "line \(records.line) has no path of an image")
      }
      entries.append(
        LabeledFileList.Entry(
          name: FileName(fields[columns.path]), label: label,
          part: try columns.part.map { column throws(DatasetError) in
            try Self.part(fields[column], list, records.line)
          } ?? part))
      try DatasetLimits.checkCount(entries.count, of: "images", list)
      record = try records.next()
    }
    return entries
  }

  private static func part(_ field: [UInt8], _ list: String, _ line: Int) throws(DatasetError) -> DatasetPart {
    let word = String(decoding: field, as: UTF8.self)
    if let part = DatasetPart(word) { return part }
    throw .damaged(
      path: list, reason: "line \(line): '\(word)' is not a part of a data set; expected train, val or test")
  }
}

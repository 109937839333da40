internal import Text

/// Tables of pixels: a line for each image, with its label and its pixels. See ``PixelTable``.
struct PixelTableReader: DatasetReader {
  let name = "tables of pixels"
  let summary =
    "each line holds the label and the pixels of one image (label,pixel0,…), with or without a header; two tables with "
    + "train and test in their names, or one."
  let options: Set<DatasetOptions.Name> = [.label]
  let files = ["*.csv"]

  private static let endings = ["csv", "tsv", "csv.gz", "tsv.gz"]

  func recognizes(_ location: DatasetLocation) -> Bool { !Self.tables(location).isEmpty }

  private static func tables(_ location: DatasetLocation) -> [FileName] {
    guard let entries = location.entries else {
      return [FileName(location.path)].filter { $0.hasEnding(endings) }
    }
    return entries.filter { $0.hasEnding(endings) }.map { FileName(location.path) / $0 }
  }

  func read(_ location: DatasetLocation, options: DatasetOptions) throws(DatasetError) -> Dataset {
    let tables = Self.tables(location)
    var dataset = try dataset(of: tables, location, options)
    dataset.noteTransposition(in: tables[0].last.shown, options)
    return dataset
  }

  private func dataset(
    of tables: [FileName], _ location: DatasetLocation, _ options: DatasetOptions
  ) throws(DatasetError) -> Dataset {
    func named(_ part: String) -> [FileName] {
      tables.filter { $0.bytes.split(separator: UInt8(ascii: "/")).last.map { contains($0, part) } ?? false }
    }
    let (trainTables, testTables) = (named("train"), named("test"))
    if tables.count > 1, trainTables.count == 1, testTables.count == 1, trainTables != testTables {
      let train = try PixelTable(trainTables[0], options.labelColumn)
      let test = try PixelTable(testTables[0], options.labelColumn)
      guard train.shape == test.shape else {
        throw .inconsistent(
          path: testTables[0].shown,
          reason: "holds images of \(test.shape), but \(trainTables[0].shown) holds images of \(train.shape)")
      }
      let names = PixelTable.classNames(train.labelNames + test.labelNames)
      let sets = [train, test].map { $0.images(classNames: names) }
      let unused = tables.filter { $0 != trainTables[0] && $0 != testTables[0] }.map(\.shown)
      return Dataset(
        name: location.name, classNames: names, train: sets[0], test: sets[1],
        notes: [train.note, test.note].compactMap(\.self)
          + (unused.isEmpty ? [] : ["these tables are not used: \(unused.listed(atMost: 3))"]))
    }
    guard tables.count == 1 else {
      throw .inconsistent(
        path: location.path,
        reason: "holds \(tables.count) tables; expected one, or two with train and test in their names, for example "
          + "train.csv and test.csv")
    }
    let table = try PixelTable(tables[0], options.labelColumn)
    let names = PixelTable.classNames(table.labelNames)
    var dataset = try Split.dataset(
      location.name, names, table.images(classNames: names), options, tables[0].shown)
    dataset.notes += [table.note].compactMap(\.self)
    return dataset
  }

  /// Whether a name contains a word in lower case.
  private func contains(_ name: ArraySlice<UInt8>, _ word: String) -> Bool {
    String(decoding: name, as: UTF8.self).lowercased().contains(word)
  }
}

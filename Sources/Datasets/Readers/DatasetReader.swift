internal import Text

/// A format of data sets. To add a format: implement this protocol in one file, and add it to ``DatasetReaders/all``.
package protocol DatasetReader: Sendable {
  /// The name of the format for help and errors: a plural noun in lower case, such as `image folders`.
  var name: String { get }

  /// One sentence about what the reader recognizes, for help.
  var summary: String { get }

  /// The names or patterns of the files that the reader expects, relative to the folder of the data set.
  var files: [String] { get }

  /// Those of ``DatasetOptions/formatOptions`` that the reader uses, apart from `transpose`, which applies to all
  /// images that the reader does not convert. The default implementation returns none.
  var options: Set<DatasetOptions.Name> { get }

  /// Whether this is a data set of this format. Looks at names and first bytes only: invalid files are errors of
  /// ``read(_:options:)``.
  func recognizes(_ location: DatasetLocation) -> Bool

  /// Reads a data set that ``recognizes(_:)`` accepts.
  ///
  /// Checks sizes with ``DatasetLimits`` before it allocates memory for what a file declares. A reader of image files
  /// converts them, and sets the data set's ``Dataset/conversion``; else the images are converted afterwards.
  /// - Throws: ``DatasetError`` that names the file and what was expected.
  func read(_ location: DatasetLocation, options: DatasetOptions) throws(DatasetError) -> Dataset

  /// Returns the files and folders that a data set of this format depends on, for ``DatasetCache``; nil if reading it
  /// is as fast as reading the cache. The default implementation returns nil.
  func inputs(of location: DatasetLocation, options: DatasetOptions) throws(DatasetError) -> [FileName]?
}

extension DatasetReader {
  package var options: Set<DatasetOptions.Name> { [] }

  package func inputs(of location: DatasetLocation, options: DatasetOptions) throws(DatasetError) -> [FileName]? { nil }
}

/// The formats of data sets.
package enum DatasetReaders {
  /// All readers. If several recognize a data set, the first one reads it.
  package static let all = all(decoders: ImageDecoders.all)

  /// Returns all readers; those of image files use `decoders`.
  package static func all(decoders: [any ImageDecoder]) -> [any DatasetReader] {
    [
      ImageFolderReader(decoders: decoders), PathListReader(decoders: decoders), IDXReader(), CIFARReader(),
      ClassFolderReader(decoders: decoders), NumPyReader(), PixelTableReader(), WebDatasetReader(decoders: decoders),
      ArchiveReader(decoders: decoders),
    ]
  }
}

extension [any DatasetReader] {
  /// The description of all formats for help: a line about each.
  package var help: String {
    let lines = map { reader in
      "\(reader.name.prefix(1).uppercased() + reader.name.dropFirst()) (\(reader.fileList)): \(reader.summary)"
    }
    return lines.joined(separator: "\n")
  }

  /// Finds the first reader that recognizes the data set at `path`.
  /// - Throws: ``DatasetError``; ``DatasetError/missing(path:reason:)`` with the formats if no reader recognizes it.
  func reader(of path: String) throws(DatasetError) -> (DatasetLocation, any DatasetReader) {
    guard let location = try DatasetLocation(path) else {
      throw .missing(path: path, reason: "there is no such folder or file")
    }
    if let reader = first(where: { $0.recognizes(location) }) { return (location, reader) }
    let folders = location.folders.filter(isDataset)
    if folders.count == 1 {
      throw .missing(path: path, reason: "is not a data set, but the folder in it is one: use \(folders[0].shown)")
    }
    throw .missing(
      path: path,
      reason: location.lack(ImageDecoders.all)
        ?? "is not a data set of a known format (\(location.content)); expected \(map(\.name).alternatives) (see "
        + "`atelier data --help`)")
  }

  /// Returns the error of a data set that cannot be read, with advice if it is a folder around a data set.
  func explained(_ error: DatasetError, of location: DatasetLocation) -> DatasetError {
    guard error.path == location.path, location.entries?.count == 1, let folder = location.folders.first,
      isDataset(folder)
    else { return error }
    return error.with(advice: "if \(folder.shown) is the data set, use this folder")
  }

  private func isDataset(_ folder: FileName) -> Bool {
    guard let text = folder.text, let location = try? DatasetLocation(text) else { return false }
    return contains { $0.recognizes(location) }
  }
}

extension DatasetReader {
  var fileList: String { files.joined(separator: ", ") }

  /// Reads a data set, which is within the limits whatever the reader does.
  func readWithinLimits(_ location: DatasetLocation, options: DatasetOptions) throws(DatasetError) -> Dataset {
    try checked(try read(location, options: options), location.path, options)
  }

  /// Returns a data set of this reader with the reader's name and notes, if it is within the limits.
  /// - Parameter path: the place for errors
  func checked(_ dataset: Dataset, _ path: String, _ options: DatasetOptions) throws(DatasetError) -> Dataset {
    var dataset = dataset
    dataset.details.reader = name
    try DatasetLimits.check(dataset, path, isForEvaluation: options.isForEvaluation)
    let firstLabel = [dataset.train, dataset.test].compactMap { $0.labels.min() }.min()!
    if dataset.hasNumbersAsNames, firstLabel > 0 {
      dataset.notes.append(
        firstLabel == 1
          ? "no image has the label 0: the labels start at 1, as in the letters of EMNIST; class 0 stays in the list "
            + "of classes, without images"
          : "the labels start at \(firstLabel); the classes 0 to \(firstLabel - 1) stay in the list of classes, "
            + "without images")
    }
    if let note = noteAboutUnusedOptions(dataset, options) { dataset.notes.append(note) }
    return dataset
  }

  /// Names the given options that do not apply to this format; nil if there are none.
  private func noteAboutUnusedOptions(_ dataset: Dataset, _ options: DatasetOptions) -> String? {
    // Images that a reader has converted are upright.
    let used = self.options.union(dataset.conversion == nil ? [.transpose] : [])
    let unused = options.formatOptions.subtracting(used).map { "--\($0.rawValue)" }.sorted()
    guard !unused.isEmpty else { return nil }
    let names = unused.joined(separator: ", ", last: " and ")
    return unused.count == 1
      ? "\(names) does not apply to \(name), and is ignored" : "\(names) do not apply to \(name), and are ignored"
  }
}

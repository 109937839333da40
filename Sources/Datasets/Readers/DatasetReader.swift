internal import Text

/// A format of data sets. To add a format: implement this protocol in one file, and add it to ``DatasetReaders/all``.
package protocol DatasetReader: Sendable {
  /// The name of the format for help and errors: a plural noun in lower case, such as `image folders`.
  var name: String { get }

  /// One sentence about what the reader recognizes, for help.
  var summary: String { get }

  /// The names or patterns of the files that the reader expects, relative to the folder of the data set.
  var files: [String] { get }

  /// Whether this is a data set of this format. Looks at names and first bytes only: invalid files are errors of
  /// ``read(_:options:)``.
  func recognizes(_ location: DatasetLocation) -> Bool

  /// Reads a data set that ``recognizes(_:)`` accepts.
  ///
  /// Checks sizes with ``DatasetLimits`` before it allocates memory for what a file declares. A reader of image files
  /// converts them, and sets the data set's ``Dataset/conversion``; else the images are converted afterwards.
  /// - Throws: ``DatasetError`` that names the file and what was expected.
  func read(_ location: DatasetLocation, options: DatasetOptions) throws(DatasetError) -> Dataset
}

/// The formats of data sets.
package enum DatasetReaders {
  /// All readers. If several recognize a data set, the first one reads it.
  package static let all = all(decoders: ImageDecoders.all)

  /// Returns all readers; those of image files use `decoders`.
  package static func all(decoders: [any ImageDecoder]) -> [any DatasetReader] {
    [
      ImageFolderReader(decoders: decoders), IDXReader(), CIFARReader(), ClassFolderReader(decoders: decoders),
      NumPyReader(), PixelTableReader(),
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

  /// Reads the data set at `path` by the first reader that recognizes it. The data set is within the limits, whatever
  /// the reader does.
  /// - Throws: ``DatasetError``; ``DatasetError/missing(path:reason:)`` with the formats if no reader recognizes it.
  func read(_ path: String, options: DatasetOptions) throws(DatasetError) -> Dataset {
    guard let location = try DatasetLocation(path) else {
      throw .missing(path: path, reason: "there is no such folder; \(expected)")
    }
    guard let reader = first(where: { $0.recognizes(location) }) else {
      throw .missing(path: path, reason: "is not a data set of a known format (\(location.content)); \(expected)")
    }
    var dataset = try reader.read(location, options: options)
    dataset.details.reader = reader.name
    try DatasetLimits.check(dataset, path)
    return dataset
  }

  private var expected: String {
    "expected " + map { "\($0.name) (\($0.fileList))" }.alternatives
  }
}

extension DatasetReader {
  var fileList: String { files.joined(separator: ", ") }
}

internal import Foundation

extension Dataset {
  /// The environment variable that names the folder of the data.
  package static let environmentVariable = "ATELIER_DATA"

  /// Loads a data set.
  ///
  /// - Parameters:
  ///   - name: the name of a built-in data set (`fashion-mnist`); nil for the data set in the folder
  ///   - directory: the place of a data set that one of `readers` recognizes; nil for the folder that `ATELIER_DATA`
  ///     names. Without either, `fashion-mnist` is read from the folder of the system's package. The files of a
  ///     built-in data set may also be in a subfolder of its name.
  ///   - options: how the files are read, and the images converted
  ///   - readers: the formats; if several recognize the place, the first one reads it
  /// - Throws: ``DatasetError``
  package static func load(
    name: String? = nil, directory: String? = nil,
    options: DatasetOptions = DatasetOptions(),
    environment: [String: String] = ProcessInfo.processInfo.environment,
    readers: [any DatasetReader] = DatasetReaders.all
  ) throws(DatasetError) -> Dataset {
    let named = directory ?? environment[environmentVariable].flatMap { $0.isEmpty ? nil : $0 }
    guard let folder = named, name == nil else {
      let name = name ?? FashionMNIST.name
      return try IDXReader().checked(FashionMNIST.load(name, below: named), name, options).converted(options)
    }
    let (location, reader) = try readers.reader(of: folder)
    func read() throws(DatasetError) -> Dataset {
      let dataset: Dataset
      do throws(DatasetError) { dataset = try reader.readWithinLimits(location, options: options) } catch {
        throw readers.explained(error, of: location)
      }
      let isCopy = FashionMNIST.isCopy(dataset)
      return try (isCopy ? dataset.with(name: FashionMNIST.name, classNames: FashionMNIST.classNames) : dataset)
        .converted(options)
    }
    if let cache = options.cache { return try cache.dataset(at: location, reader, options, read) }
    return try read()
  }

  /// Loads a list of images in memory, whose paths are relative to the current folder; see ``PathListReader``.
  /// - Parameter name: of the data set, also for errors
  /// - Throws: ``DatasetError``
  package static func load(
    list text: [UInt8], named name: String, options: DatasetOptions
  ) throws(DatasetError) -> Dataset {
    let reader = PathListReader()
    return try reader.checked(try reader.read(list: text, named: name, options: options), name, options)
  }
}

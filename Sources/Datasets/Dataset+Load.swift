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
  ///   - readers: the formats; if several recognize the place, the first one reads it
  /// - Throws: ``DatasetError``
  package static func load(
    name: String? = nil, directory: String? = nil,
    environment: [String: String] = ProcessInfo.processInfo.environment,
    readers: [any DatasetReader] = DatasetReaders.all
  ) throws(DatasetError) -> Dataset {
    let named = directory ?? environment[environmentVariable].flatMap { $0.isEmpty ? nil : $0 }
    guard let folder = named, name == nil else {
      return try FashionMNIST.load(name ?? FashionMNIST.name, below: named)
    }
    let dataset = try readers.read(folder)
    return FashionMNIST.isCopy(dataset) ? dataset.named(FashionMNIST.name, FashionMNIST.classNames) : dataset
  }

  private func named(_ name: String, _ classNames: [String]) -> Dataset {
    Dataset(name: name, classNames: classNames, train: train, test: test, notes: notes)
  }
}

internal import ArgumentParser
internal import Datasets
internal import Foundation
internal import Logging
internal import Text

/// The option for the data set.
struct DataOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Data set: \(FashionMNIST.name), or a folder or file.",
      discussion: """
        Formats: \(DatasetReaders.all.map(\.name).joined(separator: ", ")); see `atelier data --help`. Default: the \
        folder in the environment variable \(Dataset.environmentVariable), else \(FashionMNIST.name).
        """,
      valueName: "name|path"),
    completion: .file())
  var data: String?

  /// The name of the data set, or the absolute path of its folder: an argument for `--data` in any folder.
  var location: String {
    if data == FashionMNIST.name { return FashionMNIST.name }
    let environment = ProcessInfo.processInfo.environment[Dataset.environmentVariable] ?? ""
    guard let folder = data ?? (environment.isEmpty ? nil : environment) else { return FashionMNIST.name }
    return URL(fileURLWithPath: folder).path
  }

  /// Loads the data set, and logs its notes as warnings.
  /// - Parameter classes: the classes that the data set must have, whatever their labels; they are reordered to match
  /// - Throws: ``DatasetError``, also if the classes are others
  func load(classes: ClassNames? = nil) throws(DatasetError) -> Dataset {
    var dataset = try data == FashionMNIST.name ? Dataset.load(name: data) : Dataset.load(directory: data)
    if let classes { dataset = try dataset.matchingClasses(classes.names, of: classes.of) }
    let logger = Logger(label: "atelier")
    for note in dataset.notes { logger.warning("\(dataset.name): \(note.printable)") }
    return dataset
  }

  /// Class names by label, and what they belong to, for errors: "the model".
  typealias ClassNames = (names: [String], of: String)
}

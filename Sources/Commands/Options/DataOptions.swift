internal import ArgumentParser
internal import Datasets
internal import Foundation
internal import Logging

/// Which data set.
struct DataOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "The data set: \(FashionMNIST.name), or a folder.",
      discussion: """
        A folder holds either MNIST's four IDX files (plain or gzipped), or PNG images as train/CLASS/*.png and \
        test/CLASS/*.png. Beside IDX files, classes.txt may name the classes, one on a line. Without this option: the \
        folder that \(Dataset.environmentVariable) names, else \
        \(FashionMNIST.name).
        """,
      valueName: "name|dir"),
    completion: .directory)
  var data: String?

  /// The data set's name, or the whole path of its folder: what `--data` finds it by from any folder.
  var location: String {
    if data == FashionMNIST.name { return FashionMNIST.name }
    let environment = ProcessInfo.processInfo.environment[Dataset.environmentVariable] ?? ""
    guard let folder = data ?? (environment.isEmpty ? nil : environment) else { return FashionMNIST.name }
    return URL(fileURLWithPath: folder).path
  }

  /// Loads the data set, and reports what a user must know of how it was read.
  /// - Parameter classes: that it must have, by whatever label, and what has them; the data set gets them in this order
  /// - Throws: ``DatasetError``, also for other classes
  func load(classes: ClassNames? = nil) throws(DatasetError) -> Dataset {
    var dataset = try data == FashionMNIST.name ? Dataset.load(name: data) : Dataset.load(directory: data)
    if let classes { dataset = try dataset.matchingClasses(classes.names, of: classes.of) }
    let logger = Logger(label: "atelier")
    for note in dataset.notes { logger.warning("\(dataset.name): \(note.printable)") }
    return dataset
  }

  /// By label, with what has them: "the model".
  typealias ClassNames = (names: [String], of: String)
}

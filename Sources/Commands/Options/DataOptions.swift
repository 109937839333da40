internal import ArgumentParser
internal import Datasets
internal import Foundation

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

  func load() throws(DatasetError) -> Dataset {
    if data == FashionMNIST.name { return try Dataset.load(name: data) }
    return try Dataset.load(directory: data)
  }
}

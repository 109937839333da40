internal import ArgumentParser
internal import Datasets

/// Which data set.
struct DataOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "The data set: \(FashionMNIST.name), or a folder.",
      discussion: """
        A folder holds either MNIST's four IDX files (plain or gzipped), or PNG images as train/CLASS/*.png and \
        test/CLASS/*.png. Beside IDX files, classes.txt may name the classes, one on a line. Without this option: the folder that \(Dataset.environmentVariable) names, else \
        \(FashionMNIST.name).
        """,
      valueName: "name|dir"),
    completion: .directory)
  var data: String?

  func load() throws(DatasetError) -> Dataset {
    if data == FashionMNIST.name { return try Dataset.load(name: data) }
    return try Dataset.load(directory: data)
  }
}

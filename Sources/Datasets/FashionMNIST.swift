/// Zalando's images of clothing (Xiao, Rasul and Vollgraf, "Fashion-MNIST", 2017), the built-in data set.
package enum FashionMNIST {
  package static let name = "fashion-mnist"
  package static let classNames = [
    "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot",
  ]
  /// The folder of Debian's package.
  package static let systemFolder = "/usr/share/datasets/fashion-mnist"
  /// The ``Dataset/digest`` of its 70,000 images.
  private static let digest = "72d9313b29be7ba2d4d9b174e57d0b9748883641de4a076d746fc642f7e265b7"

  private static let advice =
    "install Debian's package dataset-fashion-mnist, or set a folder with the four files by --data DIR or "
    + "\(Dataset.environmentVariable)"

  /// Reads the data set from `folder` or its subfolder, or from the folder of the system's package.
  /// - Parameter name: must be this data set's name
  /// - Throws: ``DatasetError``
  static func load(_ name: String, below folder: String?) throws(DatasetError) -> Dataset {
    guard name == self.name else {
      throw .missing(
        path: name, reason: "is not a built-in data set; use \(self.name), or --data DIR for your own data")
    }
    let places = folder.map { [$0, "\($0)/\(name)"] } ?? [systemFolder]
    guard let place = places.first(where: { IDXReader.path(of: "train-images-idx3-ubyte", in: $0) != nil }) else {
      throw .missing(path: places.joined(separator: ", "), reason: "the files of \(name) are missing; \(advice)")
    }
    return try IDXReader.read(place, name: name, classNames: classNames, advice: advice)
  }

  /// Whether these are the images of Fashion-MNIST, without names of their classes.
  static func isCopy(_ dataset: Dataset) -> Bool {
    guard dataset.train.count == 60_000, dataset.test.count == 10_000, dataset.classCount == classNames.count,
      dataset.hasNumbersAsNames
    else { return false }
    return Dataset(name: name, classNames: classNames, train: dataset.train, test: dataset.test).digest == digest
  }
}

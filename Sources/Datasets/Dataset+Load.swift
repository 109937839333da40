internal import Compute
internal import Foundation

extension Dataset {
  /// The environment variable that names the folder of the data.
  package static let environmentVariable = "ATELIER_DATA"

  /// Loads a data set.
  ///
  /// - Parameters:
  ///   - name: a built-in name (`fashion-mnist`), or nil for whatever the folder holds
  ///   - directory: a folder with the four IDX files of MNIST (plain or gzipped), or with `train` and `test` folders of classes; nil: the folder that
  ///     `ATELIER_DATA` names, else, for a built-in name, where the system's package puts it
  /// - Throws: ``DatasetError``
  package static func load(
    name: String? = nil, directory: String? = nil,
    environment: [String: String] = ProcessInfo.processInfo.environment
  ) throws(DatasetError) -> Dataset {
    let named = directory ?? environment[environmentVariable].flatMap { $0.isEmpty ? nil : $0 }
    let builtIn = try (name ?? (named == nil ? FashionMNIST.name : nil)).map(checkBuiltIn)
    guard let folder = named ?? builtIn.map({ _ in FashionMNIST.systemFolder }) else {
      throw .missing(path: "--data", reason: "no folder is named")
    }
    guard FileManager.default.fileExists(atPath: folder) else {
      let advice =
        builtIn == nil
        ? "a folder with the four IDX files of MNIST, or with folders train and test, is expected" : FashionMNIST.advice
      throw .missing(path: folder, reason: "there is no such folder; \(advice)")
    }
    if builtIn == nil && ImageFolder.isPresent(folder) { return try ImageFolder.read(folder) }
    return try readIDX(folder, builtIn: builtIn)
  }

  private static func checkBuiltIn(_ name: String) throws(DatasetError) -> String {
    guard name == FashionMNIST.name else {
      throw .missing(
        path: name,
        reason: "is no data set that Atelier knows by name; \(FashionMNIST.name) is one, --data DIR reads your own")
    }
    return name
  }

  private static func readIDX(_ folder: String, builtIn: String?) throws(DatasetError) -> Dataset {
    let train = try readSet(folder, "train", builtIn)
    let test = try readSet(folder, "t10k", builtIn)
    guard train.shape == test.shape else {
      throw .inconsistent(
        path: folder,
        reason: "the training images are \(train.shape), the test images \(test.shape); one size is expected")
    }
    let labels = Int(train.labels.max()!) + 1
    let names = try builtIn == nil ? readClassNames(folder) : FashionMNIST.classNames
    let classNames = names ?? (0..<labels).map(String.init)
    for (prefix, set) in [("train", train), ("t10k", test)] {
      if let index = set.labels.firstIndex(where: { Int($0) >= classNames.count }) {
        throw .inconsistent(
          path: try find(folder, "\(prefix)-labels-idx1-ubyte", builtIn),
          reason: "label \(set.labels[index]) of image \(index) is out of range: there are \(classNames.count) classes")
      }
    }
    let name = builtIn ?? URL(fileURLWithPath: folder).lastPathComponent
    return Dataset(name: name, classNames: classNames, train: train, test: test)
  }

  private static func readSet(
    _ folder: String, _ prefix: String, _ builtIn: String?
  ) throws(DatasetError) -> LabeledImages {
    let imagesPath = try find(folder, "\(prefix)-images-idx3-ubyte", builtIn)
    let labelsPath = try find(folder, "\(prefix)-labels-idx1-ubyte", builtIn)
    let labels = try IDX.readLabels(labelsPath)
    let (shape, pixels) = try IDX.readImages(imagesPath)
    let count = pixels.count / shape.count
    guard count == labels.count else {
      throw .inconsistent(
        path: labelsPath, reason: "holds \(labels.count) labels, but \(imagesPath) holds \(count) images")
    }
    return LabeledImages(shape: shape, pixels: pixels, labels: labels)
  }

  /// The path of an IDX file under one of the names in use.
  private static func find(_ folder: String, _ stem: String, _ builtIn: String?) throws(DatasetError) -> String {
    // Colour images have four dimensions; some copies write a dot before "idx".
    let stems = [
      stem, stem.replacingOccurrences(of: "idx3", with: "idx4"), stem.replacingOccurrences(of: "-idx", with: ".idx"),
    ]
    for candidate in stems.flatMap({ [$0, $0 + ".gz"] }) {
      let path = "\(folder)/\(candidate)"
      if FileManager.default.fileExists(atPath: path) { return path }
    }
    let advice = builtIn == nil ? "" : "; " + FashionMNIST.advice
    throw .missing(path: folder, reason: "holds neither \(stem) nor \(stem).gz\(advice)")
  }

  /// The lines of `classes.txt`, if there is one.
  private static func readClassNames(_ folder: String) throws(DatasetError) -> [String]? {
    let path = folder + "/classes.txt"
    guard FileManager.default.fileExists(atPath: path) else { return nil }
    guard let text = try? String(contentsOfFile: path, encoding: .utf8) else {
      throw .damaged(path: path, reason: "is not a text file in UTF-8")
    }
    var lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).map(String.init)
    if lines.last == "" { lines.removeLast() }
    guard 1...DatasetLimits.classes ~= lines.count, !lines.contains(""), Set(lines).count == lines.count else {
      throw .damaged(
        path: path, reason: "one class name on each line is expected, each different, at most \(DatasetLimits.classes)")
    }
    return lines
  }

  /// SHA-256 over shape, class names, and the pixels and labels of both sets.
  package var digest: String {
    var digest = Digest()
    digest.update("\(shape.height) \(shape.width) \(shape.channels) \(train.count) \(test.count)\n")
    for name in classNames { digest.update("\(name)\n") }
    for set in [train, test] {
      set.pixels.withUnsafeBytes { digest.update($0) }
      set.labels.withUnsafeBytes { digest.update($0) }
    }
    return digest.finalize()
  }
}

/// Zalando's pictures of clothes (Xiao, Rasul and Vollgraf, "Fashion-MNIST", 2017), the data set that Atelier knows by name.
package enum FashionMNIST {
  package static let name = "fashion-mnist"
  package static let classNames = [
    "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot",
  ]
  /// Where Debian's package puts it.
  package static let systemFolder = "/usr/share/datasets/fashion-mnist"
  static let advice =
    "install Debian's package dataset-fashion-mnist, or name a folder with the four files by --data DIR or "
    + "\(Dataset.environmentVariable)"
}

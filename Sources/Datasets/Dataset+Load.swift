internal import Compute
internal import Foundation

extension Dataset {
  /// The environment variable that names the folder of the data.
  package static let environmentVariable = "ATELIER_DATA"

  /// Loads a data set.
  ///
  /// - Parameters:
  ///   - name: the name of a built-in data set (`fashion-mnist`); nil for the data set in the folder
  ///   - directory: a folder with the four IDX files of MNIST (plain or gzipped), or with `train` and `test` folders of
  ///     classes; nil for the folder that `ATELIER_DATA` names. Without either, `fashion-mnist` is read from the folder
  ///     of the system's package. The files of a built-in data set may also be in a subfolder of its name.
  /// - Throws: ``DatasetError``
  package static func load(
    name: String? = nil, directory: String? = nil,
    environment: [String: String] = ProcessInfo.processInfo.environment
  ) throws(DatasetError) -> Dataset {
    let named = directory ?? environment[environmentVariable].flatMap { $0.isEmpty ? nil : $0 }
    guard let folder = named, name == nil else { return try loadBuiltIn(name ?? FashionMNIST.name, below: named) }
    guard FileManager.default.fileExists(atPath: folder) else {
      throw .missing(path: folder, reason: "there is no such folder; \(expectedFiles)")
    }
    return ImageFolder.isPresent(folder) ? try ImageFolder.read(folder) : try readIDX(folder, builtIn: nil)
  }

  private static let expectedFiles =
    "expected a folder with the four IDX files train-images-idx3-ubyte, train-labels-idx1-ubyte, "
    + "t10k-images-idx3-ubyte and t10k-labels-idx1-ubyte (plain or .gz), or with PNG images in "
    + "train/CLASS/*.png and test/CLASS/*.png"

  private static func loadBuiltIn(_ name: String, below folder: String?) throws(DatasetError) -> Dataset {
    guard name == FashionMNIST.name else {
      throw .missing(
        path: name,
        reason: "is not a built-in data set; use \(FashionMNIST.name), or --data DIR for your own data")
    }
    let places = folder.map { [$0, "\($0)/\(name)"] } ?? [FashionMNIST.systemFolder]
    guard let place = places.first(where: { path(of: "train-images-idx3-ubyte", in: $0) != nil }) else {
      throw .missing(
        path: places.joined(separator: ", "), reason: "the files of \(name) are missing; \(FashionMNIST.advice)")
    }
    return try readIDX(place, builtIn: name)
  }

  private static func readIDX(_ folder: String, builtIn: String?) throws(DatasetError) -> Dataset {
    let train = try readSet(folder, "train", builtIn)
    let test = try readSet(folder, "t10k", builtIn)
    guard train.shape == test.shape else {
      throw .inconsistent(
        path: folder,
        reason: "the training images are \(train.shape), the test images \(test.shape); all must have one size")
    }
    let labels = Int(train.labels.max()!) + 1
    let names = try builtIn == nil ? readClassNames(folder) : FashionMNIST.classNames
    let classNames = names ?? (0..<labels).map(String.init)
    for (prefix, set) in [("train", train), ("t10k", test)] {
      if let index = set.labels.firstIndex(where: { Int($0) >= classNames.count }) {
        throw .inconsistent(
          path: try find("\(prefix)-labels-idx1-ubyte", in: folder, builtIn: builtIn),
          reason:
            "label \(set.labels[index]) of image \(index) is out of range: the number of classes is \(classNames.count)"
        )
      }
    }
    let name = builtIn ?? URL(fileURLWithPath: folder).lastPathComponent
    if builtIn == nil, names == nil, let known = FashionMNIST.recognize(train: train, test: test) { return known }
    return Dataset(name: name, classNames: classNames, train: train, test: test)
  }

  private static func readSet(
    _ folder: String, _ prefix: String, _ builtIn: String?
  ) throws(DatasetError) -> LabeledImages {
    let imagesPath = try find("\(prefix)-images-idx3-ubyte", in: folder, builtIn: builtIn)
    let labelsPath = try find("\(prefix)-labels-idx1-ubyte", in: folder, builtIn: builtIn)
    let labels = try IDX.readLabels(labelsPath)
    let (shape, pixels) = try IDX.readImages(imagesPath)
    let count = pixels.count / shape.count
    guard count == labels.count else {
      throw .inconsistent(
        path: labelsPath,
        reason: "holds \(counted(labels.count, "label")), but \(imagesPath) holds \(counted(count, "image"))")
    }
    return LabeledImages(shape: shape, pixels: pixels, labels: labels)
  }

  /// Returns the path of an IDX file under one of its usual names; nil if it does not exist.
  private static func path(of stem: String, in folder: String) -> String? {
    // Color images have four dimensions; some copies write a dot before "idx".
    let stems = [
      stem, stem.replacingOccurrences(of: "idx3", with: "idx4"), stem.replacingOccurrences(of: "-idx", with: ".idx"),
    ]
    return stems.flatMap { ["\(folder)/\($0)", "\(folder)/\($0).gz"] }.first {
      FileManager.default.fileExists(atPath: $0)
    }
  }

  private static func find(_ stem: String, in folder: String, builtIn: String?) throws(DatasetError) -> String {
    if let path = path(of: stem, in: folder) { return path }
    let advice = builtIn == nil ? expectedFiles : FashionMNIST.advice
    throw .missing(path: folder, reason: "holds neither \(stem) nor \(stem).gz; \(advice)")
  }

  /// Reads the lines of `classes.txt`, in Unicode's normal form C like all class names; nil if there is no such file.
  private static func readClassNames(_ folder: String) throws(DatasetError) -> [String]? {
    let path = folder + "/classes.txt"
    guard FileManager.default.fileExists(atPath: path) else { return nil }
    let limit = DatasetLimits.classes << 10
    guard try ByteSource.sizeOfRegularFile(path) <= limit, let text = try? String(contentsOfFile: path, encoding: .utf8)
    else {
      throw .damaged(path: path, reason: "is not a text file in UTF-8 of at most \(limit) bytes, one class name a line")
    }
    var lines = text.withoutByteOrderMark.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
      .map { String($0).precomposedStringWithCanonicalMapping }
    if lines.last == "" { lines.removeLast() }
    try DatasetLimits.checkNames(lines, path)
    return lines
  }

  /// SHA-256 over shape, counts, class names, and the pixels and labels of both sets.
  package var digest: String {
    var digest = Digest()
    digest.update("\(shape.height) \(shape.width) \(shape.channels) \(train.count) \(test.count) \(classCount)\n")
    // Unambiguous: names contain no line feed, and the counts determine where each part ends.
    for name in classNames { digest.update("\(name)\n") }
    for set in [train, test] {
      set.pixels.withUnsafeBytes { digest.update($0) }
      set.labels.withUnsafeBytes { digest.update($0) }
    }
    return digest.finalize()
  }
}

extension String {
  /// The text without a leading byte order mark (U+FEFF), which some editors write.
  package var withoutByteOrderMark: String {
    unicodeScalars.first == "\u{FEFF}" ? String(unicodeScalars.dropFirst()) : self
  }
}

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

  /// Returns Fashion-MNIST with its name and class names if these are its images, whatever folder they are in.
  static func recognize(train: LabeledImages, test: LabeledImages) -> Dataset? {
    guard train.count == 60_000, test.count == 10_000, train.labels.allSatisfy({ $0 < classNames.count }),
      test.labels.allSatisfy({ $0 < classNames.count })
    else { return nil }
    let dataset = Dataset(name: name, classNames: classNames, train: train, test: test)
    return dataset.digest == digest ? dataset : nil
  }

  static let advice =
    "install Debian's package dataset-fashion-mnist, or set a folder with the four files by --data DIR or "
    + "\(Dataset.environmentVariable)"
}

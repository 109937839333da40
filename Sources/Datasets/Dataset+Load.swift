internal import Compute
internal import Foundation

extension Dataset {
  /// The environment variable that names the folder of the data.
  package static let environmentVariable = "ATELIER_DATA"

  /// Loads a data set.
  ///
  /// - Parameters:
  ///   - name: a built-in name (`fashion-mnist`), or nil for whatever the folder holds
  ///   - directory: a folder with the four IDX files of MNIST (plain or gzipped), or with `train` and `test` folders of classes; nil: the folder
  ///     that `ATELIER_DATA` names. Without either, `fashion-mnist` where the system's package puts it. The files of a built-in
  ///     data set may also stand in a folder of its name below.
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
    "a folder is expected with the four IDX files train-images-idx3-ubyte, train-labels-idx1-ubyte, t10k-images-idx3-ubyte and "
    + "t10k-labels-idx1-ubyte (plain or .gz), or with PNG images as in train/CLASS/*.png and test/CLASS/*.png"

  private static func loadBuiltIn(_ name: String, below folder: String?) throws(DatasetError) -> Dataset {
    guard name == FashionMNIST.name else {
      throw .missing(
        path: name,
        reason: "is no data set that Atelier knows by name; \(FashionMNIST.name) is one, --data DIR reads your own")
    }
    let places = folder.map { [$0, "\($0)/\(name)"] } ?? [FashionMNIST.systemFolder]
    guard let place = places.first(where: { path(of: "train-images-idx3-ubyte", in: $0) != nil }) else {
      throw .missing(
        path: places.joined(separator: ", "), reason: "the files of \(name) are not there; \(FashionMNIST.advice)")
    }
    return try readIDX(place, builtIn: name)
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

  /// The path of an IDX file under one of the names in use, if it is there.
  private static func path(of stem: String, in folder: String) -> String? {
    // Colour images have four dimensions; some copies write a dot before "idx".
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

  /// The lines of `classes.txt`, if there is one; in Unicode's normal form C, as all names of classes.
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
    // No name has a line feed in it, so the counts say where each part ends.
    for name in classNames { digest.update("\(name)\n") }
    for set in [train, test] {
      set.pixels.withUnsafeBytes { digest.update($0) }
      set.labels.withUnsafeBytes { digest.update($0) }
    }
    return digest.finalize()
  }
}

extension String {
  /// Without the mark U+FEFF with which some editors begin a file in UTF-8.
  package var withoutByteOrderMark: String {
    unicodeScalars.first == "\u{FEFF}" ? String(unicodeScalars.dropFirst()) : self
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
  /// ``Dataset/digest`` of its 70,000 images.
  private static let digest = "72d9313b29be7ba2d4d9b174e57d0b9748883641de4a076d746fc642f7e265b7"

  /// The data set by its own name and class names, if these are its images: wherever they stand, they are the same.
  static func recognize(train: LabeledImages, test: LabeledImages) -> Dataset? {
    guard train.count == 60_000, test.count == 10_000, train.labels.allSatisfy({ $0 < classNames.count }),
      test.labels.allSatisfy({ $0 < classNames.count })
    else { return nil }
    let dataset = Dataset(name: name, classNames: classNames, train: train, test: test)
    return dataset.digest == digest ? dataset : nil
  }

  static let advice =
    "install Debian's package dataset-fashion-mnist, or name a folder with the four files by --data DIR or "
    + "\(Dataset.environmentVariable)"
}

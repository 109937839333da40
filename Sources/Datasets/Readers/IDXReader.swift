internal import Foundation
internal import Text

/// The four files of MNIST: training and test images and labels, each in the format ``IDX``. Their names may begin with
/// the name of a data set, as those of EMNIST (`emnist-letters-train-images-idx3-ubyte`), and `t10k` may be `test`.
struct IDXReader: DatasetReader {
  let name = "IDX files"
  let summary =
    "the files of MNIST, plain or gzipped, also with names such as emnist-letters-train-images-idx3-ubyte; beside "
    + "them, classes.txt can list the class names, one per line."
  let files = ["train", "t10k"].flatMap { ["\($0)-\(IDXReader.imagesStem)", "\($0)-\(IDXReader.labelsStem)"] }

  private static let imagesStem = "images-idx3-ubyte"
  private static let labelsStem = "labels-idx1-ubyte"
  /// The first words of the names of test files.
  private static let testWords = ["t10k", "test"]

  func recognizes(_ location: DatasetLocation) -> Bool {
    files.contains { Self.path(of: $0, in: location.path) != nil } || !prefixes(location).isEmpty
  }

  func read(_ location: DatasetLocation, options: DatasetOptions) throws(DatasetError) -> Dataset {
    let found = prefixes(location)
    guard found.count <= 1 || found[0].isEmpty else {
      throw .inconsistent(
        path: location.path,
        reason: "holds several data sets: the files of \(found.map { "\($0)…" }.listed(atMost: 3)); move the files of "
          + "one to a folder of its own")
    }
    var dataset = try Self.read(
      location.path, name: location.name, classNames: Self.readClassNames(location.path),
      advice: "expected the files \(fileList)", prefix: found.first ?? "", isForEvaluation: options.isForEvaluation)
    if found.first?.hasPrefix("emnist") == true, !options.isTransposed {
      dataset.notes.append("the images of EMNIST are stored with rows and columns exchanged, and are used as stored")
    }
    return dataset
  }

  /// Returns what the names of training images begin with, or else those of test images, sorted: usually nothing.
  private func prefixes(_ location: DatasetLocation) -> [String] {
    let found = prefixes(location, of: ["train"])
    return found.isEmpty ? prefixes(location, of: Self.testWords) : found
  }

  private func prefixes(_ location: DatasetLocation, of words: [String]) -> [String] {
    let stems = words.flatMap { Self.names(of: "\($0)-\(Self.imagesStem)") }
    var found: Set<String> = []
    for entry in location.entries ?? [] {
      guard let text = entry.text else { continue }
      let name = text.hasSuffix(".gz") ? text.dropLast(3) : text[...]
      for stem in stems where name.hasSuffix(stem) {
        found.insert(String(name.dropLast(stem.count)))
      }
    }
    return found.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
  }

  /// - Parameters:
  ///   - classNames: by label; nil for numbers
  ///   - advice: what to do if a file is missing
  ///   - prefix: what the names of all files begin with
  ///   - isForEvaluation: whether the files of the training images may be missing
  static func read(
    _ folder: String, name: String, classNames: [String]?, advice: String, prefix: String = "",
    isForEvaluation: Bool = false
  ) throws(DatasetError) -> Dataset {
    let tests = testWords.map { prefix + $0 }
    let parts = ["\(prefix)train", tests.first { path(of: "\($0)-\(imagesStem)", in: folder) != nil } ?? tests[0]]
    let hasTraining = [imagesStem, labelsStem].contains { path(of: "\(parts[0])-\($0)", in: folder) != nil }
    let trainingImages = hasTraining || !isForEvaluation ? try readSet(folder, parts[0], advice) : nil
    let test = try readSet(folder, parts[1], advice)
    let train = trainingImages ?? test.prefix(0)
    guard train.shape == test.shape else {
      throw .inconsistent(
        path: folder,
        reason: "the training images are \(train.shape), the test images \(test.shape); all must have one size")
    }
    let classNames = classNames ?? (0...Int(train.labels.max() ?? test.labels.max()!)).map(String.init)
    for (part, set) in zip(parts, [train, test]) {
      if let index = set.labels.firstIndex(where: { Int($0) >= classNames.count }) {
        throw .inconsistent(
          path: try find("\(part)-\(labelsStem)", in: folder, advice),
          reason: DatasetLimits.outOfRange(set.labels[index], image: index, classNames.count))
      }
    }
    return Dataset(name: name, classNames: classNames, train: train, test: test)
  }

  private static func readSet(
    _ folder: String, _ part: String, _ advice: String
  ) throws(DatasetError) -> LabeledImages {
    let imagesPath = try find("\(part)-\(imagesStem)", in: folder, advice)
    let labelsPath = try find("\(part)-\(labelsStem)", in: folder, advice)
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
  static func path(of stem: String, in folder: String) -> String? {
    names(of: stem).flatMap { ["\(folder)/\($0)", "\(folder)/\($0).gz"] }.first { FileName($0).exists }
  }

  /// Returns the usual names of an IDX file. Color images have four dimensions; some copies write a dot before "idx".
  private static func names(of stem: String) -> [String] {
    [stem, stem.replacingOccurrences(of: "idx3", with: "idx4"), stem.replacingOccurrences(of: "-idx", with: ".idx")]
  }

  private static func find(_ stem: String, in folder: String, _ advice: String) throws(DatasetError) -> String {
    if let path = path(of: stem, in: folder) { return path }
    throw .missing(path: folder, reason: "holds neither \(stem) nor \(stem).gz; \(advice)")
  }

  /// Reads the lines of `classes.txt`, in Unicode's normal form C like all class names; nil if there is no such file.
  private static func readClassNames(_ folder: String) throws(DatasetError) -> [String]? {
    let path = folder + "/classes.txt"
    guard FileName(path).exists else { return nil }
    let file = try InputFile(FileName(path))
    let limit = DatasetLimits.classes << 10
    guard file.size <= limit, let text = String(validating: try file.contents(limit: limit), as: UTF8.self) else {
      throw .damaged(
        path: path, reason: "is not a text file in UTF-8 of at most \(limit) bytes, one class name per line")
    }
    var lines = text.withoutByteOrderMark.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
      .map { String($0).precomposedStringWithCanonicalMapping }
    if lines.last == "" { lines.removeLast() }
    try DatasetLimits.checkNames(lines, path)
    return lines
  }
}

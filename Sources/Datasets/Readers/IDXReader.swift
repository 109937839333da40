internal import Foundation
internal import Text

/// The four files of MNIST: training and test images and labels, each in the format ``IDX``.
struct IDXReader: DatasetReader {
  let name = "IDX files"
  let summary =
    "the files of MNIST, plain or gzipped; beside them, classes.txt can list the class names, one per line."
  let files = Self.parts.flatMap { ["\($0)-images-idx3-ubyte", "\($0)-labels-idx1-ubyte"] }

  /// The beginnings of the names of the training files and the test files.
  private static let parts = ["train", "t10k"]

  func recognizes(_ location: DatasetLocation) -> Bool {
    files.contains { Self.path(of: $0, in: location.path) != nil }
  }

  func read(_ location: DatasetLocation, options: DatasetOptions) throws(DatasetError) -> Dataset {
    try Self.read(
      location.path, name: location.name, classNames: Self.readClassNames(location.path),
      advice: "expected the files \(fileList)")
  }

  /// - Parameters:
  ///   - classNames: by label; nil for numbers
  ///   - advice: what to do if a file is missing
  static func read(
    _ folder: String, name: String, classNames: [String]?, advice: String
  ) throws(DatasetError) -> Dataset {
    let train = try readSet(folder, "train", advice)
    let test = try readSet(folder, "t10k", advice)
    guard train.shape == test.shape else {
      throw .inconsistent(
        path: folder,
        reason: "the training images are \(train.shape), the test images \(test.shape); all must have one size")
    }
    let classNames = classNames ?? (0...Int(train.labels.max()!)).map(String.init)
    for (part, set) in zip(parts, [train, test]) {
      if let index = set.labels.firstIndex(where: { Int($0) >= classNames.count }) {
        throw .inconsistent(
          path: try find("\(part)-labels-idx1-ubyte", in: folder, advice),
          reason: DatasetLimits.outOfRange(set.labels[index], image: index, classNames.count))
      }
    }
    return Dataset(name: name, classNames: classNames, train: train, test: test)
  }

  private static func readSet(
    _ folder: String, _ part: String, _ advice: String
  ) throws(DatasetError) -> LabeledImages {
    let imagesPath = try find("\(part)-images-idx3-ubyte", in: folder, advice)
    let labelsPath = try find("\(part)-labels-idx1-ubyte", in: folder, advice)
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
    // Color images have four dimensions; some copies write a dot before "idx".
    let stems = [
      stem, stem.replacingOccurrences(of: "idx3", with: "idx4"), stem.replacingOccurrences(of: "-idx", with: ".idx"),
    ]
    return stems.flatMap { ["\(folder)/\($0)", "\(folder)/\($0).gz"] }.first { FileName($0).exists }
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
      throw .damaged(path: path, reason: "is not a text file in UTF-8 of at most \(limit) bytes, one class name a line")
    }
    var lines = text.withoutByteOrderMark.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
      .map { String($0).precomposedStringWithCanonicalMapping }
    if lines.last == "" { lines.removeLast() }
    try DatasetLimits.checkNames(lines, path)
    return lines
  }
}

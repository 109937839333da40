import Compute
import Datasets
import Foundation
import Testing

@Suite struct DatasetLoadTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func expectError(_ says: String, sourceLocation: SourceLocation = #_sourceLocation) {
    do {
      _ = try Dataset.load(directory: folder.path)
      Issue.record("accepted, expected: \(says)", sourceLocation: sourceLocation)
    } catch { #expect(error.description.contains(says), "\(error)", sourceLocation: sourceLocation) }
  }

  @Test func readsFashionMNIST() throws {
    let dataset = try Dataset.load(environment: [:])
    #expect(dataset.name == "fashion-mnist")
    #expect(dataset.shape == ImageShape(height: 28, width: 28, channels: 1))
    #expect(dataset.train.count == 60_000 && dataset.test.count == 10_000)
    let summary = DatasetSummary(dataset)
    #expect(summary.train.classCounts == [Int](repeating: 6000, count: 10))
    #expect(summary.test.classCounts == [Int](repeating: 1000, count: 10))
    // The usual normalization constants of the data set: mean 0.2860, deviation 0.3530.
    #expect(abs(summary.train.mean[0] / 255 - 0.2860) < 5e-5)
    #expect(abs(summary.train.deviation[0] / 255 - 0.3530) < 5e-5)
    #expect(dataset.classNames[Int(dataset.train.labels[0])] == "Ankle boot")
    #expect(summary.description.contains("Ankle boot"))
  }

  @Test func readsIDXFolderFromArgumentOrEnvironment() throws {
    try folder.writeIDXSet(classes: 3, channels: 3)
    let dataset = try Dataset.load(directory: folder.path)
    #expect(dataset.classNames == ["0", "1", "2"])
    #expect(dataset.shape == ImageShape(height: 5, width: 6, channels: 3))
    #expect(dataset.train.count == 12 && dataset.test.count == 3)
    #expect(try Dataset.load(environment: ["ATELIER_DATA": folder.path]).digest == dataset.digest)
    _ = try folder.write(Array("cat\ndog\nbird\n".utf8), "classes.txt")
    let named = try Dataset.load(directory: folder.path)
    #expect(named.classNames == ["cat", "dog", "bird"])
    #expect(named.digest != dataset.digest)
  }

  @Test func refusesInconsistentFiles() throws {
    expectError("is not a data set of a known format (the folder is empty); expected")
    try folder.writeIDXSet()
    try FileManager.default.removeItem(atPath: folder.path + "/train-images-idx3-ubyte")
    expectError("holds neither train-images-idx3-ubyte nor")
    try folder.writeIDXSet()
    try IDX.write(
      dimensions: [11], elements: [UInt8](repeating: 0, count: 11), to: folder.path + "/train-labels-idx1-ubyte")
    expectError("holds 11 labels, but")
    try folder.writeIDXSet()
    try IDX.write(dimensions: [3], elements: [0, 1, 9], to: folder.path + "/t10k-labels-idx1-ubyte")
    expectError("label 9 of image 2 is out of range: the number of classes is 3")
    try folder.writeIDXSet()
    try IDX.write(
      dimensions: [3, 2, 2], elements: randomBytes(12, key: 1), to: folder.path + "/t10k-images-idx3-ubyte")
    expectError("the training images are 5x6, the test images 2x2")
    try folder.writeIDXSet()
    try FileManager.default.removeItem(atPath: folder.path + "/t10k-labels-idx1-ubyte")
    expectError("holds neither t10k-labels-idx1-ubyte nor")
  }

  @Test func checksClassNames() throws {
    try folder.writeIDXSet()
    let cases: [(bytes: [UInt8], says: String)] = [
      (Array("cat\ncat\ndog".utf8), "different names"), (Array("cat\ndog".utf8), "the number of classes is 2"),
      (Array("cat\n\ndog\n".utf8), "must not be empty"), ([], "holds 0 class names"),
      (Array("cat\ndog\n\u{1b}[2J".utf8), "control characters"), ([0xff, 0xfe, 10], "not a text file in UTF-8"),
      ([UInt8](repeating: 65, count: 1 << 20), "of at most 262144 bytes"),
      (Array((0...256).map { "\($0)" }.joined(separator: "\n").utf8), "expected 1 to 256"),
    ]
    for (bytes, says) in cases {
      _ = try folder.write(bytes, "classes.txt")
      expectError(says)
    }
    _ = try folder.write(Array("cat\r\ndog\r\nbird and more\r\n".utf8), "classes.txt")
    #expect(try Dataset.load(directory: folder.path).classNames == ["cat", "dog", "bird and more"])
    _ = try folder.write([0xef, 0xbb, 0xbf] + Array("cat\ndog\ncafe\u{301}\n".utf8), "classes.txt")
    let names = try Dataset.load(directory: folder.path).classNames
    #expect(names.map { Array($0.utf8) } == ["cat", "dog", "caf\u{e9}"].map { Array($0.utf8) })
  }

  /// Class 0 has no image.
  @Test func labelsMayStartAtOne() throws {
    try folder.writeIDXSet()
    for (prefix, count) in [("train", 12), ("t10k", 3)] {
      let path = "\(folder.path)/\(prefix)-labels-idx1-ubyte"
      try IDX.write(dimensions: [count], elements: (0..<count).map { UInt8(1 + $0 % 3) }, to: path)
    }
    let dataset = try Dataset.load(directory: folder.path)
    #expect(dataset.classNames == ["0", "1", "2", "3"])
    #expect(DatasetSummary(dataset).train.classCounts == [0, 4, 4, 4])
  }

  @Test func findsFashionMNISTInFolderOrSubfolder() throws {
    try folder.writeIDXSet()
    let direct = try Dataset.load(name: "fashion-mnist", directory: folder.path)
    #expect(direct.name == "fashion-mnist" && direct.classNames.last == "Ankle boot")
    let root = try TemporaryFolder()
    try FileManager.default.moveItem(atPath: folder.path, toPath: root.path + "/fashion-mnist")
    let below = try Dataset.load(name: "fashion-mnist", environment: ["ATELIER_DATA": root.path])
    #expect(below.digest == direct.digest)
  }

  /// Reads Debian's files through a link.
  @Test func recognizesCopyOfFashionMNIST() throws {
    let copy = folder.path + "/copy"
    try FileManager.default.createSymbolicLink(atPath: copy, withDestinationPath: FashionMNIST.systemFolder)
    let (original, dataset) = (try Dataset.load(environment: [:]), try Dataset.load(directory: copy))
    #expect(dataset.name == FashionMNIST.name && dataset.classNames == FashionMNIST.classNames)
    #expect(dataset.digest == original.digest)
  }

  @Test func readsGzippedFilesAndNamesWithDot() throws {
    try folder.writeIDXSet()
    let dataset = try Dataset.load(directory: folder.path)
    let images = folder.path + "/train-images-idx3-ubyte"
    _ = try folder.write(
      try gzipped([UInt8](try Data(contentsOf: URL(fileURLWithPath: images)))), "train-images-idx3-ubyte.gz")
    try FileManager.default.removeItem(atPath: images)
    try FileManager.default.moveItem(
      atPath: folder.path + "/t10k-labels-idx1-ubyte", toPath: folder.path + "/t10k-labels.idx1-ubyte")
    #expect(try Dataset.load(directory: folder.path).digest == dataset.digest)
  }

  /// The names of EMNIST's files.
  @Test func readsIDXFilesWithPrefix() throws {
    try folder.writeIDXSet()
    let digest = try Dataset.load(directory: folder.path).digest
    func rename(_ old: String, _ new: String) throws {
      try FileManager.default.moveItem(atPath: "\(folder.path)/\(old)", toPath: "\(folder.path)/\(new)")
    }
    let kinds = ["images-idx3-ubyte", "labels-idx1-ubyte"]
    for kind in kinds {
      try rename("train-\(kind)", "emnist-letters-train-\(kind)")
      try rename("t10k-\(kind)", "emnist-letters-test-\(kind)")
    }
    #expect(try Dataset.load(directory: folder.path).digest == digest)
    _ = try folder.write([1], "emnist-digits-train-images-idx3-ubyte.gz")
    expectError("holds several data sets: the files of emnist-digits-…, emnist-letters-…; move")
    try FileManager.default.removeItem(atPath: folder.path + "/emnist-digits-train-images-idx3-ubyte.gz")
    try FileManager.default.removeItem(atPath: folder.path + "/emnist-letters-test-images-idx3-ubyte")
    expectError("holds neither emnist-letters-t10k-images-idx3-ubyte nor")
  }

  /// An evaluation needs no training images, under any of the usual names.
  @Test(arguments: ["t10k", "test", "emnist-letters-test"]) func testFilesOfIDXAloneAreEvaluated(stem: String) throws {
    try folder.writeIDXSet()
    for kind in ["images-idx3-ubyte", "labels-idx1-ubyte"] {
      try FileManager.default.removeItem(atPath: "\(folder.path)/train-\(kind)")
      let renamed = "\(folder.path)/\(stem)-\(kind)"
      if stem != "t10k" { try FileManager.default.moveItem(atPath: "\(folder.path)/t10k-\(kind)", toPath: renamed) }
    }
    expectError("holds neither \(stem.hasPrefix("emnist") ? "emnist-letters-" : "")train-images-idx3-ubyte nor")
    var options = DatasetOptions()
    options.isForEvaluation = true
    let dataset = try Dataset.load(directory: folder.path, options: options)
    #expect(dataset.train.count == 0 && dataset.test.labels == [0, 1, 2] && dataset.classNames == ["0", "1", "2"])
    #expect(dataset.test.pixels == randomBytes(90, key: 3))
    _ = try folder.write(Array("cat\ndog\nbird\nant".utf8), "classes.txt")
    #expect(try Dataset.load(directory: folder.path, options: options).classCount == 4)
    // Half of the training files is an error for both.
    let prefix = stem.hasPrefix("emnist") ? "emnist-letters-" : ""
    try IDX.write(dimensions: [1], elements: [0], to: "\(folder.path)/\(prefix)train-labels-idx1-ubyte")
    #expect(throws: DatasetError.self) { try Dataset.load(directory: folder.path, options: options) }
  }

  /// The exit codes for missing input and damaged input differ.
  @Test func distinguishesMissingFromDamaged() throws {
    func isMissing() -> Bool {
      do { _ = try Dataset.load(directory: folder.path) } catch {
        if case .missing = error { return true }
      }
      return false
    }
    #expect(isMissing())
    try folder.writeIDXSet()
    _ = try folder.write([1, 2, 3], "train-images-idx3-ubyte")
    #expect(!isMissing())
    try FileManager.default.removeItem(atPath: folder.path + "/train-images-idx3-ubyte")
    #expect(isMissing())
  }

  @Test func errorNamesMissingFilesWithAdvice() {
    func message(_ name: String?, _ directory: String?) -> String {
      do {
        _ = try Dataset.load(name: name, directory: directory, environment: [:])
        return "accepted"
      } catch { return error.description }
    }
    #expect(message(nil, "/nowhere").contains("there is no such folder"))
    #expect(message("fashion-mnist", "/nowhere").contains("dataset-fashion-mnist"))
    #expect(message("cifar", nil).contains("is not a built-in data set"))
    #expect(message("fashion-mnist", folder.path).contains("dataset-fashion-mnist"))
    #expect(message("fashion-mnist", folder.path).contains("\(folder.path), \(folder.path)/fashion-mnist"))
    #expect(message(nil, folder.path).contains("train/CLASS/*.{png,jpg,webp,pgm}"))
  }
}

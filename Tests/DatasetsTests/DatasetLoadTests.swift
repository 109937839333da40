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

  @Test func fashionMNISTIsReadAsTheWorldKnowsIt() throws {
    let dataset = try Dataset.load(environment: [:])
    #expect(dataset.name == "fashion-mnist")
    #expect(dataset.shape == ImageShape(height: 28, width: 28, channels: 1))
    #expect(dataset.train.count == 60_000 && dataset.test.count == 10_000)
    let summary = DatasetSummary(dataset)
    #expect(summary.train.classCounts == [Int](repeating: 6000, count: 10))
    #expect(summary.test.classCounts == [Int](repeating: 1000, count: 10))
    // The numbers that the data set's users normalize with: mean 0.2860, deviation 0.3530.
    #expect(abs(summary.train.mean[0] / 255 - 0.2860) < 5e-5)
    #expect(abs(summary.train.deviation[0] / 255 - 0.3530) < 5e-5)
    #expect(dataset.classNames[Int(dataset.train.labels[0])] == "Ankle boot")
    #expect(summary.description.contains("Ankle boot"))
  }

  @Test func aFolderOfIDXFilesIsReadByArgumentOrEnvironment() throws {
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

  @Test func filesThatDoNotFitEachOtherAreRefused() throws {
    expectError("holds neither train-images-idx3-ubyte nor")
    try folder.writeIDXSet()
    try IDX.write(
      dimensions: [11], elements: [UInt8](repeating: 0, count: 11), to: folder.path + "/train-labels-idx1-ubyte")
    expectError("holds 11 labels, but")
    try folder.writeIDXSet()
    try IDX.write(dimensions: [3], elements: [0, 1, 9], to: folder.path + "/t10k-labels-idx1-ubyte")
    expectError("label 9 of image 2 is out of range: there are 3 classes")
    try folder.writeIDXSet()
    try IDX.write(
      dimensions: [3, 2, 2], elements: randomBytes(12, key: 1), to: folder.path + "/t10k-images-idx3-ubyte")
    expectError("the training images are 5x6, the test images 2x2")
    try folder.writeIDXSet()
    _ = try folder.write(Array("cat\ncat\ndog".utf8), "classes.txt")
    expectError("each different")
    _ = try folder.write(Array("cat\ndog".utf8), "classes.txt")
    expectError("out of range: there are 2 classes")
  }

  @Test func whatIsNotThereIsNamedWithAdvice() {
    func message(_ name: String?, _ directory: String?) -> String {
      do {
        _ = try Dataset.load(name: name, directory: directory, environment: [:])
        return "accepted"
      } catch { return error.description }
    }
    #expect(message(nil, "/nowhere").contains("there is no such folder"))
    #expect(message("fashion-mnist", "/nowhere").contains("dataset-fashion-mnist"))
    #expect(message("cifar", nil).contains("no data set that Atelier knows by name"))
    #expect(message("fashion-mnist", folder.path).contains("dataset-fashion-mnist"))
  }

  // MARK: Folders of images

  private func writeImage(_ name: String, height: Int = 4, width: Int = 3, channels: Int = 1, key: UInt32 = 0) throws {
    let shape = ImageShape(height: height, width: width, channels: channels)
    let path = "\(folder.path)/\(name)"
    try FileManager.default.createDirectory(
      atPath: URL(fileURLWithPath: path).deletingLastPathComponent().path, withIntermediateDirectories: true)
    try PNGImage(shape: shape, pixels: randomBytes(shape.count, key: key)).write(path)
  }

  @Test func aFolderOfImagesIsReadInTheOrderOfNames() throws {
    for (index, name) in ["train/cat/b.png", "train/cat/a.png", "train/ant/z.png", "test/cat/q.PNG"].enumerated() {
      try writeImage(name, key: UInt32(index))
    }
    _ = try folder.write([1], "train/cat/.hidden")
    let dataset = try Dataset.load(directory: folder.path)
    #expect(dataset.classNames == ["ant", "cat"])
    #expect(dataset.train.labels == [0, 1, 1] && dataset.test.labels == [1])
    #expect(dataset.train.pixels == [2, 1, 0].flatMap { randomBytes(12, key: $0) })
  }

  @Test func foldersThatAreNotRightAreRefused() throws {
    try writeImage("train/cat/a.png")
    expectError("test")
    try writeImage("test/dog/a.png")
    expectError("is a class that")
    try FileManager.default.removeItem(atPath: folder.path + "/test/dog")
    try writeImage("test/cat/a.png", width: 5)
    expectError("is 4x5, but the images before it are 4x3")
    try writeImage("test/cat/a.png", channels: 3)
    expectError("all grey or all RGB")
    try writeImage("test/cat/a.png")
    _ = try folder.write([1], "train/cat/notes.txt")
    expectError("is not named *.png")
    try FileManager.default.removeItem(atPath: folder.path + "/train/cat/notes.txt")
    _ = try folder.write([1], "train/cat/b.png")
    expectError("not a PNG image")
    try FileManager.default.removeItem(atPath: folder.path + "/train/cat")
    expectError("no class folders")
    try FileManager.default.createDirectory(atPath: folder.path + "/train/cat", withIntermediateDirectories: false)
    expectError("holds no images")
  }

  @Test func duplicatesAreCounted() {
    let shape = ImageShape(height: 1, width: 2, channels: 1)
    func images(_ pixels: [UInt8]) -> LabeledImages {
      LabeledImages(shape: shape, pixels: pixels, labels: [UInt8](repeating: 0, count: pixels.count / 2))
    }
    let summary = DatasetSummary(
      Dataset(
        name: "d", classNames: ["a"], train: images([1, 2, 3, 4, 1, 2, 1, 2]), test: images([3, 4, 9, 9, 3, 4])))
    #expect(summary.train.duplicates == 2 && summary.test.duplicates == 1 && summary.duplicatesAcross == 2)
    #expect(summary.train.mean == [2.0] && summary.train.classCounts == [4])
  }
}

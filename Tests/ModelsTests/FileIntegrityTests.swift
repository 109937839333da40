import Compute
import Datasets
import Files
import Foundation
import Models
import Testing

/// A saved file with any flipped bit is rejected or has the same content.
@Suite struct FileIntegrityTests {
  let folder: TemporaryFolder
  init() throws { folder = try TemporaryFolder() }

  /// Flips bits of a file, one at a time.
  /// - Parameters:
  ///   - bits: the positions of the bits; nil: all
  ///   - read: reads the file, and returns whether its content is unchanged
  private func flip(_ path: String, bits: [Int]? = nil, _ read: (String) throws -> Bool) throws {
    var bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
    try #require(try read(path), "the unchanged file")
    var refused = 0
    for bit in bits ?? Array(0..<8 * bytes.count) {
      bytes[bit / 8] ^= 1 << UInt8(bit % 8)
      let flipped = try folder.write(bytes, to: "flipped")
      do {
        if try !read(flipped) { Issue.record("the content differs with bit \(bit) flipped") }
      } catch is FileError { refused += 1 }
      bytes[bit / 8] ^= 1 << UInt8(bit % 8)
    }
    #expect(refused > 1_000)
  }

  @Test func detectsEveryFlippedBitOfCheckpoint() throws {
    let images = randomImages(8, ImageShape(height: 2, width: 2, channels: 1), classes: 2)
    var settings = NetworkSettings()
    (settings.filters, settings.dense, settings.batch, settings.shards) = ([1], [], 4, 2)
    settings.validation = 0
    let trainer = try NetworkTrainer(images, classCount: 2, settings: settings, on: anyContext)
    try trainer.runRound()
    let dataset = Dataset(name: "random", classNames: ["a", "b"], train: images, test: images)
    let checkpoint = NetworkCheckpoint(
      trainer.checkpoint, settings: settings, dataset: dataset, dataDigest: dataset.digest,
      data: DatasetSource("/data", options: ["size": "8x8"]))
    try checkpoint.write(to: folder.file("a"))
    let original = try NetworkCheckpoint(path: folder.file("a"))
    try flip(folder.file("a")) { try NetworkCheckpoint(path: $0) == original }
  }

  /// Simulates an editor for safetensors files, which keeps the file well-formed.
  @Test(arguments: [
    ("setting.learning-rate", "0.09"), ("setting.seed", "1"), ("setting.epochs", "5"), ("setting.dropout", "0.5"),
    ("setting.batch", "16"), ("setting.shards", "4"), ("checkpoint.data", "/elsewhere"), ("data.digest", "ab"),
    ("class.0", "z"), ("header.digest", String(repeating: "0", count: 64)),
  ])
  func rejectsEditedSettings(entry: String, value: String) throws {
    let images = randomImages(24, ImageShape(height: 6, width: 5, channels: 1), classes: 3)
    var settings = NetworkSettings()
    (settings.filters, settings.dense, settings.batch) = ([3], [4], 8)
    let trainer = try NetworkTrainer(images, classCount: 3, settings: settings, on: anyContext)
    let dataset = Dataset(name: "random", classNames: ["a", "b", "c"], train: images, test: images)
    try NetworkCheckpoint(trainer.checkpoint, settings: settings, dataset: dataset, dataDigest: dataset.digest)
      .write(to: folder.file("a"))
    let file = try SafetensorsFile(path: folder.file("a"))
    let metadata = file.metadata.merging([entry: value]) { _, new in new }
    try SafetensorsFile(metadata: metadata, tensors: file.tensors).write(to: folder.file("b"))
    #expect {
      try NetworkCheckpoint(path: folder.file("b"))
    } throws: {
      "\($0)".contains(folder.file("b")) && "\($0)".contains("header's digest differs")
    }
  }

  @Test func detectsEveryFlippedBitOfSmallModel() throws {
    let model = ConstantClassifier(imageShape: ImageShape(height: 3, width: 5, channels: 3), shares: [0.25, 0.75])
    let saved = SavedModel(
      model, classNames: ["a", "b\u{1F4A}"], dataName: "two \"things\"\n", dataDigest: "abc", testAccuracy: 0.5)
    try saved.write(to: folder.file("a"))
    try flip(folder.file("a")) { try SavedModel(path: $0) == saved }
  }

  /// Flips bits of every byte of the header and of some numbers.
  @Test(arguments: ModelKind.allCases) func detectsFlippedBitsOfEachKindOfModel(kind: ModelKind) throws {
    let saved = SavedModel(
      try SavedClassifierTests.fit(kind), classNames: ["a", "b", "c"], dataName: "random", dataDigest: "0",
      testAccuracy: nil)
    try saved.write(to: folder.file("a"))
    let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: folder.file("a"))))
    let header = 8 + Int(bytes[0]) + Int(bytes[1]) << 8
    var random = RandomSequence(seed: 7, .test)
    let sample = (0..<1_000).map { _ in 8 * header + Int(random.next(below: UInt32(8 * (bytes.count - header)))) }
    // One bit of each byte of the header suffices, because another test flips all bits of a small file.
    try flip(folder.file("a"), bits: (0..<header).map { 8 * $0 + $0 % 8 } + sample) {
      try SavedModel(path: $0) == saved
    }
  }
}

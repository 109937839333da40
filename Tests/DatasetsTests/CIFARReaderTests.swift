import Compute
import Datasets
import Foundation
import Testing

@Suite struct CIFARReaderTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func message() -> String {
    do {
      _ = try Dataset.load(directory: folder.path)
      return "accepted"
    } catch { return "\(error)" }
  }

  private func write(_ name: String, labels: [[UInt8]], key: UInt32) throws {
    let records = labels.enumerated().map { $1 + randomBytes(3072, key: key + UInt32($0)) }
    _ = try folder.write(records.flatMap { $0 }, name)
  }

  private func writeTen() throws {
    for batch in 1...5 { try write("data_batch_\(batch).bin", labels: [[UInt8(batch)], [0]], key: UInt32(batch * 10)) }
    try write("test_batch.bin", labels: [[9]], key: 90)
  }

  /// The planes of an image, interleaved.
  private func pixels(key: UInt32) -> [UInt8] {
    let planes = randomBytes(3072, key: key)
    return (0..<1024).flatMap { pixel in [planes[pixel], planes[1024 + pixel], planes[2048 + pixel]] }
  }

  @Test func readsTenClasses() throws {
    try writeTen()
    let dataset = try Dataset.load(directory: folder.path)
    #expect(dataset.shape == ImageShape(height: 32, width: 32, channels: 3))
    #expect(dataset.train.labels == (1...5).flatMap { [$0, 0] } && dataset.test.labels == [9])
    #expect(Array(dataset.train.pixels(of: 3)) == pixels(key: 21) && dataset.test.pixels == pixels(key: 90))
    #expect(dataset.classNames == (0..<10).map { "\($0)" })
    let names = (0..<10).map { "class \($0)" }
    _ = try folder.write(Array((names.joined(separator: "\n") + "\n\n").utf8), "batches.meta.txt")
    #expect(try Dataset.load(directory: folder.path).classNames == names)
  }

  @Test func readsFineLabelsOfHundredClasses() throws {
    try write("train.bin", labels: [[3, 99], [4, 0]], key: 1)
    try write("test.bin", labels: [[19, 50]], key: 5)
    let dataset = try Dataset.load(directory: folder.path)
    #expect(dataset.train.labels == [99, 0] && dataset.test.labels == [50] && dataset.classCount == 100)
    #expect(Array(dataset.train.pixels(of: 1)) == pixels(key: 2))
  }

  /// An evaluation needs no training images. The name `test.bin` alone says nothing.
  @Test func testSetAloneIsEvaluated() throws {
    var options = DatasetOptions()
    options.isForEvaluation = true
    try write("test_batch.bin", labels: [[9], [3]], key: 90)
    #expect(message().contains("data_batch_1.bin: there is no such file"))
    let ten = try Dataset.load(directory: folder.path, options: options)
    #expect(ten.train.count == 0 && ten.test.labels == [9, 3] && ten.classCount == 10)
    try write("data_batch_2.bin", labels: [[1]], key: 1)
    #expect(throws: DatasetError.self) { try Dataset.load(directory: folder.path, options: options) }
    let other = try CIFARReaderTests()
    try other.write("test.bin", labels: [[19, 50]], key: 5)
    #expect(other.message().contains("is not a data set of a known format"))
    let names = (0..<100).map { "class \($0)" }
    _ = try other.folder.write(Array(names.joined(separator: "\n").utf8), "fine_label_names.txt")
    #expect(other.message().contains("train.bin: there is no such file"))
    let hundred = try Dataset.load(directory: other.folder.path, options: options)
    #expect(hundred.train.count == 0 && hundred.test.labels == [50] && hundred.classNames == names)
  }

  @Test func refusesInvalidFiles() throws {
    try writeTen()
    let path = folder.path + "/data_batch_3.bin"
    try FileManager.default.removeItem(atPath: path)
    #expect(message().contains("data_batch_3.bin: there is no such file"))
    for (bytes, says) in [
      ([], "holds no images"), ([1, 2, 3], "ends too early: records of 3073 bytes"),
      ([10] + randomBytes(3072, key: 1), "label 10 of image 0 is out of range: the number of classes is 10"),
    ] {
      _ = try folder.write(bytes, "data_batch_3.bin")
      #expect(message().contains(says), "\(message())")
    }
    try writeTen()
    _ = try folder.write(Array("a\nb\n".utf8), "batches.meta.txt")
    #expect(message().contains("holds 2 class names; expected 10"))
  }
}

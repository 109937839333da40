import Datasets
import Foundation
import Testing

/// One data set in every lossless form: all readers give the same digest.
@Suite struct DigestOfFormsTests {
  private let folder: TemporaryFolder
  /// RGB images of 32x32 with ten classes, so that CIFAR files can hold them.
  private static let shape = ImageShape(height: 32, width: 32, channels: 3)
  private static let (trainCount, testCount) = (20, 10)

  init() throws { folder = try TemporaryFolder() }

  private static func image(_ index: Int) -> RasterImage {
    RasterImage(shape: shape, pixels: randomBytes(shape.count, key: UInt32(index)))
  }

  private static func label(_ index: Int) -> Int { index * 7 % 10 }

  private static func name(_ index: Int, _ ending: String = "png") -> String {
    "\(label(index))/\(String("\(100 + index)".dropFirst())).\(ending)"
  }

  /// The places of the images of both sets: the test images follow the training images.
  private static let parts = [("train", 0..<trainCount), ("test", trainCount..<trainCount + testCount)]

  private func pixels(_ range: Range<Int>) -> [UInt8] { range.flatMap { Self.image($0).pixels } }

  private func labels(_ range: Range<Int>) -> [UInt8] { range.map { UInt8(Self.label($0)) } }

  /// The images in folders, each with its name and content.
  private func files(_ ending: String = "png") throws -> [(name: String, content: [UInt8])] {
    try Self.parts.flatMap { part, range in
      try range.map { index in
        let image = Self.image(index)
        let content = ending == "png" ? try image.encodedAsPNG() : Array("P6 32 32 255\n".utf8) + image.pixels
        return ("\(part)/\(Self.name(index, ending))", content)
      }
    }
  }

  private func write(_ files: [(name: String, content: [UInt8])], to place: String) throws {
    for (name, content) in files { _ = try folder.write(content, "\(place)/\(name)") }
  }

  private func samples(_ range: Range<Int>, _ name: (Int) -> String) throws -> [UInt8] {
    ArchiveBytes.make(
      try range.flatMap { index in
        [
          (name: "\(name(index)).png", content: try Self.image(index).encodedAsPNG()),
          ("\(name(index)).cls", Array("\(Self.label(index))".utf8)),
        ]
      })
  }

  private func array(_ shape: [Int], _ bytes: [UInt8]) -> [UInt8] {
    let sizes = shape.map { "\($0)" }.joined(separator: ", ") + (shape.count == 1 ? "," : "")
    let header = "{'descr': '|u1', 'fortran_order': False, 'shape': (\(sizes)), }\n"
    return [0x93] + Array("NUMPY".utf8) + [1, 0, UInt8(header.utf8.count), 0] + Array(header.utf8) + bytes
  }

  /// Writes the form that a reader reads.
  /// - Returns: its places; nil if the test does not know the reader
  private func write(_ reader: String) throws -> [String]? {
    switch reader {
    case "image folders":
      try write(files(), to: "png")
      try write(files("ppm"), to: "ppm")
      return ["png", "ppm"]
    case "lists of images":
      let all = try files("ppm")
      try write(all, to: "list")
      let lines = all.map { "\($0.name),\($0.name.split(separator: "/")[1]),\($0.name.split(separator: "/")[0])\n" }
      return [String(try folder.write(Array(lines.joined().utf8), "list/images.csv").dropFirst(folder.path.count + 1))]
    case "IDX files":
      for (part, range) in Self.parts {
        let stem = "\(folder.path)/\(part == "train" ? part : "t10k")"
        try IDX.write(
          dimensions: [range.count, 32, 32, 3], elements: pixels(range), to: "\(stem)-images-idx4-ubyte")
        try IDX.write(dimensions: [range.count], elements: labels(range), to: "\(stem)-labels-idx1-ubyte")
      }
      return ["."]
    case "CIFAR files":
      func records(_ range: Range<Int>) -> [UInt8] {
        range.flatMap { index in
          let pixels = Self.image(index).pixels
          return [UInt8(Self.label(index))] + (0..<3).flatMap { channel in (0..<1024).map { pixels[3 * $0 + channel] } }
        }
      }
      for batch in 0..<5 {
        _ = try folder.write(records(batch * 4..<batch * 4 + 4), "cifar/data_batch_\(batch + 1).bin")
      }
      _ = try folder.write(records(20..<30), "cifar/test_batch.bin")
      return ["cifar"]
    case "NumPy arrays":
      for (part, range) in Self.parts {
        _ = try folder.write(array([range.count, 32, 32, 3], pixels(range)), "numpy/x_\(part).npy")
        _ = try folder.write(array([range.count], labels(range)), "numpy/y_\(part).npy")
      }
      return ["numpy"]
    case "tables of pixels":
      for (part, range) in Self.parts {
        let lines = range.map { index in
          "\(Self.label(index))," + Self.image(index).pixels.map { "\($0)" }.joined(separator: ",")
        }
        _ = try folder.write(Array(lines.joined(separator: "\n").utf8), "table/\(part).csv")
      }
      return ["table"]
    case "WebDataset files":
      for (part, range) in Self.parts { _ = try folder.write(samples(range) { "\(100 + $0)" }, "web/\(part).tar") }
      return ["web"]
    case "archives":
      return try ArchiveBytes.Format.allCases.map { format in
        _ = try folder.write(ArchiveBytes.make(files(), format), "set.\(format.ending)")
        return "set.\(format.ending)"
      }
    default: return nil
    }
  }

  @Test(arguments: DatasetReaders.all.map(\.name).filter { $0 != "class folders" })
  func everyReaderGivesTheSameDigest(reader: String) throws {
    let expected = Dataset(
      name: "", classNames: (0..<10).map { "\($0)" },
      train: LabeledImages(shape: Self.shape, pixels: pixels(0..<20), labels: labels(0..<20)),
      test: LabeledImages(shape: Self.shape, pixels: pixels(20..<30), labels: labels(20..<30)))
    for place in try #require(try write(reader), "this reader has no form here") {
      let dataset = try Dataset.load(directory: "\(folder.path)/\(place)")
      #expect(dataset.details.reader == reader && dataset.digest == expected.digest, "\(place)")
    }
  }

  /// Forms without a test set, whose images are split by their names.
  @Test func classFoldersAreSplitAsOtherForms() throws {
    try write((0..<30).map { (Self.name($0), try Self.image($0).encodedAsPNG()) }, to: "classes")
    let dataset = try Dataset.load(directory: folder.path + "/classes")
    #expect(dataset.details.reader == "class folders" && dataset.train.count + dataset.test.count == 30)
    let web = try Dataset.load(
      directory: folder.write(samples(0..<30) { String(Self.name($0).dropLast(4)) }, "samples.tar"))
    #expect(web.details.reader == "WebDataset files" && web.digest == dataset.digest)
    let archive = ArchiveBytes.make(
      try (0..<30).map { (name: Self.name($0), content: try Self.image($0).encodedAsPNG()) }, .zip)
    #expect(try Dataset.load(directory: folder.write(archive, "classes.zip")).digest == dataset.digest)
  }
}

import Datasets
import Foundation
import Testing

/// The lists of readers and decoders, and formats that are added to them.
@Suite struct DatasetReaderTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private let pixel = RasterImage(shape: ImageShape(height: 1, width: 2, channels: 1), pixels: [3, 4])

  private func writeFolder(_ images: [String: [UInt8]]) throws {
    for (name, file) in images { _ = try folder.write(file, name) }
  }

  private func message(_ path: String, _ readers: [any DatasetReader] = DatasetReaders.all) -> String {
    do {
      _ = try Dataset.load(directory: path, readers: readers)
      return "accepted"
    } catch { return error.description }
  }

  @Test func addedReaderReadsItsFormat() throws {
    let path = try folder.write(Array("toys:".utf8) + [0, 10, 1, 20, 0, 30], "some.toys")
    let dataset = try Dataset.load(directory: path, readers: DatasetReaders.all + [ToyReader()])
    #expect(dataset.train.pixels == [10, 20, 30] && dataset.train.labels == [0, 1, 0])
    #expect(dataset.name == "some.toys" && dataset.classNames == ["no", "yes"])
    #expect(message(path).contains("is not a data set of a known format (it is a file); expected image folders"))
  }

  @Test func addedDecoderReadsImagesOfFolders() throws {
    try writeFolder([
      "train/cat/a.png": pixel.encodedAsPNG(), "train/dog/b.TY": ToyDecoder.file(pixel),
      "test/cat/c.toy": ToyDecoder.file(pixel),
    ])
    let readers = DatasetReaders.all(decoders: ImageDecoders.all + [ToyDecoder()])
    let dataset = try Dataset.load(directory: folder.path, readers: readers)
    #expect(dataset.train.pixels == [3, 4, 3, 4] && dataset.test.pixels == [3, 4])
    #expect(message(folder.path).contains("/test: holds no images"))
    _ = try folder.write(ToyDecoder.file(pixel).dropLast(), "train/cat/c.toy")
    #expect(message(folder.path, readers).contains("train/cat/c.toy: is a damaged toy image"))
    _ = try folder.write([1], "train/cat/c.toy")
    #expect(message(folder.path, readers).contains("train/cat/c.toy: is not a PNG, JPEG, WebP, PGM/PPM or toy image"))
  }

  /// A folder of images that is not a data set: the error says what is missing.
  @Test func errorSaysWhatAFolderOfImagesLacks() throws {
    _ = try folder.write([], "empty")
    #expect(message(folder.path + "/empty").contains("is not a data set of a known format (the file is empty)"))
    _ = try folder.write([1], "a/picture.BMP")
    #expect(message(folder.path).contains("format that is not supported (picture.BMP); convert them to PNG or JPEG"))
    _ = try folder.write(pixel.encodedAsPNG(), "a.png")
    #expect(message(folder.path).contains("holds images, but no folders of classes; move the images of each class"))
  }

  @Test func firstBytesDetermineDecoderNotName() throws {
    let decoders = ImageDecoders.all + [ToyDecoder()]
    #expect(try decoders.read(try folder.write(ToyDecoder.file(pixel), "a.png")).image == pixel)
    #expect(try decoders.read(try folder.write(pixel.encodedAsPNG(), "a.toy")).image == pixel)
  }

  @Test func helpAndErrorsDescribeEveryFormat() throws {
    let decoders = ImageDecoders.all + [ToyDecoder()]
    let readers = DatasetReaders.all(decoders: decoders) + [ToyReader()]
    for name in ["a", "b", "c", "d", "e"] { _ = try folder.write([1], "\(name).txt") }
    let error = message(folder.path, readers)
    #expect(error.contains("it holds a.txt, b.txt, c.txt and 2 more"))
    for reader in readers {
      for text in [readers.help, error, message("/nowhere", readers)] {
        #expect(text.lowercased().contains(reader.name.lowercased()) && reader.files.allSatisfy(text.contains))
      }
      #expect(readers.help.contains(reader.summary))
    }
    #expect(decoders.names.hasSuffix("PGM/PPM or toy") && decoders.pattern.hasSuffix(",toy}"))
    #expect([ImageDecoders.all[0], ToyDecoder()].names == "PNG or toy")
    #expect([ImageDecoders.all[0]].names == "PNG" && [ImageDecoders.all[0]].pattern == "*.png")
  }

  @Test func documentationListsEveryFormat() throws {
    let sources = URL(fileURLWithPath: #filePath).appendingPathComponent("../../../Sources/Datasets/Data.md")
      .standardized
    let documentation = try String(contentsOf: sources, encoding: .utf8)
    for reader in DatasetReaders.all {
      let isListed = documentation.contains("| \(reader.name) |") && reader.files.allSatisfy(documentation.contains)
      #expect(isListed, "\(reader.name)")
    }
    for decoder in ImageDecoders.all { #expect(documentation.contains(decoder.name)) }
  }

  /// The order of the list decides.
  @Test func firstReaderThatRecognizesFolderReadsIt() throws {
    try folder.writeIDXSet()
    try writeFolder([
      "train/cat/a.png": pixel.encodedAsPNG(), "train/dog/a.png": pixel.encodedAsPNG(),
      "test/cat/a.png": pixel.encodedAsPNG(),
    ])
    #expect(try Dataset.load(directory: folder.path).classNames == ["cat", "dog"])
    let others = DatasetReaders.all.filter { $0.name != "class folders" }.reversed()
    #expect(try Dataset.load(directory: folder.path, readers: Array(others)).classNames.count == 3)
  }

  @Test func limitsHoldForCarelessReaders() throws {
    func images(height: Int = 1, channels: Int = 1, labels: [UInt8] = [0]) -> LabeledImages {
      let shape = ImageShape(height: height, width: 1, channels: channels)
      return LabeledImages(
        shape: shape, pixels: [UInt8](repeating: 0, count: labels.count * shape.count), labels: labels)
    }
    let (good, one) = (images(labels: [0, 1]), images())
    let (names, large, many) = (["a", "b"], images(height: 513), images(channels: 4))
    let cases: [(dataset: Dataset, says: String)] = [
      (Dataset(name: "", classNames: names, train: good, test: one), "accepted"),
      (Dataset(name: "", classNames: names, train: images(labels: []), test: good), "holds no images"),
      (Dataset(name: "", classNames: names, train: good, test: images(labels: [])), "holds no images"),
      (Dataset(name: "", classNames: names, train: one, test: good), "has training images of only one class (a)"),
      (Dataset(name: "", classNames: ["a"], train: one, test: good), "label 1 of image 1 is out of"),
      (Dataset(name: "", classNames: ["a", "a"], train: good, test: good), "different names"),
      (Dataset(name: "", classNames: ["a\n", "b"], train: good, test: good), "control characters"),
      (Dataset(name: "", classNames: names, train: large, test: large), "513x1"),
      (Dataset(name: "", classNames: names, train: many, test: many), "4 channels"),
    ]
    for (dataset, says) in cases {
      #expect(message(folder.path, [CarelessReader(dataset: dataset)]).contains(says))
    }
  }

  @Test func limitsHoldForCarelessDecoders() throws {
    let shape = ImageShape(height: 32769, width: 1, channels: 1)
    let decoder = CarelessDecoder(image: RasterImage(shape: shape, pixels: [UInt8](repeating: 0, count: 32769)))
    let path = try folder.write([1], "a.any")
    let error = DatasetError.damaged(path: path, reason: "is 32769x1; expected height and width from 1 to 32768")
    #expect(throws: error) { try [decoder].read(path) }
  }

  @Test func pipesAreRefusedWithoutBlocking() throws {
    #expect(mkfifo(folder.path + "/pipe", 0o600) == 0)
    #expect(message(folder.path + "/pipe").contains("pipe: is not a regular file"))
  }
}

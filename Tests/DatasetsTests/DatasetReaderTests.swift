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
    _ = try folder.write([1], "a/b/picture.BMP")
    #expect(
      message(folder.path).contains("format that is not supported (a/b/picture.BMP); convert them to PNG or JPEG"))
    _ = try folder.write(pixel.encodedAsPNG(), "a.png")
    #expect(message(folder.path).contains("holds images, but no folders of classes; move the images of each class"))
  }

  /// One sentence about data that people have, and what to do with it.
  @Test(
    arguments: [
      ("data/train-0.parquet", nil, "not supported (data/train-0.parquet); convert Parquet to tar with deploy/convert"),
      ("train.parquet", "train.parquet", "has a format that is not supported; convert Parquet to tar"),
      ("set.7z", "set.7z", "has a format that is not supported; unpack the archive"),
      ("a.rar", nil, "not supported (a.rar); unpack the archive"),
      ("a/set.h5", nil, "not supported (a/set.h5); save the images and labels as NumPy arrays"),
      ("cifar-10-batches-py/data_batch_1", nil, "holds the Python version of CIFAR; use the binary version"),
      ("x_train.npy", "x_train.npy", "is one file of a data set; use the folder that holds its images and labels"),
      ("train-images-idx3-ubyte.gz", "train-images-idx3-ubyte.gz", "is one file of a data set; use the folder"),
      ("images", "images", "is one file of a data set; use the folder"),
    ] as [(String, String?, String)]) func errorSaysWhatToDoWithOtherFormats(file: String, place: String?, says: String)
    throws
  {
    _ = try folder.write(file == "images" ? [0, 0, 8, 3, 0] : [1], file)
    let text = message(place.map { "\(folder.path)/\($0)" } ?? folder.path)
    #expect(text.contains(says) && !text.contains("expected image folders"), "\(text)")
  }

  @Test func errorNamesImagesWithoutEndings() throws {
    for name in ["cat/0", "cat/1", "dog/2"] { _ = try folder.write(pixel.encodedAsPNG(), name) }
    #expect(message(folder.path).contains("holds images whose names have no ending (cat/0); add it, as in 0.png"))
    #expect(message(folder.path + "/cat/0").contains("is one image; a data set is a folder with"))
  }

  @Test func errorNamesTheFolderThatIsTheDataSet() throws {
    for name in ["train/cat/a", "train/dog/b", "test/cat/c"] {
      _ = try folder.write(pixel.encodedAsPNG(), "one/data/\(name).png")
    }
    #expect(message("\(folder.path)/one").contains("\(folder.path)/one/data"), "\(message("\(folder.path)/one"))")
    _ = try folder.write([1], "one/README.md")
    #expect(message("\(folder.path)/one").contains("but the folder in it is one: use \(folder.path)/one/data"))
    for name in ["cat/a", "dog/b"] { _ = try folder.write(pixel.encodedAsPNG(), "two/images/\(name).png") }
    #expect(message("\(folder.path)/two").hasSuffix("; if \(folder.path)/two/images is the data set, use this folder"))
    // An error about a file or folder in the data set needs no advice.
    for name in ["cat/a", "dog/b"] { _ = try folder.write(pixel.encodedAsPNG(), "three/train/\(name).png") }
    #expect(!message("\(folder.path)/three").contains("is the data set"))
  }

  /// An option for another format has no effect, and a note says so.
  @Test func optionsForOtherFormatsAreNoted() throws {
    var options = DatasetOptions()
    (options.isTransposed, options.labelColumn) = (true, "last")
    options.arrays = try ArrayNames(parsing: "images=x,labels=y")
    func notes(_ path: String) throws -> [String] {
      try Dataset.load(directory: path, options: options).notes.filter { $0.contains("ignored") }
    }
    for name in ["train/cat/a", "train/dog/b", "test/cat/c"] {
      _ = try folder.write(pixel.encodedAsPNG(), "folders/\(name).png")
    }
    #expect(
      try notes(folder.path + "/folders")
        == ["--arrays, --label and --transpose do not apply to image folders, and are ignored"])
    try folder.writeIDXSet()
    #expect(try notes(folder.path) == ["--arrays and --label do not apply to IDX files, and are ignored"])
    let table = try folder.write(Array("7,8,9,9,1\n7,8,9,9,0\n7,8,9,9,1\n7,8,9,9,0\n".utf8), "table.csv")
    #expect(try notes(table) == ["--arrays does not apply to tables of pixels, and is ignored"])
    options = DatasetOptions()
    #expect(try notes(folder.path + "/folders").isEmpty)
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
      for text in [readers.help, error] { #expect(text.lowercased().contains(reader.name.lowercased())) }
      #expect(readers.help.contains(reader.summary) && reader.files.allSatisfy(readers.help.contains))
    }
    #expect(message("/nowhere", readers) == "/nowhere: there is no such folder or file")
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

import Compute
import Datasets
import Foundation
import Testing

/// Folders as people have them: other names, nested folders, links, files of other types, damaged images.
@Suite struct ImageFolderLayoutTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func image(_ key: UInt32, height: Int = 4, width: Int = 3, channels: Int = 1) -> RasterImage {
    let shape = ImageShape(height: height, width: width, channels: channels)
    return RasterImage(shape: shape, pixels: randomBytes(shape.count, key: key))
  }

  private func write(_ name: String, key: UInt32 = 0) throws { try write(image(key), name) }

  private func write(_ image: RasterImage, _ name: String) throws {
    _ = try folder.write(try image.encodedAsPNG(), name)
  }

  private func link(_ name: String, to target: String) throws {
    try FileManager.default.createSymbolicLink(atPath: "\(folder.path)/\(name)", withDestinationPath: target)
  }

  private func load(_ change: (inout DatasetOptions) -> Void = { _ in }) throws -> Dataset {
    var options = DatasetOptions()
    change(&options)
    return try Dataset.load(directory: folder.path, options: options)
  }

  private func message(_ change: (inout DatasetOptions) -> Void = { _ in }) -> String {
    do {
      _ = try load(change)
      return "accepted"
    } catch { return "\(error)" }
  }

  private func writeSplitSet() throws {
    for (key, name) in ["train/cat/a.png", "train/dog/a.png", "test/cat/a.png"].enumerated() {
      try write(name, key: UInt32(key))
    }
  }

  @Test(arguments: ["test", "val", "valid", "validation"]) func testFolderHasUsualName(name: String) throws {
    for name in ["train/cat/a.png", "train/dog/a.png"] { try write(name) }
    try write("\(name)/cat/a.png", key: 2)
    #expect(try load().test.pixels == randomBytes(12, key: 2) && load().notes.isEmpty)
    try write("val/dog/z.png")
    try write("test/cat/a.png", key: 3)
    let dataset = try load()
    #expect(dataset.test.pixels == randomBytes(12, key: 3))
    let unused = ["test": "val", "val": "val", "valid": "val and valid", "validation": "val and validation"][name]!
    #expect(dataset.notes == ["the images of \(unused) are not used: the test images are those of test"])
  }

  /// Upper case, as on Windows, and other words must not become classes.
  @Test(arguments: [["Train", "Test"], ["training", "testing"], ["TRAINING", "Validation"], ["train", "dev"]])
  func foldersOfPartsHaveOtherWords(names: [String]) throws {
    for (key, name) in ["\(names[0])/cat/a.png", "\(names[0])/dog/a.png", "\(names[1])/cat/a.png"].enumerated() {
      try write(name, key: UInt32(key))
    }
    let dataset = try load()
    #expect(dataset.classNames == ["cat", "dog"] && dataset.test.pixels == randomBytes(12, key: 2))
    let archive = ArchiveBytes.make(
      try ["\(names[0])/cat/a.png", "\(names[0])/dog/a.png", "\(names[1])/cat/a.png"].enumerated().map {
        (name: "all/\($1)", content: try image(UInt32($0)).encodedAsPNG())
      })
    #expect(try Dataset.load(directory: folder.write(archive, "set.tar")).digest == dataset.digest)
    try write("\(names[0].uppercased())/cat/a.png")
    try write("\(names[0].lowercased())/cat/a.png")
    #expect(message().contains("holds several folders of training images"))
  }

  @Test func foldersThatArePartsAreNoClasses() throws {
    for name in ["train/a.png", "train/b.png", "test/c.png"] { try write(name) }
    #expect(
      message().contains("/train: holds no class folders with images; expected one folder of images for each class"))
    let other = try ImageFolderLayoutTests()
    for part in ["seg_train", "seg_test", "seg_pred"] {
      for name in ["cat/a.png", "cat/b.png", "dog/a.png"] { try other.write("\(part)/\(name)") }
    }
    #expect(other.message().contains("has the folders seg_train and seg_test, which seem to be parts of the data set"))
  }

  @Test func classMayHaveTheNameOfAPart() throws {
    for name in ["train/a.png", "train/b.png", "bus/a.png", "bus/b.png", "test/a.png", "test/b.png"] { try write(name) }
    #expect(try load().classNames == ["bus", "test", "train"])
  }

  /// Images without classes beside another folder must not be taken for the classes `test` and `train`.
  @Test(arguments: ["labels/notes.txt", "validation/a.png"])
  func partsWithoutClassFoldersAreRefused(other: String) throws {
    for name in ["train/a.png", "train/b.png", "test/a.png", "test/b.png"] { try write(name) }
    _ = try folder.write([1], other)
    #expect(message().contains("no folders of classes") || message().contains("no class folders"), "\(message())")
    #expect(message { $0.isForEvaluation = true } == message())
  }

  @Test(arguments: [("valid", nil), ("train", "labels/notes.txt")] as [(String, String?)])
  func oneClassWithTheNameOfAPartIsEvaluated(name: String, other: String?) throws {
    for image in ["a.png", "b.png"] { try write("\(name)/\(image)") }
    if let other { _ = try folder.write([1], other) }
    let dataset = try load { $0.isForEvaluation = true }
    #expect(dataset.train.count == 0 && dataset.test.count == 2 && dataset.classNames == [name])
  }

  /// An evaluation needs no training images.
  @Test func testSetAloneIsEvaluated() throws {
    for (key, name) in ["test/cat/a.png", "test/cat/b.png", "test/dog/c.png"].enumerated() {
      try write(name, key: UInt32(key))
    }
    #expect(message().contains("/train: there is no such folder"))
    let dataset = try load { $0.isForEvaluation = true }
    #expect(dataset.train.count == 0 && dataset.test.labels == [0, 0, 1] && dataset.classNames == ["cat", "dog"])
  }

  @Test func imagesOfUnsupportedFormatsAreNamed() throws {
    try writeSplitSet()
    for name in ["train/cat/b.gif", "train/cat/c.TIF", "train/cat/notes.txt"] { _ = try folder.write([1], name) }
    #expect(
      try load().notes == [
        "1 file that is not an image was skipped: train/cat/notes.txt",
        "2 images of unsupported formats were skipped: train/cat/b.gif, train/cat/c.TIF; convert to PNG or JPEG what "
          + "should be used",
      ])
  }

  @Test func imagesOfNestedFoldersBelongToClass() throws {
    try writeSplitSet()
    for (key, name) in ["train/cat/b/x.png", "train/cat/b.png/y.png", "train/cat/b.png/c/z.png"].enumerated() {
      try write(name, key: UInt32(10 + key))
    }
    let dataset = try load()
    #expect(dataset.train.pixels == [0, 1, 10, 11, 12].flatMap { randomBytes(12, key: $0) })
    #expect(dataset.train.labels == [0, 1, 0, 0, 0])
  }

  @Test func otherFilesAreSkippedAndCounted() throws {
    try writeSplitSet()
    for name in ["train/list.csv", "train/cat/notes.txt", "train/cat/.DS_Store", "test/__MACOSX/cat/._a.png"] {
      _ = try folder.write([1], name)
    }
    #expect(mkfifo(folder.path + "/train/dog/pipe.png", 0o600) == 0)
    try write("train/lost.png")
    let dataset = try load()
    #expect(dataset.train.count == 2 && dataset.test.count == 1)
    #expect(
      dataset.notes == [
        "5 files that are not images were skipped: train/list.csv, train/cat/.DS_Store, train/cat/notes.txt …",
        "1 image that is in no class folder was skipped: train/lost.png",
      ])
  }

  /// Nothing of the folder is left out silently.
  @Test func filesBesidePartsAreSkippedAndCounted() throws {
    try writeSplitSet()
    let digest = try load().digest
    for name in ["stray.png", "unlabeled/a.png", "unlabeled/more/b.png"] { try write(name) }
    for name in ["readme.txt", "unlabeled/notes.txt", ".hidden"] { _ = try folder.write([1], name) }
    try link("unlabeled/self", to: ".")
    try link("current", to: "train")
    let dataset = try load()
    #expect(dataset.digest == digest && dataset.details.skippedCount == 6)
    #expect(
      dataset.notes == [
        "3 files that are not images were skipped: .hidden, readme.txt, unlabeled/notes.txt",
        "3 images that are in no class folder were skipped: stray.png, unlabeled/a.png, unlabeled/more/b.png",
        "1 link to folders that were read already was skipped: unlabeled/self",
      ])
    let all = ["unlabeled/a.png", "readme.txt", "train/cat/a.png", "train/dog/a.png"]
    let files = try all.map { (name: $0, content: try image(0).encodedAsPNG()) }
    func notes(_ files: [(name: String, content: [UInt8])]) throws -> [String] {
      try Dataset.load(directory: folder.write(ArchiveBytes.make(files), "set.tar")).notes
    }
    #expect(
      try notes(files + [("test/cat/a.png", files[0].content)]) == [
        "1 file that is not an image was skipped: readme.txt",
        "1 image that is in no class folder was skipped: unlabeled/a.png",
      ])
    let split = try notes(files + [("train/dog/b.png", files[0].content), ("__MACOSX/x", [1])])
    #expect(
      split.last == "2 files outside of the folder of the data set were skipped: unlabeled/a.png, readme.txt",
      "\(split)")
  }

  /// A table beside the folders must not hide them, nor they a list.
  @Test func listsAndFoldersDoNotHideEachOther() throws {
    for name in ["train/0.png", "train/1.png", "train/2.png", "train/3.png"] { try write(name) }
    let lines = (0..<4).map { "train/\($0).png,\($0 % 2 == 0 ? "cat" : "dog")\n" }.joined()
    _ = try folder.write(Array("path,label\n\(lines)".utf8), "labels.csv")
    #expect(try load().details.reader == "lists of images" && load().classNames == ["cat", "dog"])
    // The list of a part is named.
    try FileManager.default.removeItem(atPath: folder.path + "/labels.csv")
    _ = try folder.write(Array("file_name,label\n0.png,cat\n".utf8), "train/metadata.csv")
    #expect(
      message().hasSuffix(
        "/train: holds no class folders with images; use its list of images as the data: "
          + "--data \(folder.path)/train/metadata.csv"))
    // Folders of classes come first.
    for name in ["train/cat/a.png", "train/dog/a.png", "test/cat/a.png"] { try write(name) }
    _ = try folder.write(Array("path,label\n\(lines)".utf8), "labels.csv")
    #expect(try load().details.reader == "image folders")
    // Without labels, a table is no list.
    let other = try ImageFolderLayoutTests()
    for name in ["cat/a.png", "cat/b.png", "dog/a.png", "dog/b.png"] { try other.write(name) }
    _ = try other.folder.write(Array("filename,width\ncat/a.png,3\n".utf8), "metadata.csv")
    #expect(try other.load().details.reader == "class folders")
    let says = other.message { $0.labelColumn = "width" }
    #expect(
      says.hasSuffix(
        "the column 'width' of the list, give the list as the data set: --data \(other.folder.path)/metadata.csv"),
      "\(says)")
    _ = try other.folder.write(Array("filename,label\ncat/a.png,x\ncat/b.png,x\ndog/a.png,y".utf8), "metadata.csv")
    #expect(try other.load().details.reader == "lists of images")
  }

  @Test func linksAreFollowedWithoutLoops() throws {
    try writeSplitSet()
    try write("elsewhere/b.png", key: 7)
    try link("train/cat/files", to: "../../elsewhere")
    try link("train/cat/again", to: "files")
    try link("train/cat/up", to: "..")
    try link("elsewhere/self", to: ".")
    try link("train/cat/c.png", to: "../../elsewhere/b.png")
    let dataset = try load()
    // The link "up" leads to all classes: one time, and no further.
    #expect(dataset.train.labels.filter { $0 == 1 }.count == 1)
    #expect(dataset.train.labels.filter { $0 == 0 }.count == 4)
    #expect(dataset.notes.contains { $0.contains("links to folders that were read already were skipped") })
  }

  @Test func damagedImagesStopOrAreSkipped() throws {
    try writeSplitSet()
    let truncated = try Array(image(1).encodedAsPNG().dropLast(14))
    for name in ["train/cat/b.png", "train/dog/b.png", "test/cat/b.png"] { _ = try folder.write(truncated, name) }
    try link("train/dog/c.png", to: "nothing.png")
    for threads in [1, 2, 7] {
      let says = message { $0.threads = threads }
      #expect(
        says.contains("train/cat/b.png: is a truncated PNG image") && says.hasSuffix("use --damaged skip"), "\(says)")
    }
    let dataset = try load { $0.skipsDamaged = true }
    #expect(dataset.train.labels == [0, 1] && dataset.test.count == 1)
    let places = dataset.damaged.map { $0.description.replacing(folder.path + "/", with: "").prefix(15) }
    #expect(places == ["train/cat/b.png", "train/dog/b.png", "train/dog/c.png", "test/cat/b.png:"])
    #expect(dataset.notes.count == 1 && dataset.notes[0].hasPrefix("4 damaged images were skipped: "))
    #expect(dataset.notes[0].hasSuffix("and 1 more"))
    #expect(dataset.train.pixels == randomBytes(12, key: 0) + randomBytes(12, key: 1))
    // An image before others: these take its place.
    _ = try folder.write(truncated, "train/cat/0.png")
    #expect(try load { $0.skipsDamaged = true }.train == dataset.train)
    _ = try folder.write(truncated, "train/dog/a.png")
    #expect(message { $0.skipsDamaged = true }.contains("holds no undamaged training image of the class dog"))
  }

  /// The result is that of each image's conversion, whatever the number of threads.
  @Test(arguments: [1, 3]) func mixedImagesGetOneShape(channels: Int) throws {
    var images: [RasterImage] = []
    for index in 0..<25 {
      let isColor = channels == 3 && index >= 10
      images.append(image(UInt32(index), height: 5 + index % 4, width: 6 + index % 3, channels: isColor ? 3 : 1))
      try write(images[index], "\(index < 20 ? "train" : "test")/\(index % 2)/\(10 + index).png")
    }
    let order = 0..<20
    for fit in ImageConversion.Fit.allCases {
      let conversion = ImageConversion(
        color: channels == 3 ? .rgb : .gray, size: ImageSize(height: 6, width: 7), fit: fit)
      let expected = order.flatMap { conversion.image(images[$0]).pixels }
      for threads in [1, 2, 5] {
        let dataset = try load { ($0.threads, $0.conversion.fit) = (threads, fit) }
        #expect(dataset.train.pixels == expected && dataset.conversion == conversion)
        #expect(
          dataset.notes == [
            "the images have different sizes (5x6 to 8x8); they were resized to 6x7 (fit: \(fit.rawValue))"
          ])
      }
    }
    let gray = ImageConversion(color: .gray, size: ImageSize(height: 3, width: 3))
    #expect(try load { $0.conversion = gray }.train.pixels == order.flatMap { gray.image(images[$0]).pixels })
  }

  @Test func orientationCountsForTheSize() throws {
    for (index, name) in ["train/a/1", "train/b/3", "test/a/8"].enumerated() {
      _ = try folder.write(Fixture.bytes("orientation\([6, 5, 8][index]).jpg"), "\(name).jpg")
    }
    let dataset = try load()
    #expect(dataset.shape == ImageShape(height: 14, width: 9, channels: 3) && dataset.notes.isEmpty)
    #expect(try Array(dataset.train.pixels(of: 0)) == Fixture.image("orientation6.png").pixels)
  }

  /// Images that are larger than those of a data set may be are made smaller.
  @Test func largeImagesBecomeSmaller() throws {
    for name in ["train/a/1.png", "train/b/1.png", "test/a/1.png"] {
      try write(image(1, height: 600, width: 300), name)
    }
    let dataset = try load()
    #expect(dataset.shape == ImageShape(height: 64, width: 32, channels: 1))
    #expect(dataset.notes == ["all images are 600x300; they were resized to 64x32 (fit: crop)"])
    let size = ImageSize(height: 512, width: 256)
    #expect(try load { $0.conversion.size = size }.shape.size == size)
  }

  @Test func progressReachesAllFiles() throws {
    try writeSplitSet()
    let seen = Seen()
    _ = try load { $0.progress = { seen.calls.append([$0, $1]) } }
    #expect(seen.calls == [[3, 3]])
  }

  private final class Seen: @unchecked Sendable {  // called by one thread
    var calls: [[Int]] = []
  }
}

import Compute
import Datasets
import Foundation
import Testing

/// Folders of classes without a test set.
@Suite struct ClassFolderTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  /// Writes an image whose only pixel identifies it.
  private func write(_ name: String, _ pixel: UInt8) throws {
    let image = RasterImage(shape: ImageShape(height: 1, width: 1, channels: 1), pixels: [pixel])
    _ = try folder.write(try image.encodedAsPNG(), name)
  }

  private func load(fraction: Double = 0.2, seed: UInt64 = 0) throws -> Dataset {
    var options = DatasetOptions()
    (options.testFraction, options.seed) = (fraction, seed)
    return try Dataset.load(directory: folder.path, options: options)
  }

  private func message() -> String {
    do {
      _ = try load()
      return "accepted"
    } catch { return "\(error)" }
  }

  @Test func splitIsStratifiedAndComplete() throws {
    for index in 0..<200 { try write("\(index < 120 ? "cat" : "dog/sub")/\(1000 + index).png", UInt8(index)) }
    let dataset = try load()
    #expect(dataset.classNames == ["cat", "dog"])
    #expect(dataset.train.pixels.count + dataset.test.pixels.count == 200)
    #expect((dataset.train.pixels + dataset.test.pixels).sorted() == (0..<200).map { UInt8($0) })
    #expect(
      dataset.train.pixels.sorted() == dataset.train.pixels && dataset.test.pixels.sorted() == dataset.test.pixels)
    for set in [dataset.train, dataset.test] {
      #expect(zip(set.pixels, set.labels).allSatisfy { ($0 < 120 ? 0 : 1) == $1 })
    }
    #expect((10...40).contains(dataset.test.labels.count { $0 == 0 }))
    #expect((5...30).contains(dataset.test.labels.count { $0 == 1 }))
    #expect(
      dataset.notes.count == 1 && dataset.notes[0].hasPrefix("there is no test set; \(dataset.test.count) images"))
    // The seed and the fraction change the split; a smaller test set is a part of a larger one.
    #expect(try load(seed: 1).test.pixels != dataset.test.pixels)
    #expect(try Set(load(fraction: 0.4).test.pixels).isStrictSuperset(of: dataset.test.pixels))
    #expect(try load().digest == dataset.digest)
  }

  @Test func addedFilesDoNotMoveOthers() throws {
    for index in 0..<100 { try write("\(index % 2)/image-\(index).png", UInt8(index)) }
    let before = try load()
    for index in 100..<200 { try write("\(index % 3)/a-\(index).png", UInt8(index)) }
    let after = try load()
    #expect(after.test.pixels.filter { $0 < 100 }.sorted() == before.test.pixels.sorted())
    #expect(after.test.count > before.test.count)
  }

  /// Known values: the split must never change, since models depend on it.
  @Test func splitIsDefinedByDigestOfSeedAndName() throws {
    for index in 0..<40 { try write("\(index % 2)/\(index).png", UInt8(index)) }
    let expected = (0..<40).filter { index in
      var digest = Digest()
      digest.update("7\n\(index % 2)/\(index).png")
      return digest.finalize() < "4000"
    }
    #expect(try load(fraction: 0.25, seed: 7).test.pixels.sorted() == expected.map { UInt8($0) })
  }

  /// macOS decomposes names.
  @Test func splitIsIndependentOfUnicodeForm() throws {
    func split(_ letter: String) throws -> [UInt8] {
      let other = try ClassFolderTests()
      for index in 0..<60 { try other.write("\(letter)\(index % 2)/\(letter)\(index).png", UInt8(index)) }
      return try other.load().test.pixels.sorted()
    }
    #expect(try split("\u{e9}") == split("e\u{301}"))
  }

  @Test(arguments: [0.01, 0.99]) func smallClassesHaveImagesOfBothSets(fraction: Double) throws {
    for (index, name) in ["a/1", "a/2", "b/1", "b/2", "b/3", "c/1"].enumerated() {
      try write("\(name).png", UInt8(index))
    }
    let dataset = try load(fraction: fraction)
    #expect(Set(dataset.train.labels) == [0, 1, 2] && Set(dataset.test.labels) == [0, 1])
  }

  @Test func unusableFoldersAreRefusedOrReported() throws {
    try write("cat/a.png", 1)
    #expect(
      message().hasSuffix(
        "holds images of only one class (cat) and no test set; add a folder with images of another class, or a test set"
      ))
    try write("dog/a.png", 2)
    #expect(message().contains("holds one image of each class"))
    try write("dog/b.png", 3)
    _ = try folder.write([1], "documents/readme.txt")
    _ = try folder.write([1], "labels.csv")
    let dataset = try load()
    #expect(dataset.classNames == ["cat", "dog"] && dataset.train.count == 2 && dataset.test.count == 1)
    #expect(
      dataset.notes.prefix(2) == [
        "2 files that are not images were skipped: labels.csv, documents/readme.txt",
        "1 folder without images is not used: documents",
      ])
  }

  /// A data set that cannot train a model is a test set if it is only evaluated.
  @Test(arguments: [["cat/a", "dog/a"], ["cat/a", "cat/b", "cat/c"], ["cat/a"]])
  func imagesThatCannotBeSplitAreEvaluated(names: [String]) throws {
    for (pixel, name) in names.enumerated() { try write("\(name).png", UInt8(pixel)) }
    var options = DatasetOptions()
    options.cache = DatasetCache(folder: folder.path + "-cache", leastAge: -1)
    defer { try? FileManager.default.removeItem(atPath: folder.path + "-cache") }
    options.isForEvaluation = true
    let dataset = try Dataset.load(directory: folder.path, options: options)
    #expect(dataset.train.count == 0 && dataset.test.pixels.map(Int.init) == Array(names.indices))
    #expect(!dataset.details.isSplit && dataset.notes.count == 1 && dataset.notes[0].hasSuffix("evaluated"))
    #expect(Set(dataset.test.labels).count == dataset.classCount)
    // What only an evaluation accepts is not in the cache.
    #expect(!FileManager.default.fileExists(atPath: folder.path + "-cache"))
    options.isForEvaluation = false
    #expect(throws: DatasetError.self) { try Dataset.load(directory: folder.path, options: options) }
    // Other data sets are split as for a training.
    for (pixel, name) in ["dog/x", "dog/y", "hen/x"].enumerated() { try write("\(name).png", UInt8(pixel)) }
    let split = try load()
    options.isForEvaluation = true
    #expect(try Dataset.load(directory: folder.path, options: options).digest == split.digest && split.details.isSplit)
  }

  /// Images in folders at any depth, also behind links that form a loop.
  @Test func imagesAreInFoldersAtAnyDepth() throws {
    for (index, name) in ["a/2020/01/1", "a/2020/02/2", "b/2021/01/3", "b/2021/01/4"].enumerated() {
      try write("\(name).png", UInt8(index))
    }
    for name in ["a/2020/loop", "a/2020/02/loop"] {
      try FileManager.default.createSymbolicLink(atPath: "\(folder.path)/\(name)", withDestinationPath: "..")
    }
    _ = try folder.write([1], "readme.txt")
    let dataset = try load()
    #expect(dataset.classNames == ["a", "b"] && dataset.train.count + dataset.test.count == 4)
    let other = try ClassFolderTests()
    for name in ["a", "b"] {
      _ = try other.folder.write([1], "\(name)/x/notes.txt")
      try FileManager.default.createSymbolicLink(
        atPath: "\(other.folder.path)/\(name)/x/loop", withDestinationPath: "..")
    }
    #expect(other.message().contains("is not a data set of a known format"))
  }

  /// Training and test images that the user has separated must not be mixed.
  @Test(arguments: ["test", "Valid"]) func partsInFoldersOfClassesAreRefused(part: String) throws {
    let names = ["a/train/1.png", "a/\(part)/2.png", "b/train/1.png", "b/3.png"]
    for name in names { try write(name, 1) }
    let says =
      "has the parts train and \(part) of the data set in the folder of the class a; move the class folders into the "
      + "parts, as in train/a and \(part)/a"
    #expect(message().hasSuffix(says))
    let archive = ArchiveBytes.make(names.map { (name: $0, content: [1]) })
    let path = try folder.write(archive, "set.tar")
    #expect { try Dataset.load(directory: path) } throws: { "\($0)".hasSuffix(says) }
    // A class may have a folder with such a name.
    try FileManager.default.removeItem(atPath: "\(folder.path)/a/\(part)")
    #expect(try load().classNames == ["a", "b"])
  }

  /// A folder of plots beside the files of another format is not a data set.
  @Test func otherFormatsComeFirst() throws {
    try folder.writeIDXSet()
    for name in ["plots/a.png", "plots/b.png", "more/a.png"] { try write(name, 1) }
    #expect(try load().classNames == ["0", "1", "2"])
  }

  @Test func namesThatAreNotUTF8AreReadOrNamed() throws {
    for (index, name) in ["a/1", "a/2", "b/1", "b/2"].enumerated() { try write("\(name).png", UInt8(index)) }
    let name = Array("\(folder.path)/b/caf".utf8CString.dropLast()) + [-23] + Array(".png".utf8CString)
    #expect(rename("\(folder.path)/b/2.png", name) == 0)
    #expect(try load().train.count + load().test.count == 4)
    #expect(mkdir(Array("\(folder.path)/caf".utf8CString.dropLast()) + [-23, 0], 0o700) == 0)
    #expect(message().contains("caf\\xE9: has a name that is not UTF-8"))
  }
}

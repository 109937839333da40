import Datasets
import Foundation
import Testing

@Suite struct ImageFolderTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func writeImage(_ name: String, height: Int = 4, width: Int = 3, channels: Int = 1, key: UInt32 = 0) throws {
    let shape = ImageShape(height: height, width: width, channels: channels)
    try createFolder(URL(fileURLWithPath: name).deletingLastPathComponent().relativePath)
    try RasterImage(shape: shape, pixels: randomBytes(shape.count, key: key)).write("\(folder.path)/\(name)")
  }

  private func createFolder(_ name: String) throws {
    try FileManager.default.createDirectory(atPath: "\(folder.path)/\(name)", withIntermediateDirectories: true)
  }

  @Test(arguments: [1, 3]) func imagesAreSortedByName(channels: Int) throws {
    for (index, name) in ["train/cat/b.png", "train/cat/a.png", "train/ant/z.png", "test/cat/q.PNG"].enumerated() {
      try writeImage(name, channels: channels, key: UInt32(index))
    }
    for hidden in ["train/cat/.hidden", "train/.DS_Store", "test/.DS_Store"] { _ = try folder.write([1], hidden) }
    let dataset = try Dataset.load(directory: folder.path)
    #expect(dataset.shape == ImageShape(height: 4, width: 3, channels: channels))
    #expect(dataset.classNames == ["ant", "cat"])
    #expect(dataset.train.labels == [1, 1, 0] && dataset.test.labels == [1])
    #expect(dataset.train.pixels == [1, 0, 2].flatMap { randomBytes(12 * channels, key: $0) })
    #expect(dataset.name == URL(fileURLWithPath: folder.path).lastPathComponent)
  }

  /// Changes to a valid folder, with the expected errors.
  private static let faults: [(says: String, fault: @Sendable (ImageFolderTests) throws -> Void)] = [
    ("/test: there is no such folder", { try FileManager.default.removeItem(atPath: $0.folder.path + "/test") }),
    ("/test/hen: is a class of which", { try $0.writeImage("test/hen/a.png") }),
    (
      "/test/dog: is a class of which",
      { test in
        try test.writeImage("test/dog/a.png")
        try FileManager.default.removeItem(atPath: test.folder.path + "/train/dog/a.png")
      }
    ),
    (
      "in different Unicode forms",
      { test in for name in ["train/b\u{e9}/a.png", "train/be\u{301}/a.png"] { try test.writeImage(name) } }
    ),
    ("caf\\xE9: has a name that is not UTF-8", { try $0.createLatin1Folder("train") }),
    ("caf\\xE9: has a name that is not UTF-8", { try $0.createLatin1Folder("test") }),
    (
      "/train/cat/b.png: is not a PNG, JPEG, WebP or PGM/PPM image", { _ = try $0.folder.write([1], "train/cat/b.png") }
    ),
    ("/train: has the class name", { try $0.writeImage("train/c\u{7}t/a.png") }),
    ("/test: holds no images", { try FileManager.default.removeItem(atPath: $0.folder.path + "/test/cat/a.png") }),
    (
      "/test: holds images, but no class folders; expected one folder of images for each class; to use a part of the",
      { test in
        try FileManager.default.moveItem(
          atPath: test.folder.path + "/test/cat/a.png", toPath: test.folder.path + "/test/a.png")
      }
    ),
    (
      "has training images of only one class (cat); add",
      { try FileManager.default.removeItem(atPath: $0.folder.path + "/train/dog") }
    ),
    (
      "holds no class folders with images; expected",
      { test in
        for name in ["cat/a.png", "dog"] {
          try FileManager.default.removeItem(atPath: "\(test.folder.path)/train/\(name)")
        }
      }
    ),
    ("expected 1 to 256", { test in for name in 0..<256 { try test.writeImage("train/\(name)/a.png") } }),
  ]

  @Test(arguments: faults.indices) func refusesInvalidFolder(index: Int) throws {
    for name in ["train/cat/a.png", "train/dog/a.png", "test/cat/a.png"] { try writeImage(name) }
    #expect(try Dataset.load(directory: folder.path).train.count == 2)
    let (says, fault) = Self.faults[index]
    try fault(self)
    do {
      _ = try Dataset.load(directory: folder.path)
      Issue.record("accepted, expected: \(says)")
    } catch { #expect(error.description.contains(says), "\(error)") }
  }

  private func createLatin1Folder(_ part: String) throws {
    #expect(mkdir(Array("\(folder.path)/\(part)/caf".utf8CString.dropLast()) + [-23, 0], 0o700) == 0)
  }

  /// Image names may be any bytes.
  @Test func readsImagesWithNamesThatAreNotUTF8() throws {
    for (key, name) in ["train/cat/a.png", "train/dog/z.png", "test/cat/a.png"].enumerated() {
      try writeImage(name, key: UInt32(key))
    }
    try writeImage("train/cat/b.png", key: 7)
    let new = Array("\(folder.path)/train/cat/caf".utf8CString.dropLast()) + [-23] + Array(".png".utf8CString)
    #expect(rename("\(folder.path)/train/cat/b.png", new) == 0)
    let dataset = try Dataset.load(directory: folder.path)
    #expect(dataset.train.pixels == [0, 7, 1].flatMap { randomBytes(12, key: $0) })
  }

  /// macOS decomposes names, other systems do not. The class and the digest must be the same.
  @Test func classNamesAreEqualInAnyUnicodeForm() throws {
    func load(_ train: String, _ test: String) throws -> Dataset {
      let other = try ImageFolderTests()
      for (key, name) in ["train/\(train)/a.png", "train/dog/a.png", "test/\(test)/a.png"].enumerated() {
        try other.writeImage(name, key: UInt32(key))
      }
      return try Dataset.load(directory: other.folder.path)
    }
    let (composed, decomposed) = ("caf\u{e9}", "cafe\u{301}")
    let datasets = try [(composed, decomposed), (decomposed, composed), (composed, composed)].map(load)
    #expect(Set(datasets.map(\.digest)).count == 1)
    let names = [composed, "dog"].map { Array($0.utf8) }
    #expect(datasets.allSatisfy { $0.classNames.map { Array($0.utf8) } == names })
    #expect(datasets[0].test.labels == [0])
  }

  /// As in class folders without a split.
  @Test func classFoldersWithoutImagesAreNotUsed() throws {
    for name in ["train/cat/a.png", "train/dog/a.png", "test/cat/a.png"] { try writeImage(name) }
    let digest = try Dataset.load(directory: folder.path).digest
    try createFolder("train/hen/more")
    for name in ["dog", "hen"] { try createFolder("test/\(name)") }
    let dataset = try Dataset.load(directory: folder.path)
    #expect(dataset.classNames == ["cat", "dog"] && dataset.digest == digest)
    #expect(
      dataset.notes == [
        "1 folder without images is not used: train/hen", "2 folders without images are not used: test/dog, test/hen",
      ])
  }

  @Test func systemFilesAreSkippedAndReported() throws {
    for name in ["train/cat/a.png", "train/dog/a.png", "test/cat/a.png"] { try writeImage(name) }
    #expect(try Dataset.load(directory: folder.path).notes.isEmpty)
    _ = try folder.write([1], "train/cat/Thumbs.db")
    #expect(
      try Dataset.load(directory: folder.path).notes == [
        "1 file that is not an image was skipped: train/cat/Thumbs.db"
      ])
    _ = try folder.write([1], "train/desktop.ini")
    let dataset = try Dataset.load(directory: folder.path)
    #expect(
      dataset.notes == ["2 files that are not images were skipped: train/desktop.ini, train/cat/Thumbs.db"])
    #expect(dataset.classNames == ["cat", "dog"] && dataset.train.count == 2)
  }

  /// One image with a palette among gray or RGB images, before or after the others.
  @Test(arguments: [1, 3], ["a", "c"]) func grayPaletteFitsGrayAndRGBSets(channels: Int, name: String) throws {
    for name in ["train/cat/b.png", "train/dog/z.png", "test/cat/a.png"] { try writeImage(name, channels: channels) }
    let rows = (0..<4).map { row in (0..<3).map { UInt8(row * 3 + $0) } }
    let grays = (0..<12).map { UInt8(20 * $0) }
    let palette: [UInt8] = grays.flatMap { [$0, $0, $0] } + [1, 2, 3]
    let file = PNGBytes.file(height: 4, width: 3, .palette, rows: rows, extra: PNGBytes.chunk("PLTE", palette))
    _ = try folder.write(file, "train/cat/\(name).png")
    let dataset = try Dataset.load(directory: folder.path)
    #expect(dataset.shape.channels == channels)
    let expected = grays.flatMap { [UInt8](repeating: $0, count: channels) }
    #expect(Array(dataset.train.pixels(of: name == "a" ? 0 : 1)) == expected)
  }

  @Test func transparencyIsReportedOnce() throws {
    for name in ["train/cat/a.png", "train/dog/z.png", "test/cat/a.png"] { try writeImage(name) }
    for name in ["b", "c"] {
      let rows = [[UInt8]](repeating: [0, 255, 100, 128, 7, 0], count: 4)
      _ = try folder.write(PNGBytes.file(height: 4, width: 3, .grayAlpha, rows: rows), "train/cat/\(name).png")
    }
    let dataset = try Dataset.load(directory: folder.path)
    #expect(
      dataset.notes == [
        "2 images have transparent pixels, which were blended onto white: train/cat/b.png, train/cat/c.png"
      ])
    #expect(dataset.train.pixels(of: 2).prefix(3) == [0, 177, 255])
  }
}

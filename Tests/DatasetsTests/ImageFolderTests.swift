import Datasets
import Foundation
import Testing

@Suite struct ImageFolderTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func writeImage(_ name: String, height: Int = 4, width: Int = 3, channels: Int = 1, key: UInt32 = 0) throws {
    let shape = ImageShape(height: height, width: width, channels: channels)
    try createFolder(URL(fileURLWithPath: name).deletingLastPathComponent().relativePath)
    try PNGImage(shape: shape, pixels: randomBytes(shape.count, key: key)).write("\(folder.path)/\(name)")
  }

  private func createFolder(_ name: String) throws {
    try FileManager.default.createDirectory(atPath: "\(folder.path)/\(name)", withIntermediateDirectories: true)
  }

  @Test(arguments: [1, 3]) func imagesComeInTheOrderOfNames(channels: Int) throws {
    for (index, name) in ["train/cat/b.png", "train/cat/a.png", "train/ant/z.png", "test/cat/q.PNG"].enumerated() {
      try writeImage(name, channels: channels, key: UInt32(index))
    }
    for hidden in ["train/cat/.hidden", "train/.DS_Store", "test/.DS_Store"] { _ = try folder.write([1], hidden) }
    let dataset = try Dataset.load(directory: folder.path)
    #expect(dataset.shape == ImageShape(height: 4, width: 3, channels: channels))
    #expect(dataset.classNames == ["ant", "cat"])
    #expect(dataset.train.labels == [0, 1, 1] && dataset.test.labels == [1])
    #expect(dataset.train.pixels == [2, 1, 0].flatMap { randomBytes(12 * channels, key: $0) })
    #expect(dataset.name == URL(fileURLWithPath: folder.path).lastPathComponent)
  }

  /// What is done to a good folder, and what the error must say.
  private static let faults: [(says: String, fault: @Sendable (ImageFolderTests) throws -> Void)] = [
    ("/test: there is no such folder", { try FileManager.default.removeItem(atPath: $0.folder.path + "/test") }),
    ("/test/dog: is a class that", { try $0.writeImage("test/dog/a.png") }),
    (
      "/test/be\u{301}: is a class that",
      { test in for name in ["train/b\u{e9}/a.png", "test/be\u{301}/a.png"] { try test.writeImage(name) } }
    ),
    ("/test/cat/b.png: is 4x5, but the images before it are 4x3", { try $0.writeImage("test/cat/b.png", width: 5) }),
    ("/train/cat/b.png: is 4x5, but the images before it are 4x3", { try $0.writeImage("train/cat/b.png", width: 5) }),
    ("all grey or all RGB", { try $0.writeImage("train/cat/b.png", channels: 3) }),
    ("/train/cat/notes.txt: is not named *.png", { _ = try $0.folder.write([1], "train/cat/notes.txt") }),
    ("/train/cat/b.png: is not a PNG image", { _ = try $0.folder.write([1], "train/cat/b.png") }),
    ("/train/cat/b.png: is a folder, not a file", { try $0.createFolder("train/cat/b.png") }),
    ("/train/list.csv: is not a folder", { _ = try $0.folder.write([1], "train/list.csv") }),
    ("/train/dog: holds no images", { try $0.createFolder("train/dog") }),
    ("/train: names a class", { try $0.writeImage("train/c\u{7}t/a.png") }),
    ("/test: holds no images", { try FileManager.default.removeItem(atPath: $0.folder.path + "/test/cat/a.png") }),
    ("holds no class folders", { try FileManager.default.removeItem(atPath: $0.folder.path + "/train/cat") }),
    ("from 1 to 256 are read", { test in for name in 0..<256 { try test.createFolder("train/\(name)") } }),
  ]

  @Test(arguments: faults.indices) func aFolderThatIsNotRightIsRefused(index: Int) throws {
    try writeImage("train/cat/a.png")
    try writeImage("test/cat/a.png")
    #expect(try Dataset.load(directory: folder.path).train.count == 1)
    let (says, fault) = Self.faults[index]
    try fault(self)
    do {
      _ = try Dataset.load(directory: folder.path)
      Issue.record("accepted, expected: \(says)")
    } catch { #expect(error.description.contains(says), "\(error)") }
  }

  @Test func aNameThatIsNoTextIsRefused() throws {
    try writeImage("test/cat/a.png")
    try writeImage("train/cat/a.png")
    let name = Array((folder.path + "/train/cat/").utf8CString.dropLast()) + [-1, -2] + Array(".png".utf8CString)
    #expect(mkdir(name, 0o700) == 0)
    #expect(throws: DatasetError.self) { try Dataset.load(directory: folder.path) }
  }
}

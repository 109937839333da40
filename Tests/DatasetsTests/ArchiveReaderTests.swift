import Compute
import Datasets
import Foundation
import Testing

/// Zip and tar archives of image folders.
@Suite struct ArchiveReaderTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  /// An image whose only pixel identifies it.
  private static func image(_ pixel: UInt8) throws -> [UInt8] {
    try RasterImage(shape: ImageShape(height: 1, width: 1, channels: 1), pixels: [pixel]).encodedAsPNG()
  }

  private func files(_ names: [String]) throws -> [(name: String, content: [UInt8])] {
    try names.enumerated().map { ($0.element, try Self.image(UInt8($0.offset))) }
  }

  private func load(
    _ archive: [UInt8], _ name: String = "pets.tar", change: (inout DatasetOptions) -> Void = { _ in }
  ) throws -> Dataset {
    var options = DatasetOptions()
    change(&options)
    return try Dataset.load(directory: try folder.write(archive, name), options: options)
  }

  private func message(_ archive: [UInt8], _ name: String = "pets.tar", skipsDamaged: Bool = false) -> String {
    do {
      _ = try load(archive, name) { $0.skipsDamaged = skipsDamaged }
      return "accepted"
    } catch { return "\(error)" }
  }

  private static let split = ["train/dog/b.png", "train/cat/a.png", "train/cat/c/d.png", "test/cat/e.png"]

  /// The data set is that of the unpacked folder, in every format and under any name.
  @Test(arguments: ArchiveBytes.Format.allCases, [0, 1, 2]) func layoutIsThatOfFolder(
    format: ArchiveBytes.Format, layout: Int
  ) throws {
    let names = [
      Self.split + ["train/cat/Thumbs.db", "__MACOSX/._train"],
      Self.split.map { "./pets/2024/" + $0 } + ["pets/.DS_Store"],
      (0..<40).map { "\($0 % 2 == 0 ? "cat" : "dog")/\($0).png" },
    ][layout]
    let files = try files(names)
    let archive = ArchiveBytes.make(files, format)
    for file in files { _ = try folder.write(file.content, "unpacked/\(file.name)") }
    let place = folder.path + (layout == 1 ? "/unpacked/pets/2024" : "/unpacked")
    let expected = try Dataset.load(directory: place)
    for name in ["pets.\(format.ending)"] + (format == .zip || format == .tar ? ["pets"] : []) {
      let dataset = try load(archive, name)
      #expect(dataset.digest == expected.digest && dataset.classNames == ["cat", "dog"], "\(name)")
      #expect(dataset.name == "pets" && dataset.notes == (layout == 1 ? [] : expected.notes))
    }
    #expect(expected.train.count + expected.test.count == (layout == 2 ? 40 : 4))
  }

  @Test func archiveOfTrainingFolderIsSplit() throws {
    let files = try files((0..<40).map { "train/\($0 % 2)/\($0).png" })
    let dataset = try load(ArchiveBytes.make(files))
    #expect(dataset.train.count + dataset.test.count == 40 && dataset.test.count > 1)
    // Its class folders, under a name that says the same, or that names both parts.
    let classes = ArchiveBytes.make(files.map { (name: String($0.name.dropFirst(6)), content: $0.content) })
    for name in ["train.tar", "test-and-train.tar"] { #expect(try load(classes, name).digest == dataset.digest) }
  }

  @Test func severalArchivesAreTrainingAndTestSet() throws {
    _ = try folder.write(ArchiveBytes.make(try files(["train/cat/a.png", "train/dog/b.png"]), .zip), "set/Train.zip")
    _ = try folder.write(ArchiveBytes.make(try files(["cat/a.png", "dog/b.png", "dog/c.png"])), "set/my-test.tar")
    let dataset = try Dataset.load(directory: folder.path + "/set")
    #expect(dataset.train.pixels == [0, 1] && dataset.test.pixels == [0, 1, 2] && dataset.name == "set")
    _ = try folder.write([], "set/more.zip")
    #expect(throws: DatasetError.self) { try Dataset.load(directory: folder.path + "/set") }
  }

  /// The order is that of the names, not that of the archive; gray and color images are mixed.
  @Test(arguments: [1, 3]) func imagesOfAnyOrderAndKindGetOneShape(threads: Int) throws {
    let names = (0..<5000).map { "\(["train", "test"][$0 % 2])/\($0 % 3)/\(10_000 + ($0 * 7919) % 5000).png" }
    let files = try names.enumerated().map { index, name in
      let shape = ImageShape(height: 1 + index % 2, width: 1, channels: index == 4000 ? 3 : 1)
      let pixels = (0..<shape.count).map { UInt8(truncatingIfNeeded: index * 31 + 100 * $0) }
      return (name: name, content: try RasterImage(shape: shape, pixels: pixels).encodedAsPNG())
    }
    for file in files { _ = try folder.write(file.content, "unpacked/\(file.name)") }
    let expected = try Dataset.load(directory: folder.path + "/unpacked")
    let dataset = try load(ArchiveBytes.make(files, .zstd)) { $0.threads = threads }
    #expect(dataset.digest == expected.digest && dataset.shape.channels == 3 && dataset.notes == expected.notes)
  }

  @Test(arguments: ArchiveBytes.Format.allCases) func namesAreBytes(format: ArchiveBytes.Format) throws {
    let dataset = try load(
      ArchiveBytes.make(try files(["caf\u{e9}/a\u{e9}.png", "caf\u{e9}/b.png", "dog/a.png", "dog/b.png"]), format))
    #expect(dataset.classNames == ["caf\u{e9}", "dog"] && dataset.train.count + dataset.test.count == 4)
  }

  @Test func linksAreSkippedAndCounted() throws {
    var entries = try files(Self.split).map { ArchiveBytes.Entry(name: $0.name, content: $0.content) }
    entries.append(ArchiveBytes.Entry(name: "train/cat/x.png", symbolicLink: "../../../../etc/passwd"))
    entries.append(ArchiveBytes.Entry(name: "train/cat/y.png", hardLink: "train/cat/a.png"))
    let dataset = try load(ArchiveBytes.make(entries))
    #expect(dataset.train.count == 3)
    #expect(dataset.notes == ["2 links in the archive were skipped: train/cat/x.png, train/cat/y.png"])
  }

  @Test(arguments: ["../train/cat/x.png", "/train/cat/x.png", "train/../../x.png"])
  func namesOutsideOfArchiveAreRefused(name: String) throws {
    let archive = ArchiveBytes.make(try files(Self.split + [name]))
    #expect(message(archive).contains("holds the entry \"\(name)\", which lies outside of the archive"))
  }

  @Test func encryptedEntryIsNamed() throws {
    let entries = try files(Self.split).map { ArchiveBytes.Entry(name: $0.name, content: $0.content) }
    let archive = ArchiveBytes.make(entries, .zip, password: "secret")
    #expect(message(archive, "pets.zip").contains("the entry train/dog/b.png is encrypted"))
  }

  @Test func repeatedNamesAreRefused() throws {
    let archive = ArchiveBytes.make(try files(Self.split + [Self.split[0]]))
    #expect(message(archive).contains("holds several entries with the name train/dog/b.png"))
  }

  /// An entry that declares 8 GiB.
  @Test func decompressionBombsAreRefused() throws {
    var header = ArchiveBytes.make(try files(Self.split) + [("bomb", [1])])
    // The size of the last entry, in octal digits.
    let place = try #require(header.indices.last { header[$0...].starts(with: "bomb".utf8) }) + 124
    header.replaceSubrange(place..<place + 12, with: Array("77777777777\0".utf8))
    let block = place - 124
    header.replaceSubrange(block + 148..<block + 156, with: Array("        ".utf8))
    let sum = header[block..<block + 512].reduce(0) { $0 + Int($1) }
    let digits = String(sum, radix: 8)
    header.replaceSubrange(
      block + 148..<block + 156, with: Array((String(repeating: "0", count: 6 - digits.count) + digits + "\0 ").utf8))
    #expect(message(header).contains("at the entry bomb; this archive is damaged or a decompression bomb"))
  }

  @Test func imagesBeyondTheLimitAreDamaged() throws {
    var entries = try files(Self.split).map { ArchiveBytes.Entry(name: $0.name, content: $0.content) }
    entries.append(ArchiveBytes.Entry(name: "train/cat/large.png", size: 257 << 20))
    let archive = ArchiveBytes.make(entries, .gzip)
    #expect(message(archive, "pets.tgz").contains("train/cat/large.png: is longer than 262144 KiB, the maximum"))
    #expect(message(archive, "pets.tgz", skipsDamaged: true) == "accepted")
  }

  /// Every truncation is an error, or loses no image.
  @Test(arguments: ArchiveBytes.Format.allCases) func truncatedArchivesAreErrors(format: ArchiveBytes.Format) throws {
    let archive = ArchiveBytes.make(try files(Self.split), format)
    let complete = try load(archive, "pets.\(format.ending)").digest
    for length in stride(from: 0, to: archive.count, by: 97) {
      let name = "cut.\(format.ending)"
      if let digest = try? load(Array(archive[..<length]), name).digest { #expect(digest == complete, "\(length)") }
    }
    #expect(message(Array(archive[..<(archive.count / 3)]), "cut.\(format.ending)").contains("cut.\(format.ending)"))
  }

  /// A changed byte is an error or changes nothing: libarchive itself does not compare the checksums of gzip files.
  @Test(arguments: [ArchiveBytes.Format.gzip, .zip, .xz, .bzip2]) func changedBytesAreFound(
    format: ArchiveBytes.Format
  ) throws {
    let pixels = randomBytes(400, key: 3)
    let image = Array("P5\n20 20\n255\n".utf8) + pixels
    let archive = ArchiveBytes.make(
      [("train/a/1.pgm", image), ("train/b/1.pgm", image), ("test/a/1.pgm", image)], format)
    for place in archive.indices {
      var changed = archive
      changed[place] ^= 0x10
      guard let dataset = try? load(changed, "pets.\(format.ending)") else { continue }
      #expect(dataset.train.pixels == pixels + pixels && dataset.test.pixels == pixels, "byte \(place)")
    }
  }

  @Test(arguments: ArchiveBytes.Format.allCases) func mutatedArchivesNeverCrash(format: ArchiveBytes.Format) throws {
    let original = ArchiveBytes.make(try files(Self.split + ["train/cat/\u{e9}.png", "b.cls"]), format)
    var random = RandomSequence(seed: 9, .test)
    for _ in 0..<300 {
      let archive = mutated(original, &random)
      guard let dataset = try? load(archive, "pets.\(format.ending)") else { continue }
      #expect(dataset.train.pixels.count == dataset.train.count && dataset.train.count <= 4)
    }
  }

  @Test func damagedImagesOfZipAreSkipped() throws {
    let files = try files(Self.split + ["train/cat/z.png"])
    var archive = ArchiveBytes.make(files, .zip)
    let name = try #require(archive.indices.first { archive[$0...].starts(with: "train/cat/z.png".utf8) })
    archive[name + 40] ^= 0xff
    #expect(message(archive, "pets.zip").contains("train/cat/z.png: is damaged in the archive"))
    let dataset = try load(archive, "pets.zip") { $0.skipsDamaged = true }
    #expect(dataset.train.count == 3 && dataset.damaged.count == 1)
  }

  @Test func otherFilesAreErrors() throws {
    #expect(message([1, 2, 3]).contains("pets.tar: cannot be read as a zip or tar archive"))
    #expect(message(ArchiveBytes.make([("a.txt", [1])])).contains("pets.tar: holds no folders of images"))
    let images = ArchiveBytes.make(try files(["a.png", "b.png"]))
    #expect(message(images, "test.tar").contains("test.tar: holds no folders of images"))
  }

  @Test(arguments: ["", "train/"]) func archiveOfOneClassIsOnlyEvaluated(place: String) throws {
    let archive = ArchiveBytes.make(try files(["\(place)cat/a.png", "\(place)cat/b.png"]))
    #expect(message(archive).contains("pets.tar: holds images of only one class (cat) and no test set; add a folder"))
    let dataset = try load(archive) { $0.isForEvaluation = true }
    #expect(dataset.train.count == 0 && dataset.test.pixels == [0, 1] && dataset.classNames == ["cat"])
  }

  /// The name of the archive or its only folder says that it is a test set, of which an evaluation uses all images.
  @Test(arguments: [
    ("my-test.zip", ""), ("val.zip", "pets/"), ("test.zip", "test/"), ("pets.zip", "test/"), ("pets.zip", "all/Val/"),
  ]) func testSetAloneIsEvaluated(name: String, place: String) throws {
    let archive = ArchiveBytes.make(
      try files((0..<20).map { "\(place)\($0 % 2 == 0 ? "cat" : "dog")/\(10 + $0).png" }), .zip)
    #expect(
      message(archive, name).contains(
        "\(name): holds test images only, by the name of the archive or of the folder in it; add training images"))
    let dataset = try load(archive, name) { $0.isForEvaluation = true }
    #expect(dataset.train.count == 0 && dataset.test.pixels == Array(0..<20) && dataset.classNames == ["cat", "dog"])
    #expect(dataset.notes.isEmpty)
  }

  /// Folders of parts count more than the name of an archive, and a folder of this name around them.
  @Test(arguments: ["", "test/", "train/"]) func archiveWithBothPartsMayHaveAnyName(place: String) throws {
    let archive = ArchiveBytes.make(try files(Self.split.map { place + $0 }))
    let expected = try load(ArchiveBytes.make(try files(Self.split))).digest
    let withJunk = ArchiveBytes.make(try files(Self.split.map { place + $0 } + ["\(place)__MACOSX/train/._b.png"]))
    #expect(try load(withJunk, "test.tar").digest == expected)
    for name in ["pets.tar", "test.tar", "train.tar"] { #expect(try load(archive, name).digest == expected, "\(name)") }
  }
}

import Compute
import Datasets
import Foundation
import Testing

@Suite struct WebDatasetReaderTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private static func image(_ pixel: UInt8) throws -> [UInt8] {
    try RasterImage(shape: ImageShape(height: 1, width: 1, channels: 1), pixels: [pixel]).encodedAsPNG()
  }

  /// Returns the files of samples with the pixels of `range`; a label is the last digit of the pixel.
  private func samples(_ range: Range<Int>, label: (Int) -> (String, String) = { ("cls", "\($0 % 10)") }) throws
    -> [(name: String, content: [UInt8])]
  {
    try range.flatMap { index in
      let (ending, text) = label(index)
      return [("s/\(index).\(ending)", Array(text.utf8)), ("s/\(index).PNG", try Self.image(UInt8(index)))]
    }
  }

  private func message(_ files: [(name: String, content: [UInt8])]) throws -> String {
    do {
      _ = try Dataset.load(directory: folder.write(ArchiveBytes.make(files), "bad.tar"))
      return "accepted"
    } catch { return "\(error)" }
  }

  @Test func readsShardsOfFolderInOrder() throws {
    for shard in 0..<3 {
      _ = try folder.write(
        ArchiveBytes.make(try samples(20 * shard..<20 * shard + 20), shard == 1 ? .gzip : .tar),
        "x-train-00\(shard).tar\(shard == 1 ? ".gz" : "")")
    }
    _ = try folder.write(ArchiveBytes.make(try samples(100..<110)), "x-val-000.tar")
    let dataset = try Dataset.load(directory: folder.path)
    #expect(dataset.train.pixels == (0..<60).map { UInt8($0) } && dataset.test.pixels == (100..<110).map { UInt8($0) })
    #expect(dataset.train.labels == (0..<60).map { UInt8($0 % 10) } && dataset.classCount == 10)
    _ = try folder.write(ArchiveBytes.make(try samples(200..<210)), "x-test-000.tar")
    let other = try Dataset.load(directory: folder.path)
    #expect(other.test.pixels == (200..<210).map { UInt8($0) })
    #expect(other.notes == ["10 images of the validation set are not used"])
  }

  @Test func patternsNameShards() throws {
    for shard in 8..<11 {
      let name = "x-\(shard < 10 ? "0" : "")\(shard).tar"
      _ = try folder.write(ArchiveBytes.make(try samples(20 * shard..<20 * shard + 20)), name)
    }
    let all = try Dataset.load(directory: folder.path + "/x-{08..10}.tar")
    #expect(all.train.count + all.test.count == 60)
    #expect(try Dataset.load(directory: folder.path).digest == all.digest)
    let some = try Dataset.load(directory: folder.path + "/x-{08,10}.tar")
    #expect(some.train.count + some.test.count == 40)
    _ = try folder.write(ArchiveBytes.make(try samples(100..<110)), "y/x-10.tar")
    let folders = try Dataset.load(directory: folder.path + "/{,y/}x-10.tar")
    #expect(folders.train.count + folders.test.count == 30)
    let cases = [
      ("{x,x}-10.tar", "names a file twice"), ("x-{08..11}.tar", "x-11.tar: there is no such file"),
      ("x-{0..900000}.tar", "more than 100000 files"),
      ("x-{}.tar", "there is no such folder"), ("x-{3..1}.tar", "there is no such folder"),
      ("x-{a..b}.tar", "there is no such folder"), ("{0..999}{0..999}{0..999}", "more than 100000 files"),
    ]
    for (pattern, says) in cases {
      #expect { try Dataset.load(directory: "\(folder.path)/\(pattern)") } throws: { "\($0)".contains(says) }
    }
  }

  /// A label is text, a number in JSON, or a field of it.
  @Test(arguments: [
    ("cls", "VALUE\n"), ("json", "\"VALUE\""), ("json", #"{"width": 3, "label": "VALUE"}"#),
    ("json", #"{"cls": "VALUE"}"#),
  ]) func labelsAreTextOrFields(ending: String, content: String) throws {
    for names in [["0", "1"], ["cat", "e\u{301}l"]] {
      let files = try samples(0..<40) { (ending, content.replacing("VALUE", with: names[$0 % 2])) }
      let dataset = try Dataset.load(directory: folder.write(ArchiveBytes.make(files), "set.tar"))
      #expect(dataset.classNames == names.map { $0.precomposedStringWithCanonicalMapping })
      #expect(zip(dataset.train.pixels, dataset.train.labels).allSatisfy { $0 % 2 == $1 })
      #expect(dataset.name == "set" && dataset.train.count + dataset.test.count == 40)
    }
    let numbers = try samples(0..<40) { ("json", "{\"label\": \($0 % 3)}") }
    #expect(try Dataset.load(directory: folder.write(ArchiveBytes.make(numbers), "set.tar")).classCount == 3)
  }

  @Test func incompleteSamplesAreSkippedAndCounted() throws {
    let files =
      try samples(0..<40) + [("s/90.png", try Self.image(1)), ("s/91.txt", [65]), ("s/92.json", Array("{}".utf8))]
    let dataset = try Dataset.load(directory: folder.write(ArchiveBytes.make(files), "set.tar"))
    #expect(dataset.train.count + dataset.test.count == 40)
    #expect(
      dataset.notes.prefix(2) == [
        "2 files that are neither images nor labels were skipped: s/91.txt, s/92.json",
        "1 image without a label was skipped: s/90.png",
      ])
  }

  @Test func invalidSamplesAreErrors() throws {
    let image = try Self.image(1)
    let good = try samples(0..<20)
    #expect(try message(good + [("s/1.jpg", image)]).contains("the sample s/1 has several images"))
    #expect(
      try message(good + [("t.png", image), ("t.cls", [0xff])]).contains("bad.tar/t.cls: is not the number or name"))
    #expect(try message(good + [("t.png", image), ("t.cls", [])]).contains("bad.tar/t.cls: is not the number or name"))
    #expect(
      try message(good + [("t.png", Array(image.dropLast(3))), ("t.cls", [48])]).contains("bad.tar/t.png: is a trunc"))
    #expect(try message(samples(0..<2)).contains("bad.tar: holds one image of each class and no test set"))
  }

  private func loadForEvaluation(_ path: String) throws -> Dataset {
    var options = DatasetOptions()
    options.isForEvaluation = true
    return try Dataset.load(directory: path, options: options)
  }

  @Test func samplesOfOneClassAreOnlyEvaluated() throws {
    let files = try samples(0..<5) { _ in ("cls", "cat") }
    #expect(
      try message(files).hasSuffix(
        "holds images of only one class (cat) and no test set; add images of another class, or a test set"))
    let dataset = try loadForEvaluation(folder.write(ArchiveBytes.make(files), "set.tar"))
    #expect(dataset.train.count == 0 && dataset.test.pixels == [0, 1, 2, 3, 4] && dataset.classNames == ["cat"])
    #expect(dataset.notes == ["there is no test set, and the only class is cat; all 5 images are evaluated"])
  }

  /// One shard or several, by their names; an evaluation needs no training images.
  @Test(arguments: [["x-test-000.tar"], ["val.tar"], ["x-test-000.tar", "x-test-001.tar"]])
  func testSetAloneIsEvaluated(names: [String]) throws {
    for (index, name) in names.enumerated() {
      _ = try folder.write(ArchiveBytes.make(try samples(20 * index..<20 * index + 20)), name)
    }
    #expect {
      try Dataset.load(directory: folder.path)
    } throws: {
      "\($0)".hasSuffix(
        "holds test images only; expected an archive with train in its name too, or names without test and val")
    }
    for path in [folder.path] + (names.count == 1 ? ["\(folder.path)/\(names[0])"] : []) {
      let dataset = try loadForEvaluation(path)
      #expect(dataset.train.count == 0 && dataset.test.pixels == (0..<20 * names.count).map { UInt8($0) })
      #expect(dataset.notes.isEmpty)
    }
  }

  /// The name of a single shard of training images changes nothing.
  @Test func trainingShardAloneIsSplit() throws {
    let samples = ArchiveBytes.make(try samples(0..<40))
    let expected = try Dataset.load(directory: folder.write(samples, "set.tar"))
    #expect(try Dataset.load(directory: folder.write(samples, "train.tar")).digest == expected.digest)
  }

  @Test func mutatedFilesNeverCrash() throws {
    let original = ArchiveBytes.make(
      try samples(0..<10) { $0 % 2 == 0 ? ("cls", "1") : ("json", #"{"label": 2}"#) }, .tar)
    var random = RandomSequence(seed: 10, .test)
    for _ in 0..<500 {
      let path = try folder.write(mutated(original, &random), "set.tar")
      guard let dataset = try? Dataset.load(directory: path) else { continue }
      #expect(dataset.train.count + dataset.test.count <= 10)
    }
  }
}

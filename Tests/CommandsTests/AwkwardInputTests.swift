import Datasets
import Foundation
import Models
import Testing

/// Folders and images that other tools have stumbled over, as users run them.
@Suite struct AwkwardInputTests {
  let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
    try writeFolders("plain")
    _ = try atelier("train", "tree", "--data", "plain", "--output", "m")
  }

  private func atelier(_ arguments: String...) throws -> AtelierProcess { try AtelierProcess(arguments, in: folder) }

  /// Writes `train/CLASS` and a folder of test images with the images of the tiny data.
  private func writeFolders(_ name: String, test: String = "test", _ classes: [String] = ["cat", "hen", "owl"]) throws {
    for (part, numbers) in [("train", 0..<60), (test, 60..<90)] {
      for (label, className) in classes.enumerated() {
        let path = folder.file("\(name)/\(part)/\(className)")
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        for number in numbers where number % 3 == label { try TinyData.writeImage(number, to: "\(path)/\(number).png") }
      }
    }
  }

  private func digest(_ data: String, _ options: String...) throws -> String? {
    let run = try AtelierProcess(["data", data, "--json", "-"] + options, in: folder)
    #expect(run.status == 0, "\(run.errors)")
    return (try JSONSerialization.jsonObject(with: Data(run.output.utf8)) as? [String: Any])?["digest"] as? String
  }

  @Test(arguments: ["val", "valid", "validation"]) func testFolderMayHaveOtherNames(test: String) throws {
    try writeFolders("other", test: test)
    #expect(try digest("other") == digest("plain"))
  }

  @Test func systemFilesAreSkippedAndCounted() throws {
    try writeFolders("junk")
    for name in ["train/cat/Thumbs.db", "train/desktop.ini", "test/.DS_Store"] {
      try folder.write("x", to: "junk/\(name)")
    }
    #expect(try digest("junk") == digest("plain"))
    let run = try atelier("train", "tree", "--data", "junk", "--output", "j")
    #expect(run.errors.contains("3 files that are not images were skipped"), "\(run.errors)")
  }

  /// macOS stores decomposed names; the composed and the decomposed name are one class.
  @Test func formsOfUnicodeAreOneClass() throws {
    try writeFolders("composed", ["caf\u{e9}", "hen", "owl"])
    try writeFolders("mixed", ["caf\u{e9}", "hen", "owl"])
    let run = try folder.shell("mv mixed/test/\"$(printf 'caf\\303\\251')\" mixed/test/\"$(printf 'cafe\\314\\201')\"")
    #expect(run.status == 0)
    #expect(try digest("mixed") == digest("composed"))
  }

  @Test func classNameThatIsNotUTF8IsRefusedWithItsBytes() throws {
    try writeFolders("latin")
    _ = try folder.shell("mv latin/train/cat \"latin/train/$(printf 'caf\\351')\"")
    let run = try atelier("train", "tree", "--data", "latin", "--output", "l")
    #expect(run.status == 65, "\(run.errors)")
    #expect(run.errors.contains("latin/train/caf\\xE9: has a name that is not UTF-8"), "\(run.errors)")
    #expect(!folder.names.contains("l"))
  }

  @Test func digestsOfAllFormsAreEqual() throws {
    try writeFolders("bigger")
    // Every pixel becomes a square of four.
    let paths = try FileManager.default.subpathsOfDirectory(atPath: folder.file("bigger"))
    for path in paths where path.hasSuffix(".png") {
      let number = Int(URL(fileURLWithPath: path).deletingPathExtension().lastPathComponent)!
      let (side, pixels) = (TinyData.side, TinyData.image(number))
      let doubled = (0..<2 * side).flatMap { y in (0..<2 * side).map { x in pixels[y / 2 * side + x / 2] } }
      try RasterImage(shape: ImageShape(height: 2 * side, width: 2 * side, channels: 1), pixels: doubled)
        .write(folder.file("bigger/\(path)"))
    }
    #expect(try digest("bigger", "--size", "8") == digest("plain"))
    #expect(try digest("bigger") != digest("plain"))
  }

  /// Bytes after the end of a PNG file, and its gamma, do not change its samples.
  @Test func samplesAreUsedAsStored() throws {
    try TinyData.writeImage(60, to: folder.file("gray.png"))
    let bytes = [UInt8](try folder.bytes("gray.png"))
    func write(_ bytes: [UInt8], _ name: String) throws {
      try Data(bytes).write(to: URL(fileURLWithPath: folder.file(name)))
    }
    try write(bytes + [10], "after.png")
    // gAMA of 1.0 with its checksum, after the signature and the chunk IHDR.
    let gamma: [UInt8] = [0, 0, 0, 4, 0x67, 0x41, 0x4d, 0x41, 0, 1, 0x86, 0xa0, 0x31, 0xe8, 0x96, 0x5f]
    try write(Array(bytes[..<33]) + gamma + bytes[33...], "gamma.png")
    let run = try atelier("predict", "m", "gray.png", "after.png", "gamma.png", "--format", "csv")
    let rows = run.output.split(separator: "\n").dropFirst().map { $0.drop { $0 != "," } }
    #expect(run.status == 0 && rows.count == 3 && Set(rows).count == 1, "\(run.errors)")
  }

  @Test func transparencyIsReportedOnce() throws {
    for number in 0..<2 {
      let shape = ImageShape(height: 8, width: 8, channels: 1)
      try RasterImage(shape: shape, pixels: TinyData.image(0)).write(folder.file("\(number).png"))
      var bytes = [UInt8](try folder.bytes("\(number).png"))
      // tRNS with its checksum: the gray level 0, which the image has, is transparent.
      bytes.insert(contentsOf: [0, 0, 0, 2, 0x74, 0x52, 0x4e, 0x53, 0, 0, 0x76, 0x93, 0xcd, 0x38], at: 33)
      try Data(bytes).write(to: URL(fileURLWithPath: folder.file("\(number).png")))
    }
    let run = try atelier("predict", "m", "0.png", "1.png")
    #expect(run.status == 0, "\(run.errors)")
    let message = "transparent pixels were blended onto white in 2 images: 0.png"
    #expect(run.errors.components(separatedBy: message).count == 2, "\(run.errors)")
  }
}

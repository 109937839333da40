import Compute
import Datasets
import Foundation
import Testing

@Suite struct IDXTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func header(_ dimensions: [Int], type: UInt8 = 8) -> [UInt8] {
    [0, 0, type, UInt8(dimensions.count)]
      + dimensions.flatMap { size in (0..<4).map { UInt8(truncatingIfNeeded: size >> (24 - 8 * $0)) } }
  }

  @Test(arguments: [[2, 3, 4], [2, 3, 4, 1], [2, 3, 4, 3], [1, 1, 1], [1, 512, 512]], [false, true])
  func filesRoundTripPlainAndGzipped(dimensions: [Int], isGzipped: Bool) throws {
    let elements = randomBytes(dimensions.reduce(1, *), key: 1)
    let path = folder.path + "/images"
    try IDX.write(dimensions: dimensions, elements: elements, to: path)
    if isGzipped {
      _ = try folder.write(try gzipped([UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))), "images")
    }
    let (shape, pixels) = try IDX.readImages(path)
    #expect(pixels == elements)
    #expect([shape.height, shape.width] == Array(dimensions[1...2]))
    #expect(shape.channels == (dimensions.count == 4 ? dimensions[3] : 1))
  }

  /// As written by `cat a.gz b.gz`, with an empty member at the end, and padded with zeros as by tar or tape drives.
  @Test func readsGzipFilesWithSeveralMembersAndPadding() throws {
    let elements = randomBytes(60, key: 9)
    let plain = header([3, 4, 5]) + elements
    let empty = try gzipped([])
    for cut in [0, 1, 17, plain.count] {
      let members = try gzipped(Array(plain[..<cut])) + gzipped(Array(plain[cut...]))
      for file in [members, members + empty, empty + members + empty + empty, members + [0, 0, 0], members + [0]] {
        #expect(try IDX.readImages(try folder.write(file, "members")).pixels == elements)
      }
      // Damage in the first member is detected although the second is intact.
      var wrongChecksum = try gzipped(Array(plain[..<cut]))
      wrongChecksum[wrongChecksum.count - 6] ^= 1
      let path = try folder.write(wrongChecksum + gzipped(Array(plain[cut...])), "damaged")
      #expect(throws: DatasetError.self) { try IDX.readImages(path) }
    }
  }

  @Test(arguments: [8, 9, 11, 12]) func labelsMayBeWiderIntegers(type: UInt8) throws {
    let width = [8: 1, 9: 1, 11: 2, 12: 4][type]!
    func file(_ labels: [[UInt8]]) throws -> String {
      try folder.write(header([labels.count], type: type) + labels.flatMap { $0 }, "labels")
    }
    func bytes(_ label: UInt8) -> [UInt8] { [UInt8](repeating: 0, count: width - 1) + [label] }
    let largest: UInt8 = type == 9 ? 127 : 255
    #expect(try IDX.readLabels(file([bytes(3), bytes(0), bytes(largest)])) == [3, 0, largest])
    guard type != 8 else { return }
    let path = try file([bytes(1), type == 9 ? [255] : [1] + bytes(1).dropFirst()])
    let error = DatasetError.damaged(path: path, reason: "the label of image 1 is not a number from 0 to 255")
    #expect(throws: error) { try IDX.readLabels(path) }
  }

  /// Zeros compress best: the check of the declared size must not refuse valid data.
  @Test func readsImagesOfZerosFromGzip() throws {
    let zeros = try folder.write(
      try gzipped(header([64, 512, 512]) + [UInt8](repeating: 0, count: 64 << 18)), "zeros")
    #expect(try IDX.readImages(zeros).pixels.count == 64 << 18)
  }

  @Test func invalidFileThrowsWithNameAndReason() throws {
    let good = header([2, 2, 2]) + randomBytes(8, key: 2)
    let packed = try gzipped(good)
    var wrongChecksum = packed
    wrongChecksum[packed.count - 6] ^= 1
    let cases: [(bytes: [UInt8], says: String)] = [
      ([], "ends too early"), ([0, 0], "ends too early"), (Array(good.dropLast()), "ends too early"),
      (good + [0], "more bytes after"), ([1] + good.dropFirst(), "begins with 1 0 8 3"),
      (header([2, 2, 2], type: 13) + randomBytes(32, key: 3), "not an IDX file of images"),
      (header([2, 2]) + randomBytes(4, key: 4), "has 2 dimensions"), (header([0, 2, 2]), "holds no images"),
      (header([2, 0, 2]), "0x2"), (header([1, 513, 1]) + randomBytes(513, key: 5), "513x1"),
      (header([1, 2, 2, 2]) + randomBytes(8, key: 6), "2 channels"),
      (header([0xffff_ffff, 1, 1]) + randomBytes(99, key: 7), "the maximum is 268435456"),
      (header([1 << 28, 512, 512]) + randomBytes(99, key: 7), "memory allows"),
      (header([60000, 28, 28]) + randomBytes(99, key: 7), "60000 images of 28x28 expected"), (wrongChecksum, "damaged"),
      (Array(packed.dropLast(3)), "truncated"), (Array(packed.prefix(packed.count / 2)), "truncated"),
      (packed + [1, 2, 3], "trailing bytes after the gzip data"), (packed + packed, "more bytes after"),
      (packed + [0, 0, 1], "trailing bytes after the gzip data"), (packed + [0x1f, 1], "the gzip data is"),
      (packed + [0x1f], "truncated"),
      (Array("<html>not found</html>".utf8), "not an IDX file"),
    ]
    for (bytes, says) in cases {
      let path = try folder.write(bytes, "bad")
      do {
        _ = try IDX.readImages(path)
        Issue.record("accepted: \(says)")
      } catch {
        #expect(error.description.hasPrefix(path + ": ") && error.description.contains(says), "\(error)")
      }
    }
  }

  @Test func pipesAndFoldersAreMissingWithoutBlocking() throws {
    #expect(mkfifo(folder.path + "/pipe", 0o600) == 0)
    for (name, reason) in [
      ("nothing", "there is no such file"), (".", "is a folder, not a file"), ("pipe", "is not a regular file"),
    ] {
      let path = "\(folder.path)/\(name)"
      #expect(throws: DatasetError.missing(path: path, reason: reason)) { try IDX.readLabels(path) }
      #expect(throws: DatasetError.missing(path: path, reason: reason)) { try RasterImage.read(path) }
    }
  }

  /// 64 MiB of zeros in 64 kB after a header that declares 8 bytes: the reader must stop at the ninth.
  @Test func gzipBombIsNotDecompressed() throws {
    let bomb = try folder.write(
      try gzipped(header([2, 2, 2]) + [UInt8](repeating: 0, count: 64 << 20)), "bomb")
    do {
      _ = try IDX.readImages(bomb)
      Issue.record("accepted")
    } catch { #expect(error.description.contains("more bytes after")) }
  }

  /// Headers that declare 2 GB without the data must not allocate the memory. Other tests run concurrently, but need
  /// far less.
  @Test func headerAloneAllocatesNoMemory() throws {
    func peakKilobytes() -> Int {
      var usage = rusage()
      getrusage(RUSAGE_SELF.rawValue, &usage)
      return usage.ru_maxrss
    }
    let before = peakKilobytes()
    let liar = header([8000, 512, 512])
    for bytes in [liar, try gzipped(liar), try gzipped(liar + [UInt8](repeating: 0, count: 1 << 20))] {
      let path = try folder.write(bytes, "liar")
      #expect(throws: DatasetError.self) { try IDX.readImages(path) }
    }
    #expect(peakKilobytes() - before < 1 << 20)
  }

  @Test(arguments: [false, true]) func mutatedFilesThrowOrReadCorrectly(isGzipped: Bool) throws {
    let dimensions = [3, 4, 5]
    let elements = randomBytes(60, key: 8)
    let plain = header(dimensions) + elements
    let original = isGzipped ? try gzipped(plain) : plain
    var random = RandomSequence(seed: 6, .test, isGzipped ? 1 : 0)
    for _ in 0..<2000 {
      let bytes = mutated(original, &random)
      let path = try folder.write(bytes, "mutant")
      guard let (shape, pixels) = try? IDX.readImages(path) else { continue }
      #expect(pixels.count % shape.count == 0)
      // A plain file has no checksum: the result must match its content.
      if !bytes.starts(with: [0x1f, 0x8b]) {
        #expect(Array(bytes.suffix(pixels.count)) == pixels && bytes.count - pixels.count == 4 + 4 * Int(bytes[3]))
      }
      // A gzip checksum detects all but harmless changes, such as that of the header's time stamp.
      if isGzipped && bytes.starts(with: [0x1f, 0x8b]) { #expect(pixels == elements) }
    }
  }
}

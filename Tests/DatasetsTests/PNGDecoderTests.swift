import Compute
import Datasets
import Foundation
import Testing

@Suite struct PNGDecoderTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  @Test(arguments: [(1, 1, 1), (28, 28, 1), (7, 5, 3), (512, 512, 3)])
  func encodedImageRoundTrips(height: Int, width: Int, channels: Int) throws {
    let shape = ImageShape(height: height, width: width, channels: channels)
    let image = RasterImage(shape: shape, pixels: randomBytes(shape.count, key: 1))
    try image.write(folder.path + "/image.png")
    #expect(try RasterImage.read(folder.path + "/image.png") == image)
  }

  /// Files of every kind that Pillow writes, and interlaced ones. The orientation of a PNG file is not applied.
  @Test(arguments: [
    "bilevel", "exif", "gray-alpha", "gray-transparent-color", "interlaced-gray", "interlaced-gray-alpha",
    "interlaced-rgb", "palette-transparent", "palette1", "palette2", "palette4", "palette8", "rgb-alpha",
    "rgb-transparent-color", "sixteen-bits",
  ]) func pixelsAreThoseOfPillow(kind: String) throws {
    #expect(try Fixture.decode("png-\(kind).png").image == Fixture.image("png-\(kind).pnm"))
  }

  @Test func otherKindsBecomeGrayOrRGB() throws {
    let palette = PNGBytes.chunk("PLTE", [1, 2, 3, 4, 5, 6, 100, 200, 30])
    let cases: [(kind: String, file: [UInt8], channels: Int, pixels: [UInt8])] = [
      (
        "16-bit gray, rounded",
        PNGBytes.file(height: 1, width: 4, bits: 16, .gray, rows: [[0x80, 0, 0, 255, 255, 255, 0x12, 0x34]]),
        1, [128, 1, 255, 0x12]
      ),
      (
        "16-bit RGB", PNGBytes.file(height: 1, width: 1, bits: 16, .rgb, rows: [[0x80, 0x80, 0, 0, 0xff, 0xff]]),
        3, [128, 0, 255]
      ),
      ("1-bit gray", PNGBytes.file(height: 1, width: 4, bits: 1, .gray, rows: [[0b1010_0000]]), 1, [255, 0, 255, 0]),
      (
        "4-bit gray", PNGBytes.file(height: 2, width: 2, bits: 4, .gray, rows: [[0x1f], [0x8c]]), 1,
        [17, 255, 136, 204]
      ),
      (
        "palette", PNGBytes.file(height: 1, width: 3, .palette, rows: [[2, 0, 1]], extra: palette),
        3, [100, 200, 30, 1, 2, 3, 4, 5, 6]
      ),
      (
        "palette, one entry transparent",
        PNGBytes.file(
          height: 1, width: 3, .palette, rows: [[2, 0, 1]], extra: palette + PNGBytes.chunk("tRNS", [255, 0])),
        3, [100, 200, 30, 1, 2, 3, 255, 255, 255]
      ),
      (
        "gray, transparent", PNGBytes.file(height: 1, width: 2, .grayAlpha, rows: [[200, 255, 200, 0]]), 1,
        [200, 255]
      ),
      (
        "gray, half transparent",
        PNGBytes.file(height: 1, width: 4, .grayAlpha, rows: [[0, 128, 100, 128, 255, 1, 60, 254]]),
        1, [127, 177, 255, 61]
      ),
      (
        "16-bit gray, half transparent",
        PNGBytes.file(height: 1, width: 1, bits: 16, .grayAlpha, rows: [[100, 100, 128, 128]]), 1, [177]
      ),
      (
        "gray, one color transparent",
        PNGBytes.file(height: 1, width: 2, .gray, rows: [[9, 8]], extra: PNGBytes.chunk("tRNS", [0, 8])),
        1, [9, 255]
      ),
      (
        "RGB, transparent",
        PNGBytes.file(height: 1, width: 2, .rgbAlpha, rows: [[200, 100, 50, 255, 200, 100, 50, 0]]),
        3, [200, 100, 50, 255, 255, 255]
      ),
      (
        "RGB, half transparent", PNGBytes.file(height: 1, width: 1, .rgbAlpha, rows: [[200, 100, 0, 128]]), 3,
        [227, 177, 127]
      ),
      (
        "palette of grays",
        PNGBytes.file(
          height: 1, width: 3, .palette, rows: [[2, 0, 1]],
          extra: PNGBytes.chunk("PLTE", [7, 7, 7, 90, 90, 90, 132, 132, 132, 1, 2, 3])),
        3, [132, 132, 132, 7, 7, 7, 90, 90, 90]
      ),
      (
        "gamma as sRGB's, stated",
        PNGBytes.file(
          height: 1, width: 3, .gray, rows: [[10, 100, 250]], extra: PNGBytes.chunk("gAMA", [0, 0, 0xb1, 0x8f])),
        1, [10, 100, 250]
      ),
    ]
    for (kind, file, channels, pixels) in cases {
      let image = try RasterImage.read(try folder.write(file, "\(kind).png"))
      #expect(image.shape.channels == channels && image.pixels == pixels, "\(kind)")
    }
  }

  /// Bits of gray and of palette entries, from the most significant one.
  @Test(arguments: [1, 2, 4, 8]) func readsEveryBitDepth(bits: Int) throws {
    let entries = 1 << bits
    let width = 2 * entries + 1
    let values = (0..<width).map { ($0 * 7) % entries }
    let text = values.map { value in
      let digits = String(value, radix: 2)
      return String(repeating: "0", count: bits - digits.count) + digits
    }.joined()
    let padded = text + String(repeating: "0", count: (8 - text.count % 8) % 8)
    let row = stride(from: 0, to: padded.count, by: 8).map { UInt8(padded.dropFirst($0).prefix(8), radix: 2)! }
    let gray = PNGBytes.file(height: 2, width: width, bits: UInt8(bits), .gray, rows: [row, row])
    let path = try folder.write(gray, "gray.png")
    let levels = values.map { UInt8($0 * 255 / (entries - 1)) }
    #expect(try RasterImage.read(path).pixels == levels + levels)
    let palette = randomBytes(3 * entries, key: 8)
    let colors = PNGBytes.file(
      height: 1, width: width, bits: UInt8(bits), .palette, rows: [row], extra: PNGBytes.chunk("PLTE", palette))
    #expect(
      try RasterImage.read(try folder.write(colors, "a.png")).pixels == values.flatMap { palette[3 * $0..<3 * $0 + 3] })
  }

  @Test(arguments: [PNGBytes.ColorType.gray, .rgb, .rgbAlpha, .palette], [(1, 1), (3, 2), (9, 8), (17, 13)])
  func readsInterlacedImages(type: PNGBytes.ColorType, shape: (height: Int, width: Int)) throws {
    let sampleCount = [PNGBytes.ColorType.rgb: 3, .rgbAlpha: 4][type] ?? 1
    let rows = (0..<shape.height).map { randomBytes(shape.width * sampleCount, key: UInt32($0)) }
    let extra = type == .palette ? PNGBytes.chunk("PLTE", randomBytes(768, key: 99)) : []
    let plain = PNGBytes.file(height: shape.height, width: shape.width, type, rows: rows, extra: extra)
    let interlaced = PNGBytes.interlacedFile(type, rows: rows, bytesPerPixel: sampleCount, extra: extra)
    #expect(plain != interlaced)
    let expected = try ImageDecoders.all.read(try folder.write(plain, "plain.png"))
    #expect(try ImageDecoders.all.read(try folder.write(interlaced, "interlaced.png")) == expected)
  }

  /// Chunks about gamma and color spaces, which must not change samples.
  private static let colorSpaces: [(kind: String, chunk: [UInt8])] = [
    ("linear gamma", PNGBytes.chunk("gAMA", [0, 1, 0x86, 0xa0])),
    ("sRGB", PNGBytes.chunk("sRGB", [0])),
    ("chromaticities", PNGBytes.chunk("cHRM", [UInt8](repeating: 1, count: 32))),
    ("a profile", PNGBytes.chunk("iCCP", Array("profile".utf8) + [0, 0] + PNGBytes.deflated([1, 2, 3]))),
    ("a background and significant bits", PNGBytes.chunk("bKGD", [0, 77]) + PNGBytes.chunk("sBIT", [2])),
  ]

  @Test func colorSpacesChangeNoSample() throws {
    for (kind, chunk) in Self.colorSpaces {
      let file = PNGBytes.file(height: 1, width: 4, .gray, rows: [[10, 100, 132, 250]], extra: chunk)
      #expect(try RasterImage.read(try folder.write(file, "image.png")).pixels == [10, 100, 132, 250], "\(kind)")
    }
  }

  /// Rounds every 16-bit sample to 8 bits.
  @Test func roundsSixteenBitsToEight() throws {
    let rows = (0..<256).map { high in (0..<256).flatMap { [UInt8(high), UInt8($0)] } }
    let path = try folder.write(PNGBytes.file(height: 256, width: 256, bits: 16, .gray, rows: rows), "all.png")
    #expect(try RasterImage.read(path).pixels == (0..<65536).map { UInt8(($0 * 255 + 32767) / 65535) })
  }

  @Test func ignoresBytesAfterEnd() throws {
    let file = PNGBytes.file(height: 1, width: 2, .gray, rows: [[3, 4]])
    for rest in [[10], [0], file, PNGBytes.chunk("IDAT", [1, 2, 3])] {
      #expect(try RasterImage.read(try folder.write(file + rest, "rest.png")).pixels == [3, 4])
    }
  }

  /// Ancillary chunks are checked too: a transparency chunk with a damaged name would change pixels.
  @Test func refusesWrongChecksum() throws {
    for name in ["tRNS", "tEXt"] {
      var chunk = PNGBytes.chunk(name, [0, 4])
      chunk[4] ^= 2
      let path = try folder.write(PNGBytes.file(height: 1, width: 1, .gray, rows: [[4]], extra: chunk), "bad.png")
      #expect { try RasterImage.read(path) } throws: { "\($0)".contains("the checksum of its chunk") }
    }
  }

  /// The checksums of the chunks detect damaged pixels.
  @Test(arguments: [1, 3]) func mutatedFilesThrowOrKeepPixels(channels: Int) throws {
    let path = folder.path + "/image.png"
    let shape = ImageShape(height: 9, width: 8, channels: channels)
    let image = RasterImage(shape: shape, pixels: randomBytes(shape.count, key: 2))
    try image.write(path)
    let original = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
    var random = RandomSequence(seed: 7, .test, UInt32(channels))
    var refused = 0
    for _ in 0..<2000 {
      let mutant = mutated(original, &random)
      do {
        let read = try RasterImage.read(try folder.write(mutant, "mutant.png"))
        #expect(read == image, "\(mutant)")
      } catch { refused += 1 }
    }
    #expect(refused > 1000)
  }

  /// Valid checksums around damaged data let it reach the decoder.
  @Test func mutatedDataWithValidChecksumsNeverCrashes() throws {
    let rows = (0..<9).map { randomBytes(8, key: UInt32($0)) }
    let packed = PNGBytes.deflated(rows.flatMap { [0] + $0 })
    let palette = PNGBytes.chunk("PLTE", randomBytes(30, key: 3))
    var random = RandomSequence(seed: 8, .test)
    for round in 0..<2000 {
      let type: PNGBytes.ColorType = round.isMultiple(of: 2) ? .gray : .palette
      let (before, after) = (PNGBytes.header(height: 9, width: 8, bits: 8, type), PNGBytes.chunk("IEND", []))
      let data = PNGBytes.chunk("IDAT", mutated(packed, &random))
      let header = PNGBytes.chunk("IHDR", round % 4 < 2 ? before : mutated(before, &random))
      let file = PNGBytes.signature + header + (type == .palette ? palette : []) + data + after
      guard let image = try? RasterImage.read(try folder.write(file, "mutant.png")) else { continue }
      #expect(image.pixels.count == image.shape.count)
      #expect(image.shape.height <= DatasetLimits.fileSide && image.shape.width <= DatasetLimits.fileSide)
    }
  }

  @Test func surplusDataIsNotDecompressed() throws {
    let row: [UInt8] = [10, 100, 128, 250]
    let bomb = PNGBytes.deflated([UInt8](repeating: 0, count: 64 << 20))
    let files = [
      PNGBytes.file(height: 1, width: 4, .gray, rows: [row + [UInt8](repeating: 0, count: 64 << 20)]),
      PNGBytes.file(height: 1, width: 4, .gray, rows: [row], extra: PNGBytes.chunk("zTXt", [65, 0, 0] + bomb)),
    ]
    for file in files { #expect(try RasterImage.read(try folder.write(file, "bomb.png")).pixels == row) }
  }

  @Test func refusesInvalidImage() throws {
    let cases: [(bytes: [UInt8], says: String)] = [
      ([], "is an empty file"), (Array("GIF89a".utf8), "is not a PNG, JPEG"),
      (Array(PNGBytes.signature.prefix(4)), "is not a PNG, JPEG"),
      (PNGBytes.file(height: 3, width: 4, .gray, rows: [randomBytes(4, key: 4)]), "is a damaged PNG image"),
      (PNGBytes.file(height: 1, width: 1, .gray, rows: [[7]]).dropLast(12), "does not end with the chunk IEND"),
      (PNGBytes.file(height: 1, width: 40000, .gray, rows: [[1]]), "is 1x40000; expected height"),
      (
        PNGBytes.file(height: 10000, width: 10000, .gray, rows: [[1]]), "is 10000x10000; the maximum is 67108864 pixels"
      ),
      (PNGBytes.file(height: 2_000_000_000, width: 2_000_000_000, .gray, rows: [[1]]), "is not a PNG image"),
    ]
    for (bytes, says) in cases {
      let path = try folder.write(bytes, "bad.png")
      #expect { try RasterImage.read(path) } throws: { error in
        guard case .damaged(path, let reason) = error as? DatasetError else { return false }
        return reason.contains(says)
      }
    }
  }
}

import Compute
import Datasets
import Testing

@Suite struct JPEGDecoderTests {
  @Test(arguments: ["gray", "full", "half", "quarter", "progressive", "restarts"])
  func pixelsAreThoseOfPillow(name: String) throws {
    #expect(try Fixture.decode("\(name).jpg").image == Fixture.image("\(name).png"))
  }

  @Test(arguments: 1...8) func orientationIsApplied(value: Int) throws {
    let image = try Fixture.decode("orientation\(value).jpg").image
    #expect(try image == Fixture.image("orientation\(value).png"))
    #expect((image.shape.height > image.shape.width) == (value >= 5))
  }

  @Test func printingColorsAreRefusedByName() throws {
    #expect(refusal(of: try Fixture.bytes("cmyk.jpg")).contains("is a CMYK image"))
  }

  /// A file that ends early would have gray areas.
  @Test(arguments: ["quarter", "progressive"]) func truncatedFilesAreRefused(name: String) throws {
    let file = try Fixture.bytes("\(name).jpg")
    for length in [3, 20, file.count / 3, file.count / 2, file.count - 20, file.count - 1] {
      #expect(refusal(of: Array(file[..<length])).contains("JPEG image"), "\(length)")
    }
    #expect(refusal(of: file + [1, 2, 3]) == "accepted")
  }

  /// A color image whose first component has two hundred scans, and the others none.
  @Test func filesWithManyScansAreRefused() throws {
    var file = try Fixture.bytes("gray.jpg")
    let frame = try #require(file.indices.first { file[$0...].starts(with: [0xff, 0xc0]) })
    file.replaceSubrange(frame + 2..<frame + 4, with: [0, 17])
    file.replaceSubrange(frame + 9..<frame + 13, with: [3, 1, 0x11, 0, 2, 0x11, 0, 3, 0x11, 0])
    let scan = try #require(file.indices.first { file[$0...].starts(with: [0xff, 0xda]) })
    let bomb = file[..<scan] + (0..<200).flatMap { _ in file[scan..<file.count - 2] } + file.suffix(2)
    #expect(refusal(of: Array(bomb)).contains("more than 100 scans"))
  }

  /// The size is that of the segment SOF: a marker, a length, a precision, the height, the width.
  @Test func declaredSizeIsCheckedBeforeAllocation() throws {
    var file = try Fixture.bytes("quarter.jpg")
    let frame = try #require(file.indices.first { file[$0...].starts(with: [0xff, 0xc0]) })
    file.replaceSubrange(frame + 5..<frame + 9, with: [0xff, 0, 0xff, 0])
    #expect(refusal(of: file).contains("is 65280x65280; expected height and width from 1 to 32768"))
    file.replaceSubrange(frame + 5..<frame + 9, with: [0x7f, 0, 0x7f, 0])
    #expect(refusal(of: file).contains("the maximum is 67108864 pixels"))
  }

  @Test(arguments: ["gray", "quarter", "progressive", "restarts", "orientation6", "cmyk"])
  func mutatedFilesNeverCrash(name: String) throws {
    let original = try Fixture.bytes("\(name).jpg")
    var random = RandomSequence(seed: 11, .test)
    for _ in 0..<1000 {
      let file = mutated(original, &random)
      guard let image = try? ImageDecoders.all.decode(file, path: "mutant").image else { continue }
      #expect(image.pixels.count == image.shape.count)
    }
  }
}

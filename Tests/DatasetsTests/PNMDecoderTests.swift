import Compute
import Datasets
import Testing

@Suite struct PNMDecoderTests {
  private func image(_ text: String, _ bytes: [UInt8] = []) throws -> RasterImage {
    try ImageDecoders.all.decode(Array(text.utf8) + bytes, path: "image").image
  }

  @Test func readsTextAndBytes() throws {
    let gray = RasterImage(shape: ImageShape(height: 1, width: 3, channels: 1), pixels: [0, 200, 255])
    let color = RasterImage(shape: ImageShape(height: 2, width: 1, channels: 3), pixels: [1, 2, 3, 250, 10, 35])
    #expect(try image("P2 3 1 255\n0 200 255\n") == gray)
    #expect(try image("P2\n# comment\n3 # width\n#\n1\n255\n0 200\t\r\n255") == gray)
    #expect(try image("P2#c\n3 1 255 0#\n200 255\n\n") == gray)
    #expect(try image("P5 3 1 255\n", [0, 200, 255]) == gray)
    #expect(try image("P5\n#x\n3 1\n255 ", [0, 200, 255, 10]) == gray)
    #expect(try image("P3 1 2 255 1 2 3 250 10 35") == color)
    #expect(try image("P6 1 2 255\n", [1, 2, 3, 250, 10, 35]) == color)
  }

  /// Every sample of every maximum that fits a byte, and some beyond.
  @Test func scalesToNearestByte() throws {
    for maximum in Array(1...255) + [256, 1000, 4095, 65535] {
      let samples = stride(from: 0, through: maximum, by: max(1, maximum / 300)).map { $0 }
      let bytes = samples.flatMap { maximum < 256 ? [UInt8($0)] : [UInt8($0 >> 8), UInt8($0 & 255)] }
      let expected = samples.map { UInt8((Double($0) * 255 / Double(maximum)).rounded()) }
      #expect(try image("P5 \(samples.count) 1 \(maximum)\n", bytes).pixels == expected)
      let text = samples.map { "\($0)" }.joined(separator: " ")
      #expect(try image("P2 \(samples.count) 1 \(maximum)\n" + text).pixels == expected)
    }
  }

  @Test func refusesInvalidFile() throws {
    let cases: [(text: String, says: String)] = [
      ("P5", "is not a PNG"), ("P4 1 1\n1", "is not a PNG"), ("P5 1", "the height expected"),
      ("P5 1 1", "the maximum of the samples expected"), ("P5 1 1 255", "the samples expected"),
      ("P5 1 1 255\n", "1x1 samples expected"), ("P5 1 1 0\n1", "expected 1 to 65535"),
      ("P5 1 1 65536\n11", "expected 1 to 65535"), ("P5 0 1 255\n1", "is 1x0; expected"),
      ("P5 40000 1 255\n1", "is 1x40000; expected"), ("P5 9999999999 1 255\n1", "no valid number"),
      ("P5 -1 1 255\n1", "no valid number"), ("P5 1 1 255\nab", "has more bytes"),
      ("P5 1 1 97\nb", "has the sample 98, but its maximum is 97"), ("P2 1 1 7 8", "has the sample 8"),
      ("P2 2 1 7 8", "truncated"), ("P2 1 1 9 1x", "no valid number"), ("P2 1 1 9 1 2", "more bytes"),
      ("P3 30000 2000 255 1", "truncated"), ("P6 30000 2000 65535 1", "truncated"), ("P2 2 1 9 1 #", "truncated"),
    ]
    for (text, says) in cases {
      #expect(refusal(of: Array(text.utf8)).contains(says), "\(text): \(refusal(of: Array(text.utf8)))")
    }
  }

  @Test func mutatedFilesNeverCrash() throws {
    var random = RandomSequence(seed: 13, .test)
    let originals = ["P2 3 1 255\n0 200 255\n", "P5 3 2 255\nabcdef", "P6 1 1 300\nabcdef"]
    for round in 0..<3000 {
      let file = mutated(Array(originals[round % 3].utf8), &random)
      guard let image = try? ImageDecoders.all.decode(file, path: "mutant").image else { continue }
      #expect(image.pixels.count == image.shape.count)
    }
  }
}

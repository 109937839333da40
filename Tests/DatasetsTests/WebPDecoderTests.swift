import Compute
import Datasets
import Testing

@Suite struct WebPDecoderTests {
  @Test(arguments: ["lossless", "lossy", "transparent"]) func pixelsAreThoseOfPillow(name: String) throws {
    let decoded = try Fixture.decode("\(name).webp")
    #expect(try decoded == ImageDecoders.all.read(Fixture.path("\(name).png")))
    #expect(decoded.isBlended == (name == "transparent"))
  }

  @Test func animationsAreRefused() throws {
    #expect(refusal(of: try Fixture.bytes("animated.webp")).contains("is an animation"))
  }

  @Test func truncatedFilesAreRefused() throws {
    let file = try Fixture.bytes("lossy.webp")
    for length in [12, 20, 30, file.count / 2, file.count - 1] {
      #expect(refusal(of: Array(file[..<length])).contains("is a damaged or truncated WebP image"), "\(length)")
    }
  }

  @Test(arguments: ["lossless", "lossy", "transparent", "animated"]) func mutatedFilesNeverCrash(name: String) throws {
    let original = try Fixture.bytes("\(name).webp")
    var random = RandomSequence(seed: 12, .test)
    for _ in 0..<1000 {
      let file = mutated(original, &random)
      guard let image = try? ImageDecoders.all.decode(file, path: "mutant").image else { continue }
      #expect(image.pixels.count == image.shape.count)
    }
  }
}

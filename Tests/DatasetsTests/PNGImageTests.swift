import Compute
import Datasets
import Foundation
import Testing

@Suite struct PNGImageTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  @Test(arguments: [(1, 1, 1), (28, 28, 1), (7, 5, 3), (512, 512, 3)])
  func whatIsWrittenIsRead(height: Int, width: Int, channels: Int) throws {
    let shape = ImageShape(height: height, width: width, channels: channels)
    let image = PNGImage(shape: shape, pixels: randomBytes(shape.count, key: 1))
    try image.write(folder.path + "/image.png")
    #expect(try PNGImage.read(folder.path + "/image.png") == image)
  }

  @Test func mutatedFilesGiveAnErrorOrAnImage() throws {
    let path = folder.path + "/image.png"
    try PNGImage(shape: ImageShape(height: 9, width: 8, channels: 3), pixels: randomBytes(216, key: 2)).write(path)
    let original = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
    var draws = RandomSequence(seed: 7, .test)
    for _ in 0..<2000 {
      var bytes = original
      let place = Int(draws.next(below: UInt32(bytes.count)))
      switch draws.next(below: 3) {
      case 0: bytes[place] = UInt8(truncatingIfNeeded: draws.next())
      case 1: bytes.removeSubrange(place...)
      default: bytes.insert(UInt8(truncatingIfNeeded: draws.next()), at: place)
      }
      guard let image = try? PNGImage.read(try folder.write(bytes, "mutant.png")) else { continue }
      #expect(image.pixels.count == image.shape.count)
    }
  }

  @Test func othersAreRefused() throws {
    for bytes in [[], Array("GIF89a".utf8), [0x89, 0x50, 0x4e, 0x47]] as [[UInt8]] {
      let path = try folder.write(bytes, "bad.png")
      #expect(throws: DatasetError.self) { try PNGImage.read(path) }
    }
    #expect(throws: DatasetError.self) { try PNGImage.read(folder.path + "/nothing.png") }
    let wide = PNGImage(shape: ImageShape(height: 1, width: 513, channels: 1), pixels: randomBytes(513, key: 3))
    try wide.write(folder.path + "/wide.png")
    #expect(throws: DatasetError.self) { try PNGImage.read(folder.path + "/wide.png") }
  }
}

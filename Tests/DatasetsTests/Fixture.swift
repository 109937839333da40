import Datasets
import Foundation
import Testing

/// Files that `Fixtures/make.py` makes with Pillow.
enum Fixture {
  static func path(_ name: String) throws -> String {
    let fixtures = try #require(Bundle.module.url(forResource: "Fixtures", withExtension: nil))
    return fixtures.appendingPathComponent(name).path
  }

  static func bytes(_ name: String) throws -> [UInt8] {
    [UInt8](try Data(contentsOf: URL(fileURLWithPath: path(name))))
  }

  static func image(_ name: String) throws -> RasterImage { try RasterImage.read(try path(name)) }

  /// Decodes a file, whose size must be the one that its header states.
  static func decode(_ name: String) throws -> DecodedImage {
    let (file, path) = (try bytes(name), try path(name))
    let decoder = try #require(ImageDecoders.all.first { $0.recognizes(file) })
    let decoded = try ImageDecoders.all.decode(file, path: path)
    #expect(try decoder.size(file, path: path) == decoded.image.size)
    return decoded
  }
}

/// Returns the reason why bytes are not an image; "accepted" if they are one.
func refusal(of file: [UInt8]) -> String {
  do {
    _ = try ImageDecoders.all.decode(file, path: "image")
    return "accepted"
  } catch { return error.description }
}

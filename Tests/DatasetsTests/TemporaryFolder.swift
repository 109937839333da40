import Compute
import Datasets
import Foundation

/// A folder that is removed at the end of the test.
final class TemporaryFolder {
  let path: String

  init() throws {
    path = FileManager.default.temporaryDirectory.path + "/atelier-test-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  func write(_ bytes: [UInt8], _ name: String) throws -> String {
    let file = "\(path)/\(name)"
    try FileManager.default.createDirectory(
      atPath: URL(fileURLWithPath: file).deletingLastPathComponent().path, withIntermediateDirectories: true)
    try Data(bytes).write(to: URL(fileURLWithPath: file))
    return file
  }

  /// Writes four IDX files with `classes` classes, `perClass` training images and one test image of each.
  func writeIDXSet(classes: Int = 3, perClass: Int = 4, height: Int = 5, width: Int = 6, channels: Int = 1) throws {
    for (prefix, count) in [("train", classes * perClass), ("t10k", classes)] {
      let shape = channels == 1 ? [count, height, width] : [count, height, width, channels]
      try IDX.write(
        dimensions: shape, elements: randomBytes(count * height * width * channels, key: UInt32(count)),
        to: "\(path)/\(prefix)-images-idx\(shape.count)-ubyte")
      try IDX.write(
        dimensions: [count], elements: (0..<count).map { UInt8($0 % classes) },
        to: "\(path)/\(prefix)-labels-idx1-ubyte")
    }
  }
}

func randomBytes(_ count: Int, key: UInt32) -> [UInt8] {
  (0..<count).map { UInt8(truncatingIfNeeded: Philox.words(seed: 5, .test, key, UInt32($0)).x) }
}

extension RasterImage {
  /// Reads an image file of any format.
  static func read(_ path: String) throws(DatasetError) -> RasterImage { try ImageDecoders.all.read(path).image }
}

/// Returns the bytes compressed by gzip.
func gzipped(_ bytes: [UInt8]) throws -> [UInt8] {
  let folder = try TemporaryFolder()
  let path = try folder.write(bytes, "plain")
  let gzip = Process()
  gzip.executableURL = URL(fileURLWithPath: "/usr/bin/env")
  gzip.arguments = ["gzip", "-9", path]
  try gzip.run()
  gzip.waitUntilExit()
  return [UInt8](try Data(contentsOf: URL(fileURLWithPath: path + ".gz")))
}

/// Returns the bytes with one to five changes: a byte or bit replaced, a byte inserted, or the end cut off.
func mutated(_ original: [UInt8], _ random: inout RandomSequence) -> [UInt8] {
  var bytes = original
  for _ in 0...random.next(below: 4) where !bytes.isEmpty {
    let place = Int(random.next(below: UInt32(bytes.count)))
    switch random.next(below: 8) {
    case 0: bytes.removeSubrange(place...)
    case 1, 2: bytes.insert(UInt8(truncatingIfNeeded: random.next()), at: place)
    case 3, 4: bytes[place] ^= 1 << UInt8(random.next(below: 8))
    default: bytes[place] = UInt8(truncatingIfNeeded: random.next())
    }
  }
  return bytes
}

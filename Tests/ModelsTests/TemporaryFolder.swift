import Foundation
import Testing

/// A folder for the files of one test, removed with this object.
final class TemporaryFolder {
  let path: String

  init() throws {
    path = NSTemporaryDirectory() + "atelier-test-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  func file(_ name: String) -> String { path + "/" + name }
  var names: [String] { (try? FileManager.default.contentsOfDirectory(atPath: path).sorted()) ?? [] }

  /// Writes a file, and returns its path. It does not wait for the disk, unlike `Data.write`, and removes an old file
  /// first, because some file systems wait when a file is overwritten.
  @discardableResult func write(_ bytes: [UInt8], to name: String) throws -> String {
    unlink(file(name))
    let stream = try #require(fopen(file(name), "w"))
    defer { fclose(stream) }
    try #require(fwrite(bytes, 1, bytes.count, stream) == bytes.count)
    return file(name)
  }
}

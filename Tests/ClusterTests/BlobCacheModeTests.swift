import Cluster
import Foundation
import Testing

/// Cached images may be confidential, so only their user can read them.
struct BlobCacheModeTests {
  private func mode(_ path: String) throws -> Int {
    try #require(FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int)
  }

  @Test func cachedFilesAreReadableOnlyByTheirUser() throws {
    let folder = try TemporaryFolder()
    let bytes: [UInt8] = [1, 2, 3]
    let name = bytes.withUnsafeBytes { SHA256(of: $0) }
    // A folder that an older version made accessible to all.
    let path = folder.path + "/atelier"
    try FileManager.default.createDirectory(
      atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o755])
    let cache = try #require(BlobCache(base: folder.path))
    cache.save(bytes, name)
    #expect(cache.load(name) == bytes)
    #expect(try mode(path) == 0o700 && mode("\(path)/\(name)") == 0o600)
  }
}

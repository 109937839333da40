import Cluster
import Coordination
import Foundation
import SwiftProtobuf
import Testing
import Transport

/// Tests that cached files are found if they match their digest, and that other content of the folder is harmless.
struct BlobCacheTests {
  private let base: TemporaryFolder
  private let cache: BlobCache
  private let file = Array("a file of some bytes".utf8)
  private var name: SHA256 { BlobSamples.name(of: file) }
  private var path: String { "\(cache.folder)/\(name)" }

  init() throws {
    base = try TemporaryFolder()
    cache = try #require(BlobCache(base: base.path))
  }

  private func write(_ bytes: [UInt8], to path: String) throws { try Data(bytes).write(to: URL(fileURLWithPath: path)) }

  /// Whether a file of that name exists, even if it is a dangling link.
  private func isThere(_ path: String) -> Bool {
    var information = stat()
    return lstat(path, &information) == 0
  }

  @Test func folderIsBelowCacheFolderOfUser() {
    #expect(BlobCache(base: "/c")?.folder == "/c/atelier")
    #expect(BlobCache(base: nil) == nil)
  }

  @Test func savedFilesAreFound() {
    #expect(cache.load(name) == nil && !isThere(cache.folder))
    cache.save(file, name)
    #expect(cache.load(name) == file)
    cache.save([], BlobSamples.name(of: []))
    #expect(cache.load(BlobSamples.name(of: [])) == [])
    #expect(cache.load(BlobSamples.name(0)) == nil, "another name")
  }

  @Test func removesDamagedFiles() throws {
    var flipped = file
    flipped[3] ^= 1
    for bytes in [flipped, Array(file.dropLast()), file + [0], []] {
      cache.save(file, name)
      try write(bytes, to: path)
      #expect(cache.load(name) == nil && !isThere(path), "\(bytes)")
    }
    cache.save(file, name)
    #expect(cache.load(name) == file, "it is fetched again")
  }

  @Test func linksAreFollowed() throws {
    cache.save(file, name)
    let other = "\(base.path)/other"
    for bytes in [file, [1, 2, 3]] {
      unlink(path)
      try write(bytes, to: other)
      try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: other)
      #expect(cache.load(name) == (bytes == file ? file : nil))
      #expect(FileManager.default.contents(atPath: other) == Data(bytes), "only the link is removed")
    }
    #expect(!isThere(path))
    for target in ["nowhere", "\(name)", "/"] {
      unlink(path)
      try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: target)
      #expect(cache.load(name) == nil)
      // The fetched file replaces the link.
      cache.save(file, name)
      #expect(cache.load(name) == file, "\(target)")
    }
  }

  /// Opening a pipe without a writer would block forever.
  @Test(arguments: ["pipe", "folder"]) func ignoresPipesAndFolders(kind: String) throws {
    try FileManager.default.createDirectory(atPath: cache.folder, withIntermediateDirectories: true)
    #expect((kind == "pipe" ? mkfifo(path, 0o600) : mkdir(path, 0o700)) == 0)
    #expect(cache.load(name) == nil)
    cache.save(file, name)
    #expect(kind == "folder" || cache.load(name) == file)
  }

  @Test func otherFilesAreUnchanged() throws {
    try FileManager.default.createDirectory(atPath: cache.folder, withIntermediateDirectories: true)
    for name in ["notes.txt", "abc", String(repeating: "g", count: 64)] {
      try write([1], to: "\(cache.folder)/\(name)")
    }
    cache.save(file, name)
    #expect(cache.load(name) == file)
    #expect(try FileManager.default.contentsOfDirectory(atPath: cache.folder).count == 4)
  }

  /// A digest has 32 bytes, written as 64 digits, so no name refers to a file outside the folder.
  @Test func namesAreDigests() {
    for count in [0, 1, 31, 33, 64] { #expect(SHA256(bytes: [UInt8](repeating: 47, count: count)) == nil) }
    let name = SHA256(bytes: Array("../../../../../../../etc/passwd\0".utf8))
    #expect(name?.description.count == 64 && name?.description.allSatisfy(\.isHexDigit) == true)
    var server = BlobServer()
    let known = server.add(.groups(BlobSamples.groups))
    func isAnswered(_ digest: [UInt8], offset: UInt64 = 0, count: UInt32 = 10) -> Bool {
      server.answer(BlobRequest.with { ($0.digest, $0.offset, $0.count) = (.init(digest), offset, count) }) != nil
    }
    #expect(isAnswered(known.bytes))
    for digest in [[], Array(known.bytes.dropLast()), known.bytes + [0], Array("\(known)".utf8)] {
      #expect(!isAnswered(digest))
    }
    let missing = server.answer(BlobRequest.with { ($0.digest, $0.count) = (.init(name!.bytes), 10) })
    #expect(missing?.part.total == 0 && missing?.body.count == 0, "the answer for a missing file")
    #expect(!isAnswered(known.bytes, offset: .max) && !isAnswered(known.bytes, count: 0))
    #expect(!isAnswered(known.bytes, count: .max))
  }

  @Test func unwritableFolderIsNoError() throws {
    try write([], to: base.path + "/file")
    let cache = try #require(BlobCache(base: base.path + "/file"))
    cache.save(file, name)
    #expect(cache.load(name) == nil && !cache.isWritable)
  }

  @Test(.enabled(if: SmallDisk.obstacle == nil, SmallDisk.obstacle)) func fullDiskLeavesNoPartialFile() throws {
    let disk = try SmallDisk()
    let cache = try #require(BlobCache(base: disk.path))
    let large = [UInt8](repeating: 7, count: 1_000_000)
    cache.save(large, BlobSamples.name(of: large))
    #expect(cache.load(BlobSamples.name(of: large)) == nil)
    #expect(try FileManager.default.contentsOfDirectory(atPath: cache.folder).isEmpty)
    cache.save(file, name)
    #expect(cache.load(name) == file)
  }

  /// Several workers of one user share the folder. In each process, only one thread writes.
  @Test func concurrentReadersSeeCompleteFiles() throws {
    let (cache, left, wrong) = (cache, Counter(6), Counter(0))
    for writer in 0..<6 {
      Thread {
        for number in 0..<100 {
          let bytes = [UInt8](repeating: UInt8(number % 10), count: 5_000 + number % 10)
          let name = BlobSamples.name(of: bytes)
          if writer == 0 { cache.save(bytes, name) }
          let found = cache.load(name)
          if found != bytes, found != nil || writer == 0 { wrong.add(1) }
        }
        left.add(-1)
      }.start()
    }
    while left.value > 0 { usleep(100) }
    #expect(wrong.value == 0)
  }
}

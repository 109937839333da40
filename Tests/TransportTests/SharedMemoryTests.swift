import CLinux
import Coordination
import Foundation
import SwiftProtobuf
import Testing
import Transport

/// Bytes that another process reads from shared memory are intact, or are reported as invalid.
struct SharedMemoryTests {
  private let memory: SharedMemory

  init() throws { memory = try #require(SharedMemory()) }

  private func frame(_ bytes: [UInt8]) throws -> Frame {
    try #require(memory.frame(count: bytes.count) { $0.copyMemory(from: bytes, byteCount: bytes.count) })
  }

  @Test(arguments: [1, 63, 64, 65, 4096, 100_000])
  func sharedBytesRoundTrip(count: Int) throws {
    let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 * 7) }
    let frame = try frame(bytes)
    let shared = try #require(frame.shared)
    let peer = try #require(PeerMemory(of: shared)?.frame(shared))
    #expect(peer.array == bytes)
    #expect(frame.array == bytes)
    #expect(peer.withBytes { Int(bitPattern: $0.baseAddress!) % 64 } == 0)
    #expect(peer.isWhole && !peer.isOwn && frame.isOwn)
  }

  @Test func reusedPlaceIsNotRead() throws {
    let first = try #require(try frame([1, 2, 3]).shared)
    let peer = try #require(PeerMemory(of: first))
    let old = try #require(peer.frame(first))
    // The first frame was released, so the second takes its place.
    let second = try frame([4, 5, 6])
    #expect(second.shared?.offset == first.offset)
    #expect(peer.frame(first) == nil)
    #expect(!old.isWhole, "bytes read before the reuse are invalid as well")
    #expect(try peer.frame(#require(second.shared))?.array == [4, 5, 6])
  }

  @Test func refusesImpossiblePlaces() throws {
    let frame = try frame([1, 2, 3])
    let right = try #require(frame.shared)
    let peer = try #require(PeerMemory(of: right))
    let wrong: [(inout SharedBytes) -> Void] = [
      { $0.offset += 1 }, { $0.offset += 64 }, { $0.offset = .max }, { $0.offset = .max - 63 }, { $0.count = 0 },
      { $0.count = .max }, { $0.count = 1 << 30 }, { $0.mark = 0 }, { $0.mark += 1 },
    ]
    for change in wrong {
      var shared = right
      change(&shared)
      #expect(peer.frame(shared) == nil, "\(shared)")
    }
    #expect(peer.frame(right)?.array == [1, 2, 3])
  }

  @Test func refusesFilesThatCanShrink() throws {
    let folder = try TemporaryFolder()
    let path = folder.path + "/file"
    #expect(FileManager.default.createFile(atPath: path, contents: Data(count: 4096)))
    let file = open(path, O_RDONLY)
    defer { close(file) }
    let shared = SharedBytes.with { ($0.process, $0.descriptor) = (UInt32(getpid()), UInt32(file)) }
    #expect(PeerMemory(of: shared) == nil)
    #expect(PeerMemory(of: .with { ($0.process, $0.descriptor) = (UInt32(getpid()), 1_000_000) }) == nil)
    #expect(PeerMemory(of: .with { ($0.process, $0.descriptor) = (.max, 3) }) == nil)
  }

  /// A peer that announces such a file must not crash the process that reads it.
  @Test func refusesMemorySmallerThanAFrame() {
    let file = memfd_create("atelier", UInt32(atelier_may_seal))
    defer { close(file) }
    #expect(ftruncate(file, 10) == 0 && fcntl(file, Int32(atelier_add_seals), Int32(atelier_seal_shrink)) == 0)
    #expect(PeerMemory(of: .with { ($0.process, $0.descriptor) = (UInt32(getpid()), UInt32(file)) }) == nil)
  }
}

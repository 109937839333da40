internal import CLinux
package import Coordination
internal import Foundation
internal import SwiftProtobuf
internal import Synchronization

/// Memory that other processes of the same host and user can read, which saves large frames the copies through a
/// socket (four of each byte).
///
/// A mark, a number that is never reused, precedes the bytes of each frame. A reader that finds the same mark before
/// and after using the bytes has read them intact (a sequence lock: Boehm, "Can seqlocks get along with programming
/// language memory models?", 2012).
package final class SharedMemory: @unchecked Sendable {  // after `init`, all changes happen under a lock
  private let descriptor: Int32
  private let base: UnsafeMutableRawPointer
  private let places: Mutex<Places>

  private struct Places {
    /// The number of bytes that have ever been used; the system allocates no memory for the rest.
    var used = 0
    /// The offsets of released frames, by size.
    var free: [Int: [Int]] = [:]
    var lastMark = UInt64.random(in: 1...UInt64.max >> 1)
  }

  private static let capacity = 1 << 30
  /// The size of the mark, so that the bytes begin at a multiple of 64.
  static let header = 64

  /// Returns nil if the system provides no such memory.
  package init?() {
    descriptor = memfd_create("atelier", UInt32(atelier_close_on_exec | atelier_may_seal))
    guard descriptor >= 0 else { return nil }
    // Reading a mapped file that was truncated raises SIGBUS, so the file is sealed against shrinking.
    guard ftruncate(descriptor, Self.capacity) == 0,
      fcntl(descriptor, Int32(atelier_add_seals), Int32(atelier_seal_shrink)) == 0,
      let base = mmap(nil, Self.capacity, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0), base != MAP_FAILED
    else {
      close(descriptor)
      return nil
    }
    self.base = base
    places = Mutex(Places())
  }

  deinit {
    munmap(base, Self.capacity)
    close(descriptor)
  }

  /// Allocates a frame of `count` bytes in this memory.
  /// - Parameter write: fills all `count` bytes
  /// - Returns: nil if there is no room
  package func frame(count: Int, _ write: (UnsafeMutableRawPointer) -> Void) -> Frame? {
    let size = Self.size(of: count + Self.header)
    let place = places.withLock { places -> (offset: Int, mark: UInt64)? in
      var offset = places.free[size]?.popLast()
      if offset == nil, places.used + size <= Self.capacity {
        offset = places.used
        places.used += size
      }
      places.lastMark += 1
      return offset.map { ($0, places.lastMark) }
    }
    guard let (offset, number) = place else { return nil }
    let bytes = UnsafeMutableRawBufferPointer(start: base + offset + Self.header, count: count)
    mark(at: offset).pointee.store(0, ordering: .relaxed)
    atomicMemoryFence(ordering: .releasing)
    write(bytes.baseAddress!)
    mark(at: offset).pointee.store(number, ordering: .releasing)
    let shared = SharedBytes.with {
      ($0.process, $0.descriptor) = (UInt32(getpid()), UInt32(descriptor))
      ($0.offset, $0.count, $0.mark) = (UInt64(offset), UInt64(count), number)
    }
    return Frame(bytes, shared: shared) { [self] in
      places.withLock { $0.free[size, default: []].append(offset) }
    }
  }

  /// Rounds `count` up to one of four sizes for each power of two, so that one training can reuse the places of
  /// another.
  private static func size(of count: Int) -> Int {
    let step = max(64, 1 << (Int.bitWidth - count.leadingZeroBitCount - 3))
    return (count + step - 1) / step * step
  }

  private func mark(at offset: Int) -> UnsafeMutablePointer<Atomic<UInt64>> {
    (base + offset).assumingMemoryBound(to: Atomic<UInt64>.self)
  }
}

/// The ``SharedMemory`` of another process.
package final class PeerMemory: @unchecked Sendable {  // immutable after `init`
  private let base: UnsafeMutableRawPointer
  private let size: Int

  /// Returns nil if there is no such memory, or if this process may not read it.
  package init?(of shared: SharedBytes) {
    let file = open("/proc/\(shared.process)/fd/\(shared.descriptor)", O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard file >= 0 else { return nil }
    defer { close(file) }
    var status = stat()
    let seals = fcntl(file, Int32(atelier_get_seals))
    guard seals >= 0, seals & Int32(atelier_seal_shrink) != 0, fstat(file, &status) == 0,
      status.st_size > SharedMemory.header,
      let base = mmap(nil, status.st_size, PROT_READ, MAP_SHARED, file, 0), base != MAP_FAILED
    else { return nil }
    (self.base, size) = (base, status.st_size)
  }

  deinit { munmap(base, size) }

  /// Returns the bytes in place, at a multiple of 64, for reading only. After reading, ``Frame/isWhole`` reports
  /// whether they were still valid.
  /// - Returns: nil if the bytes are no longer valid
  package func frame(_ shared: SharedBytes) -> Frame? {
    let (header, room) = (SharedMemory.header, UInt64(size - SharedMemory.header))
    guard shared.mark != 0, shared.count > 0, shared.count <= room, shared.offset <= room - shared.count,
      shared.offset % 64 == 0
    else { return nil }
    let (offset, number) = (Int(shared.offset), shared.mark)
    guard mark(at: offset).pointee.load(ordering: .acquiring) == number else { return nil }
    return Frame(
      UnsafeMutableRawBufferPointer(start: base + offset + header, count: Int(shared.count)),
      isThere: { [self] in
        atomicMemoryFence(ordering: .acquiring)
        return mark(at: offset).pointee.load(ordering: .relaxed) == number
      }, release: { [self] in withExtendedLifetime(self) {} })
  }

  private func mark(at offset: Int) -> UnsafeMutablePointer<Atomic<UInt64>> {
    (base + offset).assumingMemoryBound(to: Atomic<UInt64>.self)
  }
}

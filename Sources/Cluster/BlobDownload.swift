package import Coordination
internal import Foundation
internal import SwiftProtobuf

/// Fetches one file in parts: says what to ask for, and takes what comes. No clock, no socket.
package struct BlobDownload {
  package let name: SHA256
  private var bytes: [UInt8] = []
  /// nil until the first part has told.
  private var total: Int?
  private var missing: Set<Int> = []
  /// Parts that were asked for, and when.
  private var asked: [Int: Milliseconds] = [:]
  private var backoff = Backoff()

  package static let partSize = 1 << 20
  /// Parts that are under way at a time.
  private static let window = 8
  /// Larger files are not fetched: nothing that Atelier makes is.
  private static let limit = 16 << 30

  package init(_ name: SHA256) { self.name = name }

  /// What to ask for now.
  /// - Parameter patience: after which a part that has not come is asked for again
  package mutating func requests(at now: Milliseconds, patience: Milliseconds) -> [BlobRequest] {
    let awaited = asked.filter { now - $0.value < backoff.wait(patience) }
    if awaited.count < asked.count { backoff.noteRequest() }
    asked = awaited
    let free = max(0, (total == nil ? 1 : Self.window) - asked.count)
    let next = (total == nil ? [0] : missing.subtracting(asked.keys).sorted()).prefix(free)
    return next.filter { asked[$0] == nil }.map { part in
      asked[part] = now
      return BlobRequest.with {
        $0.digest = .init(name.bytes)
        ($0.offset, $0.count) = (UInt64(part * Self.partSize), UInt32(Self.partSize))
      }
    }
  }

  /// A part has come. What does not fit is dropped.
  package mutating func take(_ part: BlobPart, _ content: UnsafeRawBufferPointer) {
    guard let size = Int(exactly: part.total), size > 0, size <= Self.limit, total == nil || total == size,
      let offset = Int(exactly: part.offset), offset % Self.partSize == 0, offset < size,
      content.count == min(Self.partSize, size - offset)
    else { return }
    if total == nil {
      total = size
      bytes = [UInt8](repeating: 0, count: size)
      missing = Set(0..<(size + Self.partSize - 1) / Self.partSize)
    }
    guard missing.remove(offset / Self.partSize) != nil else { return }
    asked[offset / Self.partSize] = nil
    bytes.withUnsafeMutableBytes {
      $0.baseAddress!.advanced(by: offset).copyMemory(from: content.baseAddress!, byteCount: content.count)
    }
  }

  /// The whole file, once it is there. One that is not what its name says is fetched again from the beginning.
  package mutating func finish() -> [UInt8]? {
    guard total != nil, missing.isEmpty else { return nil }
    defer { self = BlobDownload(name) }
    return bytes.withUnsafeBytes { SHA256(of: $0) } == name ? bytes : nil
  }
}

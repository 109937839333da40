package import Coordination
internal import Foundation
internal import SwiftProtobuf

/// Puts bytes together that come in parts: says which to ask for, and takes what comes. No clock, no socket.
///
/// Memory grows with what has arrived, never with what somebody has announced.
package struct PartAssembly {
  /// The name of the bytes in requests.
  private let digest: [UInt8]
  /// nil until the first part has told.
  private var total: Int?
  /// From the first on, without a gap.
  private var bytes: [UInt8] = []
  /// Parts that have come before one that belongs before them.
  private var early: [Int: [UInt8]] = [:]
  /// Parts that were asked for, and when.
  private var asked: [Int: Milliseconds] = [:]
  private var backoff = Backoff()

  package static let partSize = 1 << 20
  /// Parts that are under way at a time.
  private static let window = 8
  /// More is not fetched: nothing that Atelier makes is larger.
  private static let limit = 16 << 30

  /// - Parameter total: the number of bytes; nil if the first part tells
  package init(digest: [UInt8], total: Int? = nil) { (self.digest, self.total) = (digest, total) }

  private var partCount: Int { total.map { ($0 + Self.partSize - 1) / Self.partSize } ?? 1 }
  /// The first part that is missing.
  private var next: Int { bytes.count / Self.partSize }

  package var isComplete: Bool { bytes.count == total }

  /// What to ask for now.
  /// - Parameter timeout: after which a part that has not come is asked for again
  package mutating func requests(at now: Milliseconds, timeout: Milliseconds) -> [BlobRequest] {
    let awaited = asked.filter { now - $0.value < backoff.wait(timeout) }
    if awaited.count < asked.count { backoff.noteRequest() }
    asked = awaited
    guard !isComplete else { return [] }
    let wanted = (next..<min(next + Self.window, partCount)).filter { early[$0] == nil && asked[$0] == nil }
    return wanted.map { part in
      asked[part] = now
      return BlobRequest.with {
        $0.digest = .init(digest)
        ($0.offset, $0.count) = (UInt64(part * Self.partSize), UInt32(Self.partSize))
      }
    }
  }

  /// A part has come. What does not fit is dropped, and so is what was not asked for.
  package mutating func take(_ part: BlobPart, _ content: UnsafeRawBufferPointer) {
    guard let size = Int(exactly: part.total), size > 0, size <= Self.limit, total == nil || total == size,
      let offset = Int(exactly: part.offset), offset % Self.partSize == 0, offset < size,
      content.count == min(Self.partSize, size - offset), asked.removeValue(forKey: offset / Self.partSize) != nil
    else { return }
    total = size
    early[offset / Self.partSize] = Array(content)
    while let part = early.removeValue(forKey: next) { bytes += part }
  }

  /// All the bytes, once they are there.
  package mutating func takeBytes() -> [UInt8]? {
    guard isComplete else { return nil }
    defer { bytes = [] }
    return bytes
  }
}

package import Coordination
internal import Foundation
internal import SwiftProtobuf

/// Assembles bytes that are transferred in parts: determines which parts to request, and adds those that arrive. Uses
/// no clock and no socket.
///
/// Memory use grows with the bytes that have arrived, not with the announced size.
package struct PartAssembly {
  /// The name of the bytes in requests.
  private let digest: [UInt8]
  /// The total size in bytes; nil until it is known from the first part.
  private var total: Int?
  /// The bytes from the beginning up to the first missing part.
  private var bytes: [UInt8] = []
  /// Parts that have arrived before an earlier one.
  private var early: [Int: [UInt8]] = [:]
  /// Requested parts and the times of the requests.
  private var asked: [Int: Milliseconds] = [:]
  private var backoff = Backoff()

  package static let partSize = 1 << 20
  /// The number of parts that are requested at once.
  private static let window = 8
  /// The maximum total size in bytes. No data of Atelier is larger.
  private static let limit = 16 << 30

  /// - Parameter total: The number of bytes; nil if it is taken from the first part.
  package init(digest: [UInt8], total: Int? = nil) { (self.digest, self.total) = (digest, total) }

  private var partCount: Int { total.map { ($0 + Self.partSize - 1) / Self.partSize } ?? 1 }
  /// The index of the first missing part.
  private var next: Int { bytes.count / Self.partSize }

  package var isComplete: Bool { bytes.count == total }

  /// Returns the requests to send now.
  /// - Parameter timeout: Milliseconds after which a part that has not arrived is requested again.
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

  /// Adds a part. Parts that do not fit or were not requested are dropped.
  package mutating func take(_ part: BlobPart, _ content: UnsafeRawBufferPointer) {
    guard let size = Int(exactly: part.total), size > 0, size <= Self.limit, total == nil || total == size,
      let offset = Int(exactly: part.offset), offset % Self.partSize == 0, offset < size,
      content.count == min(Self.partSize, size - offset), asked.removeValue(forKey: offset / Self.partSize) != nil
    else { return }
    total = size
    early[offset / Self.partSize] = Array(content)
    while let part = early.removeValue(forKey: next) { bytes += part }
  }

  /// Returns the bytes if they are complete, and releases them.
  mutating func takeBytes() -> [UInt8]? {
    guard isComplete else { return nil }
    defer { bytes = [] }
    return bytes
  }
}

internal import Compute
package import Coordination
internal import Foundation
internal import SwiftProtobuf

/// Fetches the bytes of results and checkpoints that are too long for one message, and checks them. No clock, no
/// socket.
///
/// A worker announces its bytes again and again until they are no longer asked for, so what is dropped here comes
/// again.
package struct Uploads {
  /// What the bytes belong to.
  package enum Subject: Sendable {
    case result(ChunkResult)
    case checkpoint(Checkpoint)

    package var bytes: BytesDigest {
      switch self {
      case .result(let result): result.bytes
      case .checkpoint(let checkpoint): checkpoint.bytes
      }
    }
  }

  private struct Upload {
    let worker: WorkerID
    let subject: Subject
    var parts: PartAssembly
  }

  /// In the order in which they began.
  private var uploads: [Upload] = []

  /// Uploads that are under way at a time: each has some parts in the queues, and the bytes that have come are in
  /// memory.
  private static let maxConcurrent = 4
  /// Announcements that are remembered.
  private static let maxUploads = 1_000

  package init() {}

  /// A worker has announced bytes.
  package mutating func begin(_ subject: Subject, from worker: WorkerID) {
    let isKnown = uploads.contains { $0.worker == worker && $0.subject.bytes == subject.bytes }
    guard !isKnown, uploads.count < Self.maxUploads else { return }
    let parts = PartAssembly(digest: [UInt8](subject.bytes.digest), total: Int(clamping: subject.bytes.count))
    uploads.append(Upload(worker: worker, subject: subject, parts: parts))
  }

  /// What to ask for now, and whom.
  /// - Parameters:
  ///   - timeout: after which a part that has not come is asked for again
  ///   - isWanted: whether the bytes are still of use; others are given up
  package mutating func requests(
    at now: Milliseconds, timeout: Milliseconds, isWanted: (Subject, WorkerID) -> Bool
  ) -> [(worker: WorkerID, request: BlobRequest)] {
    uploads.removeAll { !isWanted($0.subject, $0.worker) }
    return uploads.indices.prefix(Self.maxConcurrent).flatMap { index in
      uploads[index].parts.requests(at: now, timeout: timeout).map { (uploads[index].worker, $0) }
    }
  }

  /// A part has come.
  /// - Returns: all the bytes if it was the last one; they have not been checked.
  package mutating func take(
    _ part: BlobPart, from worker: WorkerID, _ content: UnsafeRawBufferPointer
  ) -> (subject: Subject, bytes: [UInt8])? {
    guard let index = uploads.firstIndex(where: { $0.worker == worker && $0.subject.bytes.digest == part.digest })
    else { return nil }
    uploads[index].parts.take(part, content)
    guard let bytes = uploads[index].parts.takeBytes() else { return nil }
    return (uploads.remove(at: index).subject, bytes)
  }
}

extension BytesDigest {
  /// Longer bytes are fetched in parts.
  package static let maxMessageSize = PartAssembly.partSize

  package init(of bytes: UnsafeRawBufferPointer) {
    self.init()
    (count, digest) = (UInt64(bytes.count), .init(checksum(of: bytes)))
  }

  package func matches(_ bytes: UnsafeRawBufferPointer) -> Bool { self == BytesDigest(of: bytes) }
}

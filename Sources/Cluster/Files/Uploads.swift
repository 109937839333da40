internal import Compute
package import Coordination
internal import Foundation
internal import SwiftProtobuf

/// Downloads results and checkpoints that are too long for one message from workers, in parts. Uses no clock and no
/// socket.
///
/// A worker repeats its announcements until they are acknowledged, so a dropped announcement arrives again.
package struct Uploads {
  /// The result or checkpoint that the bytes belong to.
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

  /// The uploads in the order of their announcements.
  private var uploads: [Upload] = []

  /// The number of uploads that are active at once, which bounds the queued parts and the memory for their bytes.
  private static let maxConcurrent = 4
  /// The maximum number of announcements that are remembered.
  private static let maxUploads = 1_000

  package init() {}

  /// Adds an upload that a worker has announced.
  package mutating func begin(_ subject: Subject, from worker: WorkerID) {
    let isKnown = uploads.contains { $0.worker == worker && $0.subject.bytes == subject.bytes }
    guard !isKnown, uploads.count < Self.maxUploads else { return }
    let parts = PartAssembly(digest: [UInt8](subject.bytes.digest), total: Int(clamping: subject.bytes.count))
    uploads.append(Upload(worker: worker, subject: subject, parts: parts))
  }

  /// Returns the requests to send now.
  /// - Parameters:
  ///   - timeout: Milliseconds after which a part that has not arrived is requested again.
  ///   - isWanted: Whether the bytes are still needed; uploads of others are removed.
  package mutating func requests(
    at now: Milliseconds, timeout: Milliseconds, isWanted: (Subject, WorkerID) -> Bool
  ) -> [(worker: WorkerID, request: BlobRequest)] {
    uploads.removeAll { !isWanted($0.subject, $0.worker) }
    return uploads.indices.prefix(Self.maxConcurrent).flatMap { index in
      uploads[index].parts.requests(at: now, timeout: timeout).map { (uploads[index].worker, $0) }
    }
  }

  /// Adds a part that has arrived.
  /// - Returns: All bytes if this was the last part. They have not been checked.
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
  /// The maximum number of bytes that are sent in one message. Longer content is transferred in parts.
  static let maxMessageSize = PartAssembly.partSize

  package init(of bytes: UnsafeRawBufferPointer) {
    self.init()
    (count, digest) = (UInt64(bytes.count), .init(checksum(of: bytes)))
  }

  package func matches(_ bytes: UnsafeRawBufferPointer) -> Bool { self == BytesDigest(of: bytes) }
}

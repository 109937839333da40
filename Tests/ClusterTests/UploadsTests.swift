import Cluster
import Coordination
import Foundation
import SwiftProtobuf
import Testing

/// Tests that long results are sent in the parts that the coordinator requests.
struct UploadsTests {
  private let bytes = (0..<(5 << 20) + 3).map { UInt8(truncatingIfNeeded: $0 &* 7 ^ $0 >> 9) }

  private func subject(chunk: UInt64 = 1, count: UInt64? = nil) -> Uploads.Subject {
    .result(
      .with {
        $0.chunk = chunk
        $0.bytes = bytes.withUnsafeBytes { BytesDigest(of: $0) }
        if let count { $0.bytes.count = count }
      })
  }

  private func answer(_ request: BlobRequest) -> (BlobPart, [UInt8]) {
    let offset = Int(request.offset)
    let part = BlobPart.with {
      ($0.digest, $0.offset, $0.total) = (request.digest, request.offset, UInt64(bytes.count))
    }
    return (part, Array(bytes[offset..<min(offset + Int(request.count), bytes.count)]))
  }

  @Test func uploadAnnouncedTwiceArrivesOnce() {
    var uploads = Uploads()
    uploads.begin(subject(), from: 7)
    uploads.begin(subject(), from: 7)
    let requests = uploads.requests(at: 0, timeout: 100) { _, _ in true }
    #expect(requests.count == 6 && requests.allSatisfy { $0.worker == 7 && $0.request.count <= 1 << 20 })
    var ended: [[UInt8]] = []
    for (worker, request) in requests.reversed() {
      let (part, content) = answer(request)
      for sender in [worker + 1, worker, worker] {
        if let end = content.withUnsafeBytes({ uploads.take(part, from: sender, $0) }) { ended.append(end.bytes) }
      }
    }
    #expect(ended == [bytes])
    #expect(uploads.requests(at: 1_000, timeout: 100) { _, _ in true }.isEmpty)
  }

  @Test func fetchesFourUploadsAtATimeAndDropsUnwantedOnes() {
    var uploads = Uploads()
    for worker in 1...100 { uploads.begin(subject(chunk: UInt64(worker)), from: WorkerID(worker)) }
    let first = uploads.requests(at: 0, timeout: 100) { _, _ in true }
    #expect(Set(first.map(\.worker)) == [1, 2, 3, 4])
    let next = uploads.requests(at: 1, timeout: 100) { $1 > 90 }
    #expect(Set(next.map(\.worker)) == [91, 92, 93, 94])
  }

  @Test func announcedSizeAllocatesNothing() {
    var uploads = Uploads()
    uploads.begin(subject(count: 1 << 50), from: 1)
    let requests = uploads.requests(at: 0, timeout: 100) { _, _ in true }
    #expect(requests.count == 8)
  }
}

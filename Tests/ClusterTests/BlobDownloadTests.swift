import Cluster
import Coordination
import Foundation
import SwiftProtobuf
import Testing

/// Tests that a file is assembled from its parts in any order, and from nothing else.
struct BlobDownloadTests {
  /// Slightly more than three parts.
  private let file = (0..<3 * BlobDownload.partSize + 77).map { UInt8(truncatingIfNeeded: $0 &* 31 ^ $0 >> 11) }
  private var name: SHA256 { file.withUnsafeBytes { SHA256(of: $0) } }

  private func answer(_ request: BlobRequest) -> (BlobPart, [UInt8]) {
    let offset = Int(request.offset)
    let part = BlobPart.with { ($0.digest, $0.offset, $0.total) = (request.digest, request.offset, UInt64(file.count)) }
    return (part, Array(file[offset..<min(offset + Int(request.count), file.count)]))
  }

  private func give(_ answer: (BlobPart, [UInt8]), to download: inout BlobDownload) {
    answer.1.withUnsafeBytes { download.take(answer.0, $0) }
  }

  @Test func acceptsPartsInAnyOrderAndTwice() {
    var download = BlobDownload(name)
    func ask(at now: Int) -> [BlobRequest] { download.requests(at: now, timeout: 100) }
    func finish() -> [UInt8]? { download.finish() }
    let first = ask(at: 0)
    #expect(first.count == 1 && first[0].offset == 0, "the size is not yet known")
    give(answer(first[0]), to: &download)
    let rest = ask(at: 1)
    #expect(rest.count == 3 && ask(at: 2).isEmpty)
    for request in rest.reversed() {
      #expect(finish() == nil)
      for _ in 0..<2 { give(answer(request), to: &download) }
    }
    #expect(finish() == file)
  }

  @Test func missingPartsAreRequestedAgain() {
    var download = BlobDownload(name)
    func ask(at now: Int) -> [BlobRequest] { download.requests(at: now, timeout: 100) }
    #expect(ask(at: 0).count == 1)
    #expect(ask(at: 99).isEmpty)
    #expect(ask(at: 100).count == 1)
    // The part may still be in transit: another copy would delay it.
    #expect(ask(at: 299).isEmpty)
    #expect(ask(at: 300).count == 1)
  }

  @Test func dropsPartsThatDoNotMatchRequests() {
    var download = BlobDownload(name)
    func ask(at now: Int) -> [BlobRequest] { download.requests(at: now, timeout: 100) }
    func finish() -> [UInt8]? { download.finish() }
    give(answer(ask(at: 0)[0]), to: &download)
    let requests = ask(at: 0)
    for request in requests {
      var (part, bytes) = answer(request)
      part.offset += 1
      give((part, bytes), to: &download)
      (part, bytes) = answer(request)
      part.total += 1
      give((part, bytes), to: &download)
      (part, bytes) = answer(request)
      give((part, bytes + [0]), to: &download)
      part.offset = .max
      give((part, bytes), to: &download)
    }
    #expect(finish() == nil && ask(at: 100).count == 3)
  }

  @Test func fetchesFileWithWrongDigestAgain() {
    var download = BlobDownload(name)
    func ask(at now: Int) -> [BlobRequest] { download.requests(at: now, timeout: 100) }
    func fetch(damaged: Bool) -> [UInt8]? {
      while case let requests = ask(at: 0), !requests.isEmpty {
        for request in requests {
          var (part, bytes) = answer(request)
          if damaged, request.offset == 0 { bytes[5] ^= 1 }
          give((part, bytes), to: &download)
          part.total = 0
        }
      }
      return download.finish()
    }
    #expect(fetch(damaged: true) == nil)
    #expect(fetch(damaged: false) == file)
  }
}

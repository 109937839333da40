import Cluster
import Coordination
import Foundation
import SwiftProtobuf
import Testing
import Transport

/// Tests that members on one host share large data in memory, and that others receive it in frames.
struct ExchangeLinksTests {
  private let first, second: ExchangeLinks
  private let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
    let path = folder.path
    func links(_ name: String) throws -> ExchangeLinks {
      try ExchangeLinks(
        listeningAt: Endpoint("ipc://\(path)/\(name)"), keys: nil, accessControl: nil, bounds: .init(),
        in: try SocketContext())
    }
    (first, second) = (try links("first"), try links("second"))
    let members = [first, second].enumerated().map { index, links in
      Member.with { ($0.worker, $0.endpoint) = (UInt64(index + 1), links.endpoint.text) }
    }
    first.connect(to: members, me: 0)
    second.connect(to: members, me: 1)
  }

  private static let bytes = (0..<100_000).map { UInt8(truncatingIfNeeded: $0 * 13) }

  private func header(from sender: Int, step: UInt64) -> ExchangeHeader {
    .with { ($0.sender, $0.step) = (UInt32(sender), step) }
  }

  /// Returns the next message. Only a failing test reaches the timeout.
  private func next(_ links: ExchangeLinks) throws -> (header: ExchangeHeader, body: Frame?) {
    for _ in 0..<1_000 {
      if let message = links.receive() { return message }
      usleep(10_000)
    }
    throw CancellationError()
  }

  private func send(step: UInt64, sharing change: (inout ExchangeHeader) -> Void = { _ in }) {
    let frame = first.frame(count: Self.bytes.count) { $0.copyMemory(from: Self.bytes, byteCount: Self.bytes.count) }
    var header = header(from: 0, step: step)
    change(&header)
    first.send(header, header.hasShared ? nil : frame, to: 1)
  }

  @Test func sharesBytesInMemory() throws {
    send(step: 1)
    let (header, body) = try next(second)
    #expect(header.hasShared)
    #expect(body?.array == Self.bytes)
  }

  @Test func sendsFramesToMembersThatCannotReadMemory() throws {
    // As if from another host with the same name, whose process IDs differ.
    send(step: 1) { $0.shared = .with { ($0.process, $0.count, $0.mark) = (.max, 8, 1) } }
    send(step: 2) { _ in }
    #expect(try next(second).header.step == 2)
    second.send(header(from: 1, step: 2), nil, to: 0)
    #expect(try next(first).header.wantsFrames)
    send(step: 3)
    let (header, body) = try next(second)
    #expect(header.step == 3 && !header.hasShared)
    #expect(body?.array == Self.bytes)
  }

  private static let notReachable = ["", "nowhere", "tcp://a b:7700", "tcp://127.0.0.1:*", "tcp://192.0.2.1:7700"]

  @Test func unreachableMemberDoesNotAffectOthers() throws {
    let members = [first.endpoint.text, second.endpoint.text] + Self.notReachable
    first.connect(
      to: members.enumerated().map { index, endpoint in
        Member.with { ($0.worker, $0.endpoint) = (UInt64(index + 1), endpoint) }
      }, me: 0)
    for place in 2..<members.count { first.send(header(from: 0, step: 1), nil, to: place) }
    first.send(header(from: 0, step: 2), nil, to: 1)
    #expect(try next(second).header.step == 2)
  }

  @Test func memberWithoutRequiredKeyIsRefused() throws {
    func isReachable(_ endpoint: String, key: Data, keys: KeyPair?) -> Bool {
      (try? ExchangeLinks.resolvePeer(endpoint, key: key, keys: keys)) != nil
    }
    let (own, other) = (KeyPair(), Data(KeyPair().publicKey.bytes))
    for endpoint in ["tcp://192.0.2.1:7700", "tcp://127.0.0.1:7700"] {
      #expect(isReachable(endpoint, key: other, keys: own))
      for key in [Data(), other.dropLast(), other + [0]] { #expect(!isReachable(endpoint, key: key, keys: own)) }
    }
    for endpoint in ["ipc:///tmp/a", "tcp://127.0.0.1:7700"] { #expect(isReachable(endpoint, key: Data(), keys: nil)) }
    for endpoint in ["tcp://192.0.2.1:7700", ""] { #expect(!isReachable(endpoint, key: Data(), keys: nil)) }
  }

  /// Data that exceeds the maximum frame size is sent in several frames.
  @Test func longDataArrivesComplete() throws {
    let bytes = (0..<(3 << 20) + 5).map { UInt8(truncatingIfNeeded: $0 &* 11 ^ $0 >> 8) }
    first.send(header(from: 0, step: 9), Frame(bytes), to: 1)
    let (header, body) = try next(second)
    #expect(header.step == 9 && body?.array == bytes)
  }
}

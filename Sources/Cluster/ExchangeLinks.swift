package import Coordination
package import Foundation
internal import SwiftProtobuf
package import Transport

/// A worker's sockets to the other members of its training group: one that all of them send to, and one to each of
/// them.
package final class ExchangeLinks {
  package let endpoint: Endpoint
  private let context: SocketContext
  private let keys: KeyPair?
  private let accessControl: AccessControl?
  private let bounds: Socket.Bounds
  private let incoming: Socket
  private var outgoing: [WorkerID: Link] = [:]
  private var members: [Member] = []
  /// That were sent to other members.
  private(set) var bytesSent = 0
  /// For large bytes to members of the same host; nil where members may be elsewhere, or the system has no such memory.
  private let memory: SharedMemory?
  /// By process.
  private var peerMemories: [UInt32: PeerMemory] = [:]

  private final class Link {
    let member: Member
    let socket: Socket
    /// Whether the member can read this worker's memory, for all that is known; and this worker the member's.
    var readsMemory: Bool
    var isReadable = true

    init(_ member: Member, _ socket: consuming Socket) {
      self.member = member
      self.socket = socket
      readsMemory = member.endpoint.hasPrefix("ipc:")
    }

    /// What was found out in another generation may have been about bytes that were gone.
    func reset() { (readsMemory, isReadable) = (member.endpoint.hasPrefix("ipc:"), true) }
  }

  /// What the exchange's access control calls those who may send.
  private static let domain = "exchange"

  /// - Parameters:
  ///   - endpoint: where the others shall reach this worker
  ///   - keys: nil for local addresses only
  /// - Throws: ``TransportError`` if it cannot listen there.
  package init(
    listeningAt endpoint: Endpoint, keys: KeyPair?, accessControl: AccessControl?, bounds: Socket.Bounds,
    in context: SocketContext
  ) throws(TransportError) {
    (self.context, self.keys, self.accessControl, self.bounds) = (context, keys, accessControl, bounds)
    incoming = try Socket(
      .pull, in: context, security: keys.map { .server($0, domain: Self.domain) } ?? .none, bounds: bounds)
    self.endpoint = try incoming.bind(endpoint)
    memory = endpoint.text.hasPrefix("ipc:") ? SharedMemory() : nil
  }

  /// To a member that cannot be reached by what is told of it there is no link: the coordinator parts two that wait for
  /// each other.
  /// - Parameter me: the place of this worker.
  package func connect(to members: [Member], me: Int) {
    self.members = members
    admit(members)
    let others = members.enumerated().filter { $0.offset != me }.map(\.element)
    outgoing = outgoing.filter { entry in others.contains(entry.value.member) }
    for link in outgoing.values { link.reset() }
    peerMemories = [:]
    for member in others where outgoing[member.worker] == nil { outgoing[member.worker] = try? link(to: member) }
  }

  /// Lets these members, and no others, connect from now on. A connection that comes before its key is admitted is left
  /// unanswered until the handshake times out, so members are admitted when their generation is announced.
  package func admit(_ members: [Member]) {
    accessControl?.allow(Set(members.compactMap { Key(bytes: Array($0.key)) }), in: Self.domain)
  }

  private func link(to member: Member) throws(TransportError) -> Link {
    let (endpoint, security) = try Self.resolvePeer(member.endpoint, key: member.key, keys: keys)
    // What a lost member does not take must not fill the memory: it is asked for again if it is wanted.
    var bounds = self.bounds
    bounds.queue = 64
    let socket = try Socket(.push, in: context, security: security, bounds: bounds)
    try socket.connect(endpoint)
    return Link(member, socket)
  }

  /// How a worker is reached by others, from what it tells.
  /// - Parameters:
  ///   - key: its own
  ///   - keys: of whoever wants to reach it; nil where there are none
  /// - Throws: ``TransportError`` if it cannot be.
  package static func resolvePeer(
    _ text: String, key: Data, keys: KeyPair?
  ) throws(TransportError) -> (endpoint: Endpoint, security: SocketSecurity) {
    let endpoint = try Endpoint(text)
    guard let keys else {
      guard endpoint.isLocal else {
        throw TransportError("\(endpoint) is on another host, which needs keys; `atelier keys` makes them")
      }
      return (endpoint, .none)
    }
    guard let server = Key(bytes: Array(key)) else { throw TransportError("\(endpoint) has no key, but others have") }
    return (endpoint, .client(keys, server: server))
  }

  /// Bytes that are to be sent: where other members can read them, if any can.
  package func frame(count: Int, _ write: (UnsafeMutableRawPointer) -> Void) -> Frame {
    let isShared = count >= Self.minSharedSize && outgoing.values.contains { $0.readsMemory }
    return (isShared ? memory?.frame(count: count, write) : nil) ?? Frame(count: count, write)
  }

  /// Less is sent as quickly as it is found.
  private static let minSharedSize = 16 << 10

  package func send(_ header: ExchangeHeader, _ body: Frame?, to position: Int) {
    guard let link = outgoing[members[position].worker] else { return }
    var (header, body) = (header, body)
    let count = body?.count ?? 0
    header.wantsFrames = !link.isReadable
    if link.readsMemory, let shared = body?.shared { (header.shared, body) = (shared, nil) }
    guard let bytes: [UInt8] = try? header.serializedBytes() else { return }
    bytesSent += bytes.count + count
    link.socket.send([Frame(bytes)] + (body?.pieces ?? []))
  }

  /// Of one message: a state of 16 GiB, and its header.
  private static let maxFrames = (16 << 10) + 1

  /// The next message, if one is there.
  package func receive() -> (header: ExchangeHeader, body: Frame?)? {
    while let frames = incoming.receive(frames: Self.maxFrames) {
      var options = BinaryDecodingOptions()
      options.messageDepthLimit = 4
      options.discardUnknownFields = true
      guard let first = frames.first, first.count <= 1024,
        let header = try? ExchangeHeader(serializedBytes: first.array, options: options), header.isWithinBounds
      else { continue }
      let link = members.indices.contains(Int(header.sender)) ? outgoing[members[Int(header.sender)].worker] : nil
      if header.wantsFrames { link?.readsMemory = false }
      guard header.hasShared else { return (header, frames.count > 1 ? Frame.joining(frames.dropFirst()) : nil) }
      // A state is parsed, and nothing that is parsed may change meanwhile.
      if header.kind != .state, let body = read(header.shared) { return (header, body) }
      // As good as lost: the bytes are asked for again, and come in a frame then.
      link?.isReadable = false
    }
    return nil
  }

  private func read(_ shared: SharedBytes) -> Frame? {
    guard memory != nil else { return nil }
    if peerMemories[shared.process] == nil { peerMemories[shared.process] = PeerMemory(of: shared) }
    return peerMemories[shared.process]?.frame(shared)
  }

  /// Waits until a message comes, or `descriptor` has something to read.
  package func wait(milliseconds: Int, descriptor: Int32) {
    // A core that falls asleep takes long to wake up, above all in a virtual machine; and what is waited for mostly
    // comes soon.
    let start = monotonicMicroseconds()
    repeat {
      if incoming.wait(milliseconds: 0, descriptor: descriptor) { return }
      sched_yield()
    } while monotonicMicroseconds() - start < Self.spinMicroseconds
    incoming.wait(milliseconds: milliseconds, descriptor: descriptor)
  }

  private static let spinMicroseconds = 5_000
}

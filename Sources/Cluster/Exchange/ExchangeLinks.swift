package import Coordination
package import Foundation
internal import SwiftProtobuf
package import Transport

/// A worker's sockets to the other members of its training group: one that receives from all of them, and one that
/// sends to each of them.
package final class ExchangeLinks {
  package let endpoint: Endpoint
  private let context: SocketContext
  private let keys: KeyPair?
  private let accessControl: AccessControl?
  private let bounds: Socket.Bounds
  private let incoming: Socket
  private var outgoing: [WorkerID: Link] = [:]
  private var members: [Member] = []
  /// The bytes sent to other members.
  private(set) var bytesSent = 0
  /// Shared memory for large messages to members on the same host; nil if members may be elsewhere, or if it is not
  /// available.
  private let memory: SharedMemory?
  /// The shared memory of other members, by process.
  private var peerMemories: [UInt32: PeerMemory] = [:]

  private final class Link {
    let member: Member
    let socket: Socket
    /// Whether the member can presumably read this worker's memory, and whether this worker can read the member's.
    var readsMemory: Bool
    var isReadable = true

    init(_ member: Member, _ socket: consuming Socket) {
      self.member = member
      self.socket = socket
      readsMemory = member.endpoint.hasPrefix("ipc:")
    }

    /// Forgets failures of another generation, which may have been due to memory that was released.
    func reset() { (readsMemory, isReadable) = (member.endpoint.hasPrefix("ipc:"), true) }
  }

  /// The domain of the exchange's access control.
  private static let domain = "exchange"

  /// - Parameters:
  ///   - endpoint: The endpoint at which to listen for other members.
  ///   - keys: nil for local addresses only.
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

  /// Connects to the members of a group. A member with an invalid address gets no link; the coordinator
  /// separates members that wait for each other.
  /// - Parameter me: The position of this worker.
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
    // A lost member's unsent messages must not fill the memory. Dropped ones are requested again if needed.
    var bounds = self.bounds
    bounds.queue = 64
    let socket = try Socket(.push, in: context, security: security, bounds: bounds)
    try socket.connect(endpoint)
    return Link(member, socket)
  }

  /// Returns the endpoint of another worker and the security settings for connecting to it.
  /// - Parameters:
  ///   - text: The endpoint that the other worker advertises.
  ///   - key: The public key of the other worker.
  ///   - keys: The keys of this worker; nil without keys.
  /// - Throws: ``TransportError`` if the endpoint is invalid, or if one side has no key.
  package static func resolvePeer(
    _ text: String, key: Data, keys: KeyPair?
  ) throws(TransportError) -> (endpoint: Endpoint, security: SocketSecurity) {
    let endpoint = try Endpoint(text)
    guard let keys else {
      guard endpoint.isLocal else {
        throw TransportError("\(endpoint) is on another host, which requires keys; create them with `atelier keys`")
      }
      return (endpoint, .none)
    }
    guard let server = Key(bytes: Array(key)) else {
      throw TransportError("the worker at \(endpoint) has no key, but others have")
    }
    return (endpoint, .client(keys, server: server))
  }

  /// Returns a frame to be sent: in shared memory if a member can read it there.
  package func frame(count: Int, _ write: (UnsafeMutableRawPointer) -> Void) -> Frame {
    let isShared = count >= Self.minSharedSize && outgoing.values.contains { $0.readsMemory }
    return (isShared ? memory?.frame(count: count, write) : nil) ?? Frame(count: count, write)
  }

  /// The size from which shared memory is faster than sending the bytes.
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

  /// The maximum number of frames of a message: a state of 16 GiB and its header.
  private static let maxFrames = (16 << 10) + 1

  /// Returns the next message, if there is one.
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
      // A state is parsed, so its bytes must not change meanwhile.
      if header.kind != .state, let body = read(header.shared) { return (header, body) }
      // Treated as lost: the bytes are requested again, and arrive in a frame then.
      link?.isReadable = false
    }
    return nil
  }

  private func read(_ shared: SharedBytes) -> Frame? {
    guard memory != nil else { return nil }
    if peerMemories[shared.process] == nil { peerMemories[shared.process] = PeerMemory(of: shared) }
    return peerMemories[shared.process]?.frame(shared)
  }

  /// Waits until a message arrives, or `descriptor` has something to read.
  package func wait(milliseconds: Int, descriptor: Int32) {
    // An idle core takes long to wake up, above all in a virtual machine, and most messages arrive soon.
    let start = monotonicMicroseconds()
    repeat {
      if incoming.wait(milliseconds: 0, descriptor: descriptor) { return }
      sched_yield()
    } while monotonicMicroseconds() - start < Self.spinMicroseconds
    incoming.wait(milliseconds: milliseconds, descriptor: descriptor)
  }

  private static let spinMicroseconds = 5_000
}

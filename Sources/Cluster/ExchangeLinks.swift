internal import Coordination
internal import Foundation
internal import SwiftProtobuf
internal import Transport

/// A worker's sockets to the other members of its training group: one that all of them send to, and one to each of them.
final class ExchangeLinks {
  let endpoint: Endpoint
  private let context: SocketContext
  private let keys: KeyPair?
  private let accessControl: AccessControl?
  private let bounds: Socket.Bounds
  private let incoming: Socket
  private var outgoing: [WorkerID: Link] = [:]
  private var members: [Member] = []
  /// Messages that are no messages of this protocol.
  private(set) var malformed = 0
  /// That were sent to other members.
  private(set) var bytesSent = 0

  private final class Link {
    let member: Member
    let socket: Socket

    init(_ member: Member, _ socket: consuming Socket) {
      self.member = member
      self.socket = socket
    }
  }

  /// What the exchange's access control calls those who may send.
  private static let domain = "exchange"

  /// - Parameters:
  ///   - endpoint: where the others shall reach this worker
  ///   - keys: nil for local addresses only
  /// - Throws: ``TransportError`` if it cannot listen there.
  init(
    listeningAt endpoint: Endpoint, keys: KeyPair?, accessControl: AccessControl?, bounds: Socket.Bounds,
    in context: SocketContext
  ) throws(TransportError) {
    (self.context, self.keys, self.accessControl, self.bounds) = (context, keys, accessControl, bounds)
    incoming = Socket(
      .pull, in: context, security: keys.map { .server($0, domain: Self.domain) } ?? .none, bounds: bounds)
    self.endpoint = try incoming.bind(endpoint)
  }

  /// - Parameter me: the place of this worker.
  func connect(to members: [Member], me: Int) throws(TransportError) {
    self.members = members
    accessControl?.allow(Set(members.compactMap { Key(bytes: Array($0.key)) }), in: Self.domain)
    let others = members.enumerated().filter { $0.offset != me }.map(\.element)
    outgoing = outgoing.filter { entry in others.contains(entry.value.member) }
    for member in others where outgoing[member.worker] == nil {
      var security = SocketSecurity.none
      if let keys {
        guard let server = Key(bytes: Array(member.key)) else {
          throw TransportError("worker \(member.endpoint) has no key, but this one has")
        }
        security = .client(keys, server: server)
      }
      // What a lost member does not take must not fill the memory: it is asked for again if it is wanted.
      var bounds = self.bounds
      bounds.queue = 64
      let socket = Socket(.push, in: context, security: security, bounds: bounds)
      let endpoint = try Endpoint(member.endpoint)
      guard keys != nil || endpoint.isLocal else {
        throw TransportError("worker \(endpoint) is on another host, which needs keys; `atelier keys` makes them")
      }
      try socket.connect(endpoint)
      outgoing[member.worker] = Link(member, socket)
    }
  }

  func send(_ header: ExchangeHeader, _ body: Frame?, to position: Int) {
    guard let link = outgoing[members[position].worker], let bytes: [UInt8] = try? header.serializedBytes() else {
      return
    }
    bytesSent += bytes.count + (body?.count ?? 0)
    link.socket.send([Frame(bytes)] + (body.map { [$0] } ?? []))
  }

  /// The next message, if one is there.
  func receive() -> (header: ExchangeHeader, body: Frame?)? {
    while let frames = incoming.receive(frames: 2) {
      var options = BinaryDecodingOptions()
      options.messageDepthLimit = 4
      options.discardUnknownFields = true
      if let first = frames.first, first.count <= 1024,
        let header = try? ExchangeHeader(serializedBytes: first.array, options: options)
      {
        return (header, frames.count > 1 ? frames[1] : nil)
      }
      malformed += 1
    }
    return nil
  }

  func wait(milliseconds: Int, descriptor: Int32) { incoming.wait(milliseconds: milliseconds, descriptor: descriptor) }
}

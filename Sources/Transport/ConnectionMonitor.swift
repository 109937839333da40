internal import CZeroMQ
internal import Foundation

/// Reports when a connection of a socket is established, closed or refused, through libzmq's socket monitor. Confined
/// to the socket's thread.
package struct ConnectionMonitor: ~Copyable {
  package enum Event: Sendable, Equatable {
    /// The handshake succeeded: the peer is authenticated.
    case ready
    /// A peer has connected; its handshake begins.
    case accepted(connection: Int32)
    case closed(connection: Int32)
    /// The peer's key is not allowed here. The peer itself only sees a closed connection, or no answer.
    case refused
    /// This guest's invitation has ended; see ``AccessControl/admit(guests:in:)``.
    case ended(InvitationEnd)
    /// The handshake failed: unexpected keys, keys on one side only, or a peer that does not speak ZeroMQ's protocol.
    case failed
  }

  private let socket: Socket

  /// Whether connections that the peer closes before the handshake are left out: those of a worker that only looks
  /// whether a program listens.
  private let leavesOutProbes: Bool

  /// - Parameters:
  ///   - name: the name of the monitor, unique within the context
  ///   - leavesOutProbes: whether to leave out connections that the peer closes before the handshake
  package init(
    _ observed: borrowing Socket, name: String, in context: SocketContext, leavesOutProbes: Bool = false
  ) throws(TransportError) {
    self.leavesOutProbes = leavesOutProbes
    let endpoint = try Endpoint("inproc://\(name)")
    let events =
      ZMQ_EVENT_ACCEPTED | ZMQ_EVENT_HANDSHAKE_SUCCEEDED | ZMQ_EVENT_DISCONNECTED | ZMQ_EVENT_HANDSHAKE_FAILED_AUTH
      | ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL | ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL
    guard zmq_socket_monitor(observed.pointer, endpoint.text, events) == 0 else {
      throw TransportError(binding: endpoint, code: zmq_errno())
    }
    // Unlimited: a full queue would block libzmq's I/O thread, and unauthenticated peers could fill it.
    var bounds = Socket.Bounds()
    bounds.queue = 0
    let pair = try Socket(.pair, in: context, bounds: bounds)
    try pair.connect(endpoint)
    socket = pair
  }

  /// Returns the next event; nil if there is none. Frames: (event: UInt16, value: Int32), then the address.
  package func next() -> Event? {
    while let frames = socket.receive(frames: 2) {
      guard let first = frames.first, first.count == 6 else { continue }
      let (event, value) = first.withBytes {
        ($0.loadUnaligned(as: UInt16.self), $0.loadUnaligned(fromByteOffset: 2, as: Int32.self))
      }
      switch Int32(event) {
      case ZMQ_EVENT_HANDSHAKE_SUCCEEDED: return .ready
      case ZMQ_EVENT_DISCONNECTED: return .closed(connection: value)
      case ZMQ_EVENT_ACCEPTED: return .accepted(connection: value)
      case ZMQ_EVENT_HANDSHAKE_FAILED_AUTH: return InvitationEnd(status: value).map { .ended($0) } ?? .refused
      case ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL where leavesOutProbes && (value == EPIPE || value == ECONNRESET): break
      default: return .failed
      }
    }
    return nil
  }
}

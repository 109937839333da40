internal import CZeroMQ

/// Tells when a connection of a socket is made or gone: libzmq's monitor of it. Stays on the socket's thread.
package struct ConnectionMonitor: ~Copyable {
  package enum Event: Sendable, Equatable {
    /// The other side has proved who it is, and may be talked to.
    case ready
    case closed(connection: Int32)
    /// The other side's key is not on our list. The one that is turned away only sees that the connection is closed, or that nothing comes.
    case refused
    /// The two sides do not come to terms: other keys than expected, or keys on one side only, or the other side speaks another language.
    case failed
  }

  private let socket: Socket

  /// - Parameter name: unique within the context.
  package init(_ observed: borrowing Socket, name: String, in context: SocketContext) throws(TransportError) {
    let endpoint = try Endpoint("inproc://\(name)")
    let events =
      ZMQ_EVENT_HANDSHAKE_SUCCEEDED | ZMQ_EVENT_DISCONNECTED | ZMQ_EVENT_HANDSHAKE_FAILED_AUTH
      | ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL | ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL
    guard zmq_socket_monitor(observed.pointer, endpoint.text, events) == 0 else {
      throw TransportError(binding: endpoint, code: zmq_errno())
    }
    // A full queue would stop the thread that moves all messages, and strangers could fill it.
    var bounds = Socket.Bounds()
    bounds.queue = 0
    let pair = try Socket(.pair, in: context, bounds: bounds)
    try pair.connect(endpoint)
    socket = pair
  }

  /// The next event, if there is one. Frames: (event: UInt16, value: Int32), then the address.
  package func next() -> Event? {
    while let frames = socket.receive(frames: 2) {
      guard let first = frames.first, first.count == 6 else { continue }
      let (event, value) = first.withBytes {
        ($0.loadUnaligned(as: UInt16.self), $0.loadUnaligned(fromByteOffset: 2, as: Int32.self))
      }
      switch Int32(event) {
      case ZMQ_EVENT_HANDSHAKE_SUCCEEDED: return .ready
      case ZMQ_EVENT_DISCONNECTED: return .closed(connection: value)
      case ZMQ_EVENT_HANDSHAKE_FAILED_AUTH: return .refused
      default: return .failed
      }
    }
    return nil
  }
}

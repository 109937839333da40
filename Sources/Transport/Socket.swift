internal import CZeroMQ
package import Coordination

/// All sockets of a process that may talk to each other by `inproc://`. Ends when the last socket and the last reference are gone.
package final class SocketContext: @unchecked Sendable {  // libzmq: a context may be used by any thread
  let pointer: UnsafeMutableRawPointer

  /// - Throws: ``TransportError`` if the process may open no more files.
  package init() throws(TransportError) {
    guard let pointer = zmq_ctx_new() else { throw TransportError(making: "a context for sockets", code: zmq_errno()) }
    self.pointer = pointer
    // A member of a training has a socket for each other member.
    zmq_ctx_set(pointer, ZMQ_MAX_SOCKETS, Self.mostSockets)
  }

  private static let mostSockets: Int32 = 16_384

  deinit { zmq_ctx_term(pointer) }
}

/// A ZeroMQ socket. It stays on the thread that made it.
package struct Socket: ~Copyable {
  package enum Kind: Sendable {
    /// Many peers, each message marked with its sender.
    case router
    /// One peer, or several in turn.
    case dealer
    /// One direction, towards one peer.
    case push
    /// One direction, from any number of peers.
    case pull
    /// One peer, within the process.
    case pair

    var code: Int32 {
      switch self {
      case .router: ZMQ_ROUTER
      case .dealer: ZMQ_DEALER
      case .push: ZMQ_PUSH
      case .pull: ZMQ_PULL
      case .pair: ZMQ_PAIR
      }
    }
  }

  /// Keeps peers from exhausting memory or patience. libzmq's own defaults know no limit.
  package struct Bounds: Sendable {
    /// Bytes of one frame, and so of what a stranger can have kept here before it has proved who it is. What is longer goes in parts.
    package var frame = Int64(Frame.mostAtOnce + (64 << 10))
    /// Messages that wait for one peer, in each direction.
    package var queue: Int32 = 1_000
    /// Connections that wait to be taken.
    package var backlog: Int32 = 256
    /// Milliseconds for a stranger to prove who it is.
    package var handshake: Int32 = 3_000
    /// Milliseconds after which a link without any sign of life counts as cut.
    package var silence: Int32 = 10_000

    package init() {}

    package init(_ limits: Limits) { silence = Int32(clamping: limits.silence) }
  }

  let pointer: UnsafeMutableRawPointer
  private let context: SocketContext

  /// - Throws: ``TransportError`` if the process may open no more files.
  package init(
    _ kind: Kind, in context: SocketContext, security: SocketSecurity = .none, bounds: Bounds = Bounds()
  ) throws(TransportError) {
    guard let pointer = zmq_socket(context.pointer, kind.code) else {
      throw TransportError(making: "a socket", code: zmq_errno())
    }
    (self.context, self.pointer) = (context, pointer)
    // Long enough for a last word, too short to be waited for.
    set(ZMQ_LINGER, kind == .dealer ? 100 : 0)
    set(ZMQ_SNDHWM, bounds.queue)
    set(ZMQ_RCVHWM, bounds.queue)
    var frame = bounds.frame
    zmq_setsockopt(pointer, ZMQ_MAXMSGSIZE, &frame, MemoryLayout<Int64>.size)
    set(ZMQ_HANDSHAKE_IVL, bounds.handshake)
    set(ZMQ_BACKLOG, bounds.backlog)
    set(ZMQ_HEARTBEAT_IVL, bounds.silence / 4)
    set(ZMQ_HEARTBEAT_TIMEOUT, bounds.silence)
    set(ZMQ_RECONNECT_IVL, 50)
    set(ZMQ_RECONNECT_IVL_MAX, 5_000)
    set(ZMQ_IPV6, 1)
    if kind == .router { set(ZMQ_ROUTER_MANDATORY, 1) }
    apply(security)
  }

  deinit { zmq_close(pointer) }

  private func set(_ option: Int32, _ value: Int32) {
    var value = value
    let status = zmq_setsockopt(pointer, option, &value, MemoryLayout<Int32>.size)
    precondition(status == 0, "libzmq does not know option \(option)")
  }

  private func set(_ option: Int32, _ bytes: [UInt8]) {
    let status = zmq_setsockopt(pointer, option, bytes, bytes.count)
    precondition(status == 0, "libzmq does not take option \(option)")
  }

  private func apply(_ security: SocketSecurity) {
    switch security {
    case .none: break
    case .server(let own, let domain):
      set(ZMQ_CURVE_SERVER, 1)
      set(ZMQ_CURVE_SECRETKEY, own.secret.bytes)
      set(ZMQ_ZAP_DOMAIN, Array(domain.utf8))
      // ZMQ_ZAP_ENFORCE_DOMAIN: without it, libzmq lets everyone in when nobody answers for the domain. The header hides the name.
      set(93, 1)
    case .client(let own, let server):
      set(ZMQ_CURVE_SERVERKEY, server.bytes)
      set(ZMQ_CURVE_PUBLICKEY, own.publicKey.bytes)
      set(ZMQ_CURVE_SECRETKEY, own.secret.bytes)
    }
  }

  /// - Returns: the address with the port that the system chose, where the port was given as `*`.
  /// - Throws: ``TransportError`` if the address is in use, not of this machine, or none.
  package func bind(_ endpoint: Endpoint) throws(TransportError) -> Endpoint {
    guard zmq_bind(pointer, endpoint.text) == 0 else { throw TransportError(binding: endpoint, code: zmq_errno()) }
    var buffer = [UInt8](repeating: 0, count: 512)
    var count = buffer.count
    guard zmq_getsockopt(pointer, ZMQ_LAST_ENDPOINT, &buffer, &count) == 0, count > 1 else { return endpoint }
    let text = String(decoding: buffer[..<(count - 1)], as: UTF8.self)
    // An IPv4 address, as a socket for both families writes it.
    guard text.hasPrefix("tcp://[::ffff:"), let end = text.lastIndex(of: "]") else { return try Endpoint(text) }
    return try Endpoint("tcp://" + text[..<end].dropFirst("tcp://[::ffff:".count) + text[text.index(after: end)...])
  }

  /// Connects as soon as the other side is there, and again whenever the connection is lost.
  package func connect(_ endpoint: Endpoint) throws(TransportError) {
    guard zmq_connect(pointer, endpoint.text) == 0 else {
      throw TransportError(connecting: endpoint, code: zmq_errno())
    }
  }

  /// Sends a message, or nothing at all. Never waits.
  /// - Returns: false if the peer is gone, or its queue is full.
  @discardableResult
  package func send(_ frames: [Frame]) -> Bool {
    for (index, frame) in frames.enumerated() {
      let more = index + 1 < frames.count ? ZMQ_SNDMORE : 0
      // Sending empties a message, so a copy goes: libzmq copies small ones and counts references to large ones.
      var copy = zmq_msg_t()
      zmq_msg_init(&copy)
      zmq_msg_copy(&copy, frame.message)
      guard zmq_msg_send(&copy, pointer, more | ZMQ_DONTWAIT) >= 0 else {
        zmq_msg_close(&copy)
        return false
      }
    }
    return true
  }

  /// The next message, if one is there: at most `frames` frames; a longer one is dropped, and comes as an empty list.
  package func receive(frames limit: Int) -> [Frame]? {
    var frames: [Frame] = []
    var count = 0
    while true {
      let frame = Frame()
      guard zmq_msg_recv(frame.message, pointer, ZMQ_DONTWAIT) >= 0 else { return nil }
      count += 1
      let hasMore = zmq_msg_more(frame.message) != 0
      if count <= limit { frames.append(frame) }
      if !hasMore { return count <= limit ? frames : [] }
    }
  }

  /// Waits until there is something to receive here, or in the file `descriptor`.
  /// - Returns: whether there is.
  @discardableResult
  package func wait(milliseconds: Int, descriptor: Int32? = nil) -> Bool {
    var items = [zmq_pollitem_t(socket: pointer, fd: 0, events: Int16(ZMQ_POLLIN), revents: 0)]
    if let descriptor {
      items.append(zmq_pollitem_t(socket: nil, fd: descriptor, events: Int16(ZMQ_POLLIN), revents: 0))
    }
    return zmq_poll(&items, Int32(items.count), milliseconds) > 0
  }
}

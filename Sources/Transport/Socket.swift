internal import CZeroMQ
package import Coordination
internal import Foundation

/// A group of sockets that can communicate by `inproc://`. It ends with its last socket and its last reference.
package final class SocketContext: @unchecked Sendable {  // libzmq's contexts are thread-safe
  let pointer: UnsafeMutableRawPointer

  /// - Throws: ``TransportError`` if the process may open no more files.
  package init() throws(TransportError) {
    guard let pointer = zmq_ctx_new() else { throw TransportError(making: "a socket context", code: zmq_errno()) }
    self.pointer = pointer
    // A member of a training group has a socket for each other member.
    zmq_ctx_set(pointer, ZMQ_MAX_SOCKETS, Self.mostSockets)
  }

  private static let mostSockets: Int32 = 16_384

  deinit { zmq_ctx_term(pointer) }
}

/// A ZeroMQ socket, confined to the thread that created it.
package struct Socket: ~Copyable {
  package enum Kind: Sendable {
    /// Connects to many peers; each message carries its sender.
    case router
    /// Connects to one peer, or to several in turn.
    case dealer
    /// Sends to one peer.
    case push
    /// Receives from any number of peers.
    case pull
    /// Connects to one peer within the process.
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

  /// Limits that keep peers from exhausting memory or blocking a socket. libzmq has no limits by default.
  package struct Bounds: Sendable {
    /// The maximum size of one frame in bytes, and so of what an unauthenticated peer can store here. Longer data is
    /// sent in parts.
    package var frame = Int64(Frame.mostAtOnce + (64 << 10))
    /// The maximum number of queued messages for each peer and direction.
    package var queue: Int32 = 1_000
    /// The maximum number of connections that wait to be accepted.
    var backlog: Int32 = 256
    /// The timeout of the handshake in milliseconds.
    package var handshake: Int32 = 3_000
    /// The time without any traffic, in milliseconds, after which a connection is treated as lost.
    package var timeout: Int32 = 10_000

    package init() {}

    package init(_ limits: Limits) { timeout = Int32(clamping: limits.workerTimeout) }
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
    // Long enough to send a last message, too short to delay the exit.
    set(ZMQ_LINGER, kind == .dealer ? 100 : 0)
    set(ZMQ_SNDHWM, bounds.queue)
    set(ZMQ_RCVHWM, bounds.queue)
    var frame = bounds.frame
    zmq_setsockopt(pointer, ZMQ_MAXMSGSIZE, &frame, MemoryLayout<Int64>.size)
    set(ZMQ_HANDSHAKE_IVL, bounds.handshake)
    set(ZMQ_BACKLOG, bounds.backlog)
    set(ZMQ_HEARTBEAT_IVL, bounds.timeout / 4)
    set(ZMQ_HEARTBEAT_TIMEOUT, bounds.timeout)
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
    precondition(status == 0, "libzmq does not support option \(option)")
  }

  private func set(_ option: Int32, _ bytes: [UInt8]) {
    let status = zmq_setsockopt(pointer, option, bytes, bytes.count)
    precondition(status == 0, "libzmq rejects the value of option \(option)")
  }

  private func apply(_ security: SocketSecurity) {
    switch security {
    case .none: break
    case .server(let own, let domain):
      set(ZMQ_CURVE_SERVER, 1)
      set(ZMQ_CURVE_SECRETKEY, own.secret.bytes)
      set(ZMQ_ZAP_DOMAIN, Array(domain.utf8))
      // ZMQ_ZAP_ENFORCE_DOMAIN: without it, libzmq accepts every peer when no access control runs. The header hides the
      // name.
      set(93, 1)
    case .client(let own, let server):
      set(ZMQ_CURVE_SERVERKEY, server.bytes)
      set(ZMQ_CURVE_PUBLICKEY, own.publicKey.bytes)
      set(ZMQ_CURVE_SECRETKEY, own.secret.bytes)
    }
  }

  /// Listens at an address.
  /// - Returns: the address, with the port that the system chose if the port was given as `*`
  /// - Throws: ``TransportError`` if the address is in use, does not belong to this machine, or is invalid.
  package func bind(_ endpoint: Endpoint) throws(TransportError) -> Endpoint {
    guard zmq_bind(pointer, endpoint.text) == 0 else { throw TransportError(binding: endpoint, code: zmq_errno()) }
    var buffer = [UInt8](repeating: 0, count: 512)
    var count = buffer.count
    guard zmq_getsockopt(pointer, ZMQ_LAST_ENDPOINT, &buffer, &count) == 0, count > 1 else { return endpoint }
    let text = String(decoding: buffer[..<(count - 1)], as: UTF8.self)
    let bound = try Endpoint(text)
    guard let host = bound.host, let port = bound.port, host.withoutIPv6Form != host else { return bound }
    return try Endpoint(host: host.withoutIPv6Form, port: port)
  }

  /// Connects as soon as the peer listens, and reconnects whenever the connection is lost.
  package func connect(_ endpoint: Endpoint) throws(TransportError) {
    guard zmq_connect(pointer, endpoint.text) == 0 else {
      throw TransportError(connecting: endpoint, code: zmq_errno())
    }
  }

  /// Sends a whole message, or nothing. Never blocks.
  /// - Returns: false if the peer is gone or its queue is full
  @discardableResult
  package func send(_ frames: [Frame]) -> Bool {
    for (index, frame) in frames.enumerated() {
      let more = index + 1 < frames.count ? ZMQ_SNDMORE : 0
      // Sending empties a message, so a copy is sent: libzmq copies small messages and reference-counts large ones.
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

  /// Returns the next message; nil if there is none. A message of more than `frames` frames is dropped, and returned as
  /// an empty list, or as its first frames if the caller needs to know the sender.
  package func receive(frames limit: Int, isTruncated: Bool = false) -> [Frame]? {
    var frames: [Frame] = []
    var count = 0
    while true {
      let frame = Frame()
      guard zmq_msg_recv(frame.message, pointer, ZMQ_DONTWAIT) >= 0 else { return nil }
      count += 1
      let hasMore = zmq_msg_more(frame.message) != 0
      if count <= limit { frames.append(frame) }
      if !hasMore { return count <= limit || isTruncated ? frames : [] }
    }
  }

  /// Closes a connection of this socket, as if the peer had closed it.
  ///
  /// The system may have given the number of a closed connection to another file. Only a connection at the given port
  /// is closed; if it is that of another peer, the peer connects again.
  package static func close(connection: Int32, atPort port: Int) {
    var address = sockaddr_storage()
    var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
    let status = withUnsafeMutablePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(connection, $0, &length) }
    }
    guard status == 0 else { return }
    // The port is at the same place in addresses of both families.
    let own = withUnsafeBytes(of: &address) { $0.loadUnaligned(fromByteOffset: 2, as: UInt16.self).bigEndian }
    guard [AF_INET, AF_INET6].contains(Int32(address.ss_family)), Int(own) == port else { return }
    shutdown(connection, Int32(SHUT_RDWR))
  }

  /// Waits until the socket has a message or the file `descriptor` is readable.
  /// - Returns: false if the time has passed before
  @discardableResult
  package func wait(milliseconds: Int, descriptor: Int32? = nil) -> Bool {
    var items = [zmq_pollitem_t(socket: pointer, fd: 0, events: Int16(ZMQ_POLLIN), revents: 0)]
    if let descriptor {
      items.append(zmq_pollitem_t(socket: nil, fd: descriptor, events: Int16(ZMQ_POLLIN), revents: 0))
    }
    return zmq_poll(&items, Int32(items.count), milliseconds) > 0
  }
}

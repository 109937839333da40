internal import Coordination
package import Transport

/// Finds the coordinator of a worker among several endpoints: the one with the expected key that admits the worker.
package enum Rendezvous {
  /// - Parameter endpoints: tcp endpoints with a port, in the order in which the coordinator tries to listen at them
  /// - Returns: the endpoint of the coordinator; nil if it does not listen yet
  /// - Throws: ``TransportError`` if the process may open no more sockets
  package static func find(_ endpoints: [Endpoint], keys: WorkerKeys) throws(TransportError) -> Endpoint? {
    for endpoint in endpoints {
      guard let host = endpoint.host, let port = endpoint.port,
        case .open = PortProbe.connect(host: host, port: port, timeout: connectionTimeout),
        try isCoordinator(endpoint, keys: keys)
      else { continue }
      return endpoint
    }
    return nil
  }

  private static let connectionTimeout: Milliseconds = 2_000

  private static func isCoordinator(_ endpoint: Endpoint, keys: WorkerKeys) throws(TransportError) -> Bool {
    let sockets = try SocketContext()
    var bounds = Socket.Bounds()
    // Shorter than a coordinator's handshake timeout, so that a connection to another program ends here first.
    bounds.handshake = Int32(connectionTimeout)
    let socket = try Socket(
      .dealer, in: sockets, security: .client(keys.own, server: keys.coordinator), bounds: bounds)
    let monitor = try ConnectionMonitor(socket, name: "rendezvous", in: sockets)
    try socket.connect(endpoint)
    let end = monotonicMilliseconds() + connectionTimeout
    while monotonicMilliseconds() < end {
      while let event = monitor.next() { return event == .ready }
      socket.wait(milliseconds: 5)
    }
    return false
  }
}

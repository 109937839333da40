package import Compute
internal import Coordination
internal import Foundation
package import Transport

/// How a worker process connects to its coordinator and to other workers.
package struct WorkerSettings: Sendable {
  package var join: Endpoint
  /// The endpoint at which it listens for other workers; nil: the address from which it reaches the coordinator.
  package var exchange: Endpoint?
  /// The address to advertise to other workers, if it differs from that.
  package var advertise: AdvertisedAddress?
  package var keys: WorkerKeys?
  /// Whether the coordinator has started this worker and puts files into the folder of its socket.
  package var isLocal = false
  package var limits = ClusterLimits()

  package init(join: Endpoint) { self.join = join }
}

/// A worker process, which joins a coordinator and computes for it. It continues to run when a job or the coordinator
/// ends.
package enum WorkerProcess {
  /// Runs until `isEnding` returns true or the coordinator refuses the worker.
  ///
  /// - Parameters:
  ///   - log: Receives messages to the user.
  ///   - isEnding: Whether to end, given whether the coordinator is connected.
  /// - Returns: Why the coordinator refuses the worker; nil if it was ended otherwise, or the run has ended.
  /// - Throws: ``TransportError`` if it cannot connect or listen.
  package static func run(
    _ settings: WorkerSettings, on context: ComputeContext, log: @escaping (String) -> Void,
    until isEnding: (_ isConnected: Bool) -> Bool
  ) throws -> String? {
    try ZeroMQLibrary.check()
    try SystemLimits.check()
    guard let keys = settings.keys else {
      throw TransportError(
        "joining \(settings.join) requires keys: create them with `atelier keys` and name their folder with --keys")
    }
    let limits = Limits(settings.limits)
    let sockets = try SocketContext()
    let id = UInt64.random(in: 1...UInt64.max)
    let accessControl = try AccessControl(in: sockets)
    defer { accessControl.end() }
    // Only members that the coordinator announces may connect, each with the announced key.
    let exchangeKeys = KeyPair()
    let listening = try settings.exchange ?? exchangeEndpoint(reaching: settings.join)
    let exchange = ComputeThread.Exchange(
      endpoint: listening, keys: exchangeKeys, accessControl: accessControl, context: sockets,
      bounds: Socket.Bounds(limits),
      advertised: settings.advertise ?? .automatic(for: listening, joining: settings.join))
    let blobs = BlobStore()
    let (computing, endpoint) = try ComputeThread.start(
      worker: id, on: context, blobs: blobs, exchange: exchange, limits: limits)
    defer { computing.end() }
    let security = SocketSecurity.client(keys.own, server: keys.coordinator)
    let socket = try Socket(.dealer, in: sockets, security: security, bounds: Socket.Bounds(limits))
    let monitor = try ConnectionMonitor(socket, name: "connections", in: sockets)
    try socket.connect(settings.join)
    let profile = Profile(of: context, exchange: endpoint, keys: exchangeKeys)
    let cache = settings.isLocal ? settings.join.folder.map(BlobCache.init(coordinatorFolder:)) : BlobCache()
    let loop = WorkerLoop(
      worker: Worker(id: id, profile: profile, limits: limits), socket: socket, monitor: monitor,
      computing: computing, blobs: blobs, cache: cache, limits: limits, log: log)
    loop.run(until: isEnding)
    return loop.refusal
  }

  /// Returns an address of this host for other workers: the one that faces the coordinator.
  private static func exchangeEndpoint(reaching coordinator: Endpoint) throws(TransportError) -> Endpoint {
    guard let host = coordinator.host, coordinator.port != nil else {
      return try Endpoint("\(coordinator.text)-exchange-\(getpid())")
    }
    guard let address = LocalAddress.outbound(to: coordinator) else {
      throw TransportError("unknown host or no route to \(host)")
    }
    return try Endpoint(host: address)
  }
}

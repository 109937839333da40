package import Compute
package import Coordination
internal import Foundation
package import Transport

/// How a worker process finds its coordinator.
package struct WorkerSettings: Sendable {
  package var join: Endpoint
  /// Where it listens for other workers; nil: where it reaches the coordinator from.
  package var exchange: Endpoint?
  /// What they are told in place of that.
  package var advertise: AdvertisedAddress?
  package var keys: WorkerKeys?
  /// Whether the coordinator has started this worker, and puts files beside its address.
  package var isLocal = false
  package var limits = Limits()

  package init(join: Endpoint) { self.join = join }
}

/// A worker: a process that joins a coordinator, and does what it is told to. It survives jobs and coordinators.
package enum WorkerProcess {
  /// Works until `isEnding`, or until the coordinator refuses it.
  ///
  /// - Parameter log: told what people want to know
  /// - Returns: why the coordinator refuses it; nil if it was ended otherwise
  /// - Throws: ``TransportError`` if it cannot join or listen
  package static func run(
    _ settings: WorkerSettings, on context: ComputeContext, log: @escaping (String) -> Void, until isEnding: () -> Bool
  ) throws -> String? {
    try ZeroMQLibrary.check()
    try SystemLimits.check()
    guard let keys = settings.keys else {
      throw TransportError(
        "joining \(settings.join) needs keys: `atelier keys` makes them, and --keys names their folder")
    }
    let sockets = try SocketContext()
    let id = UInt64.random(in: 1...UInt64.max)
    let accessControl = try AccessControl(in: sockets)
    defer { accessControl.end() }
    // Only members that the coordinator names get in, and only by the key that it names.
    let exchangeKeys = KeyPair()
    let listening = try settings.exchange ?? exchangeEndpoint(reaching: settings.join)
    let exchange = ComputeThread.Exchange(
      endpoint: listening, keys: exchangeKeys, accessControl: accessControl, context: sockets,
      bounds: Socket.Bounds(settings.limits),
      advertised: settings.advertise ?? .automatic(for: listening, joining: settings.join))
    let blobs = BlobStore()
    let (computing, endpoint) = try ComputeThread.start(
      worker: id, on: context, blobs: blobs, exchange: exchange, limits: settings.limits)
    defer { computing.end() }
    let security = SocketSecurity.client(keys.own, server: keys.coordinator)
    let socket = try Socket(.dealer, in: sockets, security: security, bounds: Socket.Bounds(settings.limits))
    let monitor = try ConnectionMonitor(socket, name: "connections", in: sockets)
    try socket.connect(settings.join)
    let profile = Profile(of: context, exchange: endpoint, keys: exchangeKeys)
    let cache = settings.isLocal ? settings.join.folder.map(BlobCache.init(coordinatorFolder:)) : BlobCache()
    let loop = WorkerLoop(
      worker: Worker(id: id, profile: profile, limits: settings.limits), socket: socket, monitor: monitor,
      computing: computing, blobs: blobs, cache: cache, limits: settings.limits, log: log)
    loop.run(until: isEnding)
    return loop.refusal
  }

  /// An address of this machine that those can reach whom the coordinator can reach.
  private static func exchangeEndpoint(reaching coordinator: Endpoint) throws(TransportError) -> Endpoint {
    guard let host = coordinator.host, let port = coordinator.port else {
      return try Endpoint("\(coordinator.text)-exchange-\(getpid())")
    }
    guard let address = LocalAddress.outbound(toHost: host, port: port) else {
      throw TransportError("\(host) cannot be reached: there is no such host, or no way to it")
    }
    return try Endpoint(host: address)
  }
}

extension Endpoint {
  /// A free port of an address.
  init(host: String) throws(TransportError) {
    try self.init("tcp://\(host.contains(":") ? "[\(host)]" : host):*")
  }
}

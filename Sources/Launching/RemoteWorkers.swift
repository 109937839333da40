package import Cluster
internal import Foundation
internal import Text
internal import Transport

/// The workers on other hosts that a coordinator starts through ssh (`--hosts`).
package final class RemoteWorkers: WorkerLauncher, @unchecked Sendable {  // used by one thread at a time
  /// How ssh is called.
  package struct Settings: Sendable {
    package var hosts: [LaunchHost]
    /// The ssh command with its options.
    package var ssh: [String]
    /// Whether ssh forwards a port of each host to the coordinator.
    package var isTunneled: Bool
    /// Options of the workers; plain words.
    package var workerOptions: [String] = []

    package init(hosts: [LaunchHost], ssh: [String] = ["ssh"], isTunneled: Bool = false) {
      (self.hosts, self.ssh, self.isTunneled) = (hosts, ssh, isTunneled)
    }
  }

  private let settings: Settings
  private let files: ProgramFiles
  private let log: (String) -> Void
  private var workers: [RemoteWorker] = []
  private var hadWorkers = false
  /// The tokens of workers that have not enrolled, by host, and when they were given.
  private var awaited: [String: (token: JoinToken, start: Int)] = [:]

  /// Connects to the hosts, and prepares them, in the background.
  /// - Parameter log: receives messages to the user
  /// - Throws: ``LaunchError``
  package init(_ settings: Settings, log: @escaping (String) -> Void) throws(LaunchError) {
    (self.settings, self.log) = (settings, log)
    files = try .ofThisProgram()
    // A tunnel needs the coordinator's port.
    if !settings.isTunneled { try start() }
  }

  deinit { end() }

  /// Returns the command line of ssh without the host and the command.
  /// - Parameter coordinator: HOST:PORT of the coordinator, to be forwarded; nil without tunnel
  package static func ssh(_ settings: Settings, forwarding coordinator: String?) -> [String] {
    let options = [
      "BatchMode=yes", "ConnectTimeout=10", "ServerAliveInterval=15", "ServerAliveCountMax=3", "RemoteCommand=none",
    ]
    // Forwardings of the user's configuration are those of interactive sessions, and may exist only once.
    // ClearAllForwardings would clear the one of --tunnel as well: with it, the user's may fail. Only a connection of
    // its own reports the port of the tunnel, and at the level INFO.
    let forwarding =
      coordinator.map {
        ["ExitOnForwardFailure=no", "ControlMaster=no", "ControlPath=none", "LogLevel=INFO"].asOptions
          + ["-R", "127.0.0.1:0:\($0)"]
      } ?? ["ClearAllForwardings=yes"].asOptions
    return settings.ssh + ["-T", "-a", "-x"] + options.asOptions + forwarding
  }

  private func start(forwarding coordinator: String? = nil) throws(LaunchError) {
    let ssh = Self.ssh(settings, forwarding: coordinator)
    let arguments = ["--until-input-ends"] + settings.workerOptions
    for host in settings.hosts {
      let worker = RemoteWorker(host, ssh: ssh, arguments: arguments, files: files)
      try worker.start()
      workers.append(worker)
    }
  }

  package func advance(_ cluster: Cluster) throws {
    if workers.isEmpty {
      // With --listen, the coordinator listens at that address only.
      try start(forwarding: try cluster.endpoint(at: "127.0.0.1").hostAndPort)
      log(
        """
        the hosts reach this process through ssh (--tunnel); to train a network together, they must still be able to \
        connect to each other
        """)
    }
    for worker in workers {
      if case .awaitsInvitation(let facts) = worker.state { invite(worker, facts, cluster) }
      for message in worker.takeMessages() { log(message) }
      reportUnreached(worker, cluster)
    }
    hadWorkers = hadWorkers || cluster.hasWorkers
    if cluster.dependsOnLauncher { try checkWhetherAnyCanStart() }
  }

  private func invite(_ worker: RemoteWorker, _ facts: RemoteWorker.Facts, _ cluster: Cluster) {
    do {
      let (token, exchange) = settings.isTunneled ? try tunneled(facts, cluster) : try direct(facts, cluster)
      let invitation = RemoteWorker.Invitation(token: token.text, exchange: exchange?.text)
      if worker.answer(.invitation(invitation), to: facts) {
        awaited[worker.host.destination] = (token, milliseconds())
      }
    } catch { worker.answer(.refusal("\(error)"), to: facts) }
  }

  /// Reports a worker that runs, but cannot connect to the coordinator.
  private func reportUnreached(_ worker: RemoteWorker, _ cluster: Cluster) {
    let name = worker.host.destination
    guard let (token, start) = awaited[name] else { return }
    switch worker.state {
    case .running where cluster.hasEnrolled(with: token): awaited[name] = nil
    case .running where milliseconds() - start >= Self.connectionTimeout:
      awaited[name] = nil
      let place = token.addresses.compactMap(\.hostAndPort).joined(separator: ", ")
      log(
        """
        \(name): its worker does not reach this process at \(place). \
        \(settings.isTunneled
          ? "Does ssh there forward ports (AllowTcpForwarding)?"
          : "If a firewall, jump host or NAT is in between: use --tunnel, or --listen with an address that it reaches")
        """)
    case .running, .awaitsInvitation, .answered: break
    case .starting, .retrying, .failed: awaited[name] = nil
    }
  }

  /// The time in milliseconds in which a worker connects.
  private static let connectionTimeout = 10_000

  private func direct(
    _ facts: RemoteWorker.Facts, _ cluster: Cluster
  ) throws -> (token: JoinToken, exchange: Endpoint?) {
    guard let address = facts.coordinatorAddress else {
      throw LaunchError(
        "it does not say from where ssh connects (SSH_CONNECTION); use --listen with this host's address")
    }
    do throws(TransportError) {
      let endpoint = try cluster.endpoint(at: address)
      return (try cluster.invite(to: endpoint), endpoint.isLoopback ? try Self.allAddresses : nil)
    } catch {
      // A zone names an interface of the host that uses the address, so it cannot be part of a join token.
      let cause = address.contains("%") ? "The address is link-local" : "If a jump host or NAT is in between"
      throw LaunchError(
        """
        it sees this host as \(address): \(error). \(cause): use --tunnel, or --listen with an address that it reaches
        """)
    }
  }

  private func tunneled(
    _ facts: RemoteWorker.Facts, _ cluster: Cluster
  ) throws -> (token: JoinToken, exchange: Endpoint?) {
    guard let port = facts.tunnelPort else { throw LaunchError("ssh does not report the port of the tunnel") }
    let own = try facts.ownAddress.map { address throws(TransportError) in try Endpoint(host: address) }
    return (
      try cluster.invite(to: try Endpoint(host: "127.0.0.1", port: port)),
      own?.isLoopback == false ? own : try Self.allAddresses
    )
  }

  /// Where a worker listens for others if it reaches the coordinator through loopback: at a loopback address, other
  /// hosts could not connect to it.
  private static var allAddresses: Endpoint { get throws(TransportError) { try Endpoint(host: "*") } }

  /// - Throws: ``LaunchError`` if no host could be reached so far, or none can have a worker any more
  private func checkWhetherAnyCanStart() throws(LaunchError) {
    var reasons: [String] = []
    for worker in workers {
      switch worker.state {
      case .failed(let reason): reasons.append("\(worker.host.destination): \(reason)")
      case .retrying(let reason) where !hadWorkers: reasons.append("\(worker.host.destination): \(reason)")
      default: return
      }
    }
    throw LaunchError("no worker could be started:\n  " + reasons.joined(separator: "\n  "))
  }

  package func end() {
    for worker in workers { worker.requestEnd() }
    for worker in workers { worker.waitUntilEnded() }
    workers = []
  }
}

extension [String] {
  /// The settings of ssh as words of its command line.
  fileprivate var asOptions: [String] { flatMap { ["-o", $0] } }
}

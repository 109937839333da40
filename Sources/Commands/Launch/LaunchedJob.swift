internal import Cluster
internal import Compute
internal import Foundation
internal import Launching
internal import Logging
internal import Transport

/// A job of a launcher such as Slurm in which this process takes part: where its coordinator listens, and with which
/// keys.
struct LaunchedJob {
  let environment: LaunchEnvironment
  private let secret: JobSecret

  /// - Throws: ``LaunchError`` if the coordinator's host or the secret of the job is unknown; ``TransportError``
  init(_ environment: LaunchEnvironment) throws {
    let name = environment.launcher.rawValue
    guard environment.coordinatorHost != nil else {
      throw LaunchError(
        """
        \(name) does not say on which host process 0 of this job runs: set \(LaunchEnvironment.coordinatorVariable) to \
        HOST or HOST:PORT for all processes, or use --launcher none
        """)
    }
    guard let secret = try JobSecret.current() else {
      throw LaunchError(
        """
        the processes of this \(name) job need a common secret: run \
        `export \(JobSecret.variable)=$(atelier keys secret)` before the command that starts them, or use \
        --launcher none
        """)
    }
    (self.environment, self.secret) = (environment, secret)
  }

  private var host: String { environment.coordinatorHost ?? "localhost" }
  private var ports: [Int] { environment.coordinatorPort.map { [$0] } ?? RendezvousPorts.ports(ofJob: environment.job) }

  // MARK: Process 0

  /// The time in seconds after which a run starts without the processes that have not joined.
  private static let awaitTime = 60.0
  /// The number of local workers of process 0 if the user gives none.
  static let standardWorkers = 1

  /// Makes this process the coordinator of the job, with one local worker unless the user gives another number.
  func configure(_ settings: inout ClusterSettings, workers: Int?) throws {
    // The name may resolve to a loopback address on its own host only, or to an address outside of its network.
    let resolved = HostAddress.resolve(host, launcher: environment.launcher)
    var address = "*"
    if environment.isOneHost {
      address = "127.0.0.1"
    } else if let resolved, try !Endpoint(host: resolved).isLoopback, HostAddress.isOwn(resolved) {
      address = resolved
    }
    let endpoints = try ports.map { port throws(TransportError) in try Endpoint(host: address, port: port) }
    (settings.listen, settings.otherPorts) = (endpoints[0], Array(endpoints.dropFirst()))
    settings.keys = CoordinatorKeys(secret)
    settings.workers = workers ?? Self.standardWorkers
    settings.endsWorkers = true
    if settings.minWorkers == nil, let count = environment.count {
      let expected = count - 1 + settings.workers
      (settings.minWorkers, settings.awaitTime) = (min(expected, settings.maxWorkers ?? expected), Self.awaitTime)
    }
  }

  // MARK: Other processes

  /// The time in seconds that a worker looks for a coordinator, which its launcher does not replace.
  private static let searchTime = 300.0
  /// The time in seconds after which a worker ends without its coordinator.
  private static let lossTime = 60.0
  /// The time in seconds that a worker computes after a signal for the whole job, until the coordinator has saved.
  private static let graceTime = 20.0
  private static let messageInterval = 10.0

  /// Works for the coordinator of the job until the run ends.
  /// - Throws: ``LaunchError`` if there is no coordinator; `CancellationError` after a signal; ``TransportError``
  func work(_ compute: ComputeOptions, limits: ClusterLimits) throws {
    let logger = compute.logger
    let context = try compute.makeContext(launched: environment.threads(ofCores: availableCores()))
    Interruption.watch()
    let keys = WorkerKeys(secret)
    let supervisor = try Supervisor()
    supervisor.report("looking for the coordinator on \(host)", isReady: false)
    var coordinator = try findCoordinator(keys, supervisor, logger)
    // The process that replaces the coordinator can have another address, which is looked up at each connection.
    if environment.replacesCoordinator, let port = coordinator.port {
      coordinator = try Endpoint(host: host, port: port)
    }
    var settings = WorkerSettings(join: coordinator)
    (settings.keys, settings.limits) = (keys, limits)
    logger.info("joining \(settings.join)")
    var watch = CoordinatorWatch(
      lossTime: environment.replacesCoordinator ? .infinity : Self.lossTime, graceTime: Self.graceTime)
    let refusal = try WorkerProcess.run(
      settings, on: context, log: { logger.info("\($0)") },
      until: {
        supervisor.reportIteration(ofWorkerJoining: "\(coordinator)", isConnected: $0)
        return watch.isEnd(isConnected: $0, isSignaled: Interruption.isRequested, at: Self.now)
      })
    supervisor.reportStop()
    if let refusal { throw WorkerRefused(reason: refusal) }
    if Interruption.isRequested { throw CancellationError() }
    if watch.isLost {
      throw LaunchError("the coordinator of the job, process 0 on \(host), is gone for \(Int(Self.lossTime)) seconds")
    }
  }

  private static var now: Double { ProcessInfo.processInfo.systemUptime }

  private func findCoordinator(_ keys: WorkerKeys, _ supervisor: Supervisor, _ logger: Logger) throws -> Endpoint {
    let start = Self.now
    var nextMessage = start + Self.messageInterval
    while true {
      if Interruption.isRequested { throw CancellationError() }
      supervisor.reportIteration()
      if let address = HostAddress.resolve(host, launcher: environment.launcher) {
        let endpoints = try ports.map { port throws(TransportError) in try Endpoint(host: address, port: port) }
        if let found = try Rendezvous.find(endpoints, keys: keys) { return found }
      }
      if Self.now >= nextMessage {
        logger.info(
          "looking for the coordinator on \(host), at ports \(ports.map(String.init).joined(separator: ", "))")
        nextMessage += Self.messageInterval
      }
      guard environment.replacesCoordinator || Self.now - start < Self.searchTime else {
        throw LaunchError(
          """
          process 0 of the job does not listen on \(host) at any of its ports \
          (\(ports.map(String.init).joined(separator: ", "))) with the key of this job: do all processes have the same \
          \(JobSecret.variable), and does no firewall block the ports?
          """)
      }
      usleep(100_000)
    }
  }
}

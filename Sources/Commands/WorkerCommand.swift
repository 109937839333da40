internal import ArgumentParser
internal import Cluster
internal import Foundation
internal import Logging
internal import Transport

struct WorkerCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "worker",
    abstract: "Runs a worker for a coordinator on this host or another.",
    usage: "atelier worker --join - | <file> | tcp://<host>:<port> [<options>]",
    discussion: """
      Joins a coordinator (a command started with --listen), computes for it, and then waits for the next one. A \
      worker needs no local data: it fetches files from the coordinator, verifies their SHA-256, and caches them in \
      ~/.cache/atelier. If it cannot join, run `atelier doctor` to find out why.

      With a join token (`atelier keys invite` on the coordinator's host), the worker creates its own key, enrolls it, \
      and keeps it in ~/.config/atelier/joined or systemd's state directory: a restart with the same token does not \
      use it again. With an address, the keys must have been copied (`atelier keys create`), or \
      \(JobSecret.variable) must be set.

      Example:  atelier worker --join - < token
      Example:  atelier worker --join tcp://10.0.0.1:7700
      """)

  @Option(help: ArgumentHelp("\(JoinSource.help)", valueName: "source"))
  var join: String?

  @Option(
    help: ArgumentHelp(
      """
      Address to listen at for other workers (default: a free port of the interface that reaches the coordinator). \
      tcp://*:PORT listens on all interfaces.
      """,
      valueName: "tcp://host:port"))
  var exchange: String?

  @Option(
    help: ArgumentHelp(
      """
      Address that other workers connect to, if it differs from the address of --exchange, for example behind NAT or \
      on a host with several networks (default: the address of --exchange).
      """,
      valueName: "host[:port]"))
  var advertise: String?

  /// The process identifier of the coordinator that started this local worker, which exits when the coordinator does.
  /// An argument, because the coordinator may have exited before the worker determines its parent.
  @Option(help: .hidden)
  var parent: Int32?

  /// Leaves signals for the whole job to the coordinator that started this local worker.
  @Flag(help: .hidden)
  var holdSignals = false

  /// Ends when standard input ends, or brings no sign of life for a minute: the connection to the coordinator that
  /// started this worker through ssh.
  @Flag(help: .hidden)
  var untilInputEnds = false

  @OptionGroup var keys: KeyOptions
  @OptionGroup var limits: LimitOptions
  @OptionGroup var compute: ComputeOptions

  func validate() throws { try JoinSource.check(join) }

  func run() throws {
    // Ctrl-C and a closed terminal are handled by the coordinator, which stops its local workers itself.
    if parent != nil { for number in [SIGINT, SIGHUP] { signal(number, SIG_IGN) } }
    if holdSignals { Interruption.hold() }
    Interruption.watch()
    let logger = compute.logger
    // A local worker has inherited the variables of its coordinator's supervisor.
    let supervisor = parent == nil ? try Supervisor() : nil
    supervisor?.report("looking for the coordinator", isReady: false)
    guard let (endpoint, workerKeys) = try connection(supervisor, log: { logger.info("\($0)") }) else {
      throw CancellationError()
    }
    var settings = WorkerSettings(join: endpoint)
    settings.exchange = try exchange.map { text throws(TransportError) in try Endpoint(text) }
    settings.advertise = try advertise.map { text throws(TransportError) in try AdvertisedAddress(text) }
    settings.limits = limits.limits
    settings.isLocal = parent != nil
    settings.keys = workerKeys
    logger.info("joining \(settings.join)")
    let refusal = try WorkerProcess.run(
      settings, on: compute.makeContext(), log: { logger.info("\($0)") },
      until: { [parent] isConnected in
        supervisor?.reportIteration(ofWorkerJoining: "\(endpoint)", isConnected: isConnected)
        return Interruption.isRequested || InputLifeline.isCut || parent.map { $0 != getppid() } ?? false
      })
    supervisor?.reportStop()
    if let refusal { throw WorkerRefused(reason: refusal) }
    if parent == nil, Interruption.isRequested { throw CancellationError() }
  }

  /// Returns the address of the coordinator and the keys; nil if the command is interrupted while it enrolls.
  private func connection(_ supervisor: Supervisor?, log: (String) -> Void) throws -> (Endpoint, WorkerKeys)? {
    switch try JoinSource.resolve(join) {
    // A local worker gets its keys from the coordinator.
    case .address(let endpoint): return (endpoint, try WorkerKeys() ?? keys.keys(toJoin: endpoint))
    case .token(let token):
      if untilInputEnds { try InputLifeline.watch() }
      // The coordinator that started this worker invites each of its workers.
      return try TokenEnrollment.join(
        token, isKept: !untilInputEnds, log: log,
        until: {
          supervisor?.reportIteration()
          return Interruption.isRequested || InputLifeline.isCut
        })
    }
  }
}

/// The coordinator refused this worker.
struct WorkerRefused: Error, CustomStringConvertible {
  let reason: String

  var description: String { "the coordinator refuses this worker: \(reason)" }
}

internal import ArgumentParser
internal import Cluster
internal import Foundation
internal import Logging
internal import Transport

struct WorkerCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "worker",
    abstract: "Runs a worker for a coordinator on this host or another.",
    usage: "atelier worker --join tcp://<host>:<port> [<options>]",
    discussion: """
      Joins a coordinator (a command started with --listen), computes for it, and then waits for the next one. A \
      worker needs no local data: it fetches files from the coordinator, verifies their SHA-256, and caches them in \
      ~/.cache/atelier. If it cannot join, run `atelier doctor` to find out why.

      Example:  atelier worker --join tcp://10.0.0.1:7700
      """)

  @Option(help: ArgumentHelp("Address of the coordinator.", valueName: "tcp://host:port"))
  var join: String

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

  func run() throws {
    var settings = WorkerSettings(join: try Endpoint(join))
    settings.exchange = try exchange.map { text throws(TransportError) in try Endpoint(text) }
    settings.advertise = try advertise.map { text throws(TransportError) in try AdvertisedAddress(text) }
    settings.limits = limits.limits
    settings.isLocal = parent != nil
    // A local worker gets its keys from the coordinator.
    settings.keys = try WorkerKeys() ?? keys.keys(toJoin: settings.join)
    // Ctrl-C and a closed terminal are handled by the coordinator, which stops its local workers itself.
    if parent != nil { for number in [SIGINT, SIGHUP] { signal(number, SIG_IGN) } }
    if holdSignals { Interruption.hold() }
    Interruption.watch()
    if untilInputEnds { try InputLifeline.watch() }
    let logger = compute.logger
    logger.info("joining \(settings.join)")
    let refusal = try WorkerProcess.run(
      settings, on: compute.makeContext(), log: { logger.info("\($0)") },
      until: { [parent] _ in
        Interruption.isRequested || InputLifeline.isCut || parent.map { $0 != getppid() } ?? false
      })
    if let refusal { throw WorkerRefused(reason: refusal) }
    if parent == nil, Interruption.isRequested { throw CancellationError() }
  }
}

/// The coordinator refused this worker.
struct WorkerRefused: Error, CustomStringConvertible {
  let reason: String

  var description: String { "the coordinator refuses this worker: \(reason)" }
}

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
      Joins the coordinator (a training that was started with --listen), does what it is told to, and stays for the next \
      one. It needs no data: what it lacks it fetches from the coordinator, checks it by its SHA-256, and keeps it under \
      ~/.cache/atelier. If it cannot join, `atelier doctor` says why.

      Example:  atelier worker --join tcp://10.0.0.1:7700
      """)

  @Option(help: ArgumentHelp("Address of the coordinator.", valueName: "tcp://host:port"))
  var join: String

  @Option(
    help: ArgumentHelp(
      """
      Address to listen at for other workers (default: a free port of the address that leads to the coordinator; \
      tcp://*:PORT: a port of all addresses).
      """,
      valueName: "tcp://host:port"))
  var exchange: String?

  @Option(
    help: ArgumentHelp(
      """
      Address that other workers connect to, where it is not the one that this worker listens at: behind NAT, or with \
      several networks (default: the address to which --exchange leads).
      """,
      valueName: "host[:port]"))
  var advertise: String?

  /// The process of the coordinator that has started it, and with which it ends. It says so itself: when a worker looks who its parent is, that may
  /// have died already.
  @Option(help: .hidden)
  var parent: Int32?

  @OptionGroup var keys: KeyOptions
  @OptionGroup var limits: LimitOptions
  @OptionGroup var compute: ComputeOptions

  func run() throws {
    var settings = WorkerSettings(join: try Endpoint(join))
    settings.exchange = try exchange.map { text throws(TransportError) in try Endpoint(text) }
    settings.advertise = try advertise.map { text throws(TransportError) in try AdvertisedAddress(text) }
    settings.limits = limits.limits
    settings.isLocal = parent != nil
    // A local worker has its keys from the coordinator.
    settings.keys = try WorkerKeys() ?? keys.keys(toJoin: settings.join)
    // Ctrl-C and a closed terminal are meant for the coordinator, which ends its workers when it is ready to.
    if parent != nil { for number in [SIGINT, SIGHUP] { signal(number, SIG_IGN) } }
    Interruption.watch()
    let logger = compute.logger
    logger.info("joining \(settings.join)")
    let refusal = try WorkerProcess.run(
      settings, on: compute.makeContext(), log: { logger.info("\($0)") },
      until: { [parent] in Interruption.isRequested || parent.map { $0 != getppid() } ?? false })
    if let refusal { throw WorkerRefused(reason: refusal) }
    if parent == nil, Interruption.isRequested { throw CancellationError() }
  }
}

/// The coordinator will not work with this worker.
struct WorkerRefused: Error, CustomStringConvertible {
  let reason: String

  var description: String { "the coordinator refuses this worker: \(reason)" }
}

internal import ArgumentParser
internal import Cluster
internal import Compute
internal import Files
internal import Foundation
internal import Launching
internal import Logging
internal import Text
internal import Transport

/// Options for workers: local processes, or workers on other hosts.
struct ClusterOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      """
      Number of worker processes to start on this machine; they share its threads (default: 0, which computes in this \
      process). Never changes a result.
      """,
      valueName: "n"))
  var workers: Int?

  @Option(
    help: ArgumentHelp(
      "Address at which workers join from other hosts, with atelier worker --join tcp://HOST:PORT.",
      valueName: "tcp://host:port"))
  var listen: String?

  @Option(
    help: ArgumentHelp(
      "Number of workers to wait for before starting (default: the number of local workers, at least 1).",
      valueName: "n"))
  var minWorkers: Int?

  @Option(
    help: ArgumentHelp(
      """
      Number of workers that work at a time (default: any number). Further workers wait as spares, and replace workers \
      that are lost.
      """,
      valueName: "n"))
  var maxWorkers: Int?

  @Option(
    help: ArgumentHelp(
      """
      File for events (messages, progress, results), one JSON object per line. Events are appended to an existing \
      file, so that a resumed run continues it.
      """, valueName: "file"),
    completion: .file(extensions: ["jsonl"]))
  var events: String?

  @Option(
    help: ArgumentHelp(
      """
      Fraction of the training time for recomputing other workers' gradients, to find hosts that compute wrongly: 0 \
      for none, 1 for all gradients.
      """, valueName: "fraction", visibility: .hidden))
  var gradientChecks = ClusterLimits().checkedFraction

  @OptionGroup var launch: LaunchOptions
  @OptionGroup var keys: KeyOptions
  @OptionGroup var limits: LimitOptions

  func validate() throws {
    if let workers, !(0...256).contains(workers) {
      throw ValidationError("--workers must be from 0 to 256, not \(workers)")
    }
    if !(0...1).contains(gradientChecks) {
      throw ValidationError("--gradient-checks must be from 0 to 1, not \(gradientChecks)")
    }
    if let minWorkers, !(1...10_000).contains(minWorkers) {
      throw ValidationError("--min-workers must be from 1 to 10000, not \(minWorkers)")
    }
    if let maxWorkers, !(1...10_000).contains(maxWorkers) {
      throw ValidationError("--max-workers must be from 1 to 10000, not \(maxWorkers)")
    }
    if let maxWorkers, maxWorkers < max(minWorkers ?? 1, workers ?? 1) {
      throw ValidationError(
        "--max-workers \(maxWorkers) is less than --min-workers or --workers, so the run would never start")
    }
    if let minWorkers, let mostWorkers, minWorkers > mostWorkers {
      throw ValidationError(Self.endlessWait(minWorkers, mostWorkers))
    }
  }

  private static func endlessWait(_ minWorkers: Int, _ mostWorkers: Int) -> String {
    """
    --min-workers \(minWorkers) would wait forever: without --listen or --hosts, at most \
    \(counted(mostWorkers, "worker")) can join
    """
  }

  /// The number of workers that can join; nil if it is not known.
  private var mostWorkers: Int? {
    guard listen == nil, launch.hosts == nil, launch.hostFile == nil else { return nil }
    // Without the option, the command chooses the number of local workers.
    guard let job else { return workers.map { max($0, 1) } }
    return job.count.map { max($0 - 1 + (workers ?? LaunchedJob.standardWorkers), 1) }
  }

  /// The variables of the process that is to run the command, if it is not this process.
  @TaskLocal static var variables: [String: String]?

  /// The given options that choose the workers, with their values.
  private var choice: [(name: String, value: String)] {
    let all: [(name: String, value: String?)] = [
      ("--workers", workers.map(String.init)), ("--listen", listen), ("--hosts", launch.hosts),
      ("--host-file", launch.hostFile?.path),
      ("--launcher", launch.launcher == .auto ? nil : launch.launcher.rawValue),
    ]
    return all.compactMap { option in option.value.map { (option.name, $0) } }
  }

  /// The given options that choose the workers, whose place a launcher decides.
  var optionsOfWorkers: [String] { choice.map(\.name) }

  /// The options for workers, as the user gave them, as arguments of a shell command.
  var shellArguments: String {
    let others: [(name: String, value: String?)] = [
      ("--min-workers", minWorkers.map(String.init)), ("--max-workers", maxWorkers.map(String.init)),
      ("--ssh", launch.ssh == "ssh" ? nil : launch.ssh), ("--keys", keys.keys),
    ]
    let given = choice + others.compactMap { option in option.value.map { (option.name, $0) } }
    return given.map { " \($0.name) \($0.value.shellWord)" }.joined() + (launch.tunnel ? " --tunnel" : "")
  }

  /// The job of a launcher that started this process; nil if there is none, or the user chooses the workers.
  var job: LaunchEnvironment? { try? detectedJob() }

  private func detectedJob() throws(LaunchError) -> LaunchEnvironment? {
    guard launch.launcher == .auto, listen == nil, launch.hosts == nil, launch.hostFile == nil else { return nil }
    return try LaunchEnvironment.detect(Self.variables ?? ProcessInfo.processInfo.environment)
  }

  /// Works for the coordinator of a launched job if this process is not its process 0.
  /// - Returns: whether it did; there is nothing else to do then
  /// - Throws: ``LaunchError``; `CancellationError` after a signal; ``TransportError``
  func workForLaunchedJob(_ compute: ComputeOptions) throws -> Bool {
    guard let environment = try detectedJob(), environment.rank > 0 else { return false }
    try LaunchedJob(environment).work(compute, limits: limits.limits)
    return true
  }

  /// - Parameters:
  ///   - threads: the number of threads of this machine to use
  ///   - standardWorkers: the number of local workers if the user gives none
  ///   - joinsJob: whether the processes of a launched job work together
  ///   - log: receives messages to the user
  /// - Throws: ``TransportError``; ``LaunchError``; ``FileError`` for the host file
  func settings(
    threads: Int, standardWorkers: Int = 0, joinsJob: Bool = true, log: @escaping (String) -> Void
  ) throws -> ClusterSettings {
    if let events { try EventLog.open(events) }
    var settings = ClusterSettings(threads: threads)
    let remote = try launch.remoteSettings()
    settings.workers = workers ?? (listen == nil && remote == nil ? standardWorkers : 0)
    (settings.minWorkers, settings.maxWorkers) = (minWorkers, maxWorkers)
    (settings.limits, settings.workerOptions) = (limits.limits, limits.arguments)
    settings.limits.checkedFraction = gradientChecks
    if let minWorkers, listen == nil, remote == nil, job == nil, minWorkers > max(settings.workers, 1) {
      throw LaunchError(Self.endlessWait(minWorkers, max(settings.workers, 1)), .wrongUse)
    }
    if let listen {
      let endpoint = try Endpoint(listen)
      settings.listen = endpoint
      settings.keys = try keys.keys(toListenAt: endpoint, startsWorkers: remote != nil)
    }
    if joinsJob, let job = try detectedJob() {
      settings.holdsSignals = true
      if job.hasOthers { try LaunchedJob(job).configure(&settings, workers: workers) }
    }
    if var remote {
      remote.workerOptions = limits.arguments
      settings.launcher = try RemoteWorkers(remote, log: log)
    }
    return settings
  }
}

/// The option for the folder of keys.
struct KeyOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      """
      Folder with this host's NAME.secret and the NAME.public of each trusted host (default: \
      \(KeyOptions.standardFolder)).
      """,
      valueName: "dir"),
    completion: .directory)
  var keys: String?

  static let standardFolder = "~/.config/atelier/keys"
  static let coordinatorName = "coordinator"

  /// Without a home directory, the literal default, which names no existing folder.
  var folder: String { keys ?? UserFolders.configuration().map { "\($0)/atelier/keys" } ?? Self.standardFolder }

  /// The keys given by an option come first, then those of the job's secret. On this machine, all processes of a user
  /// share one key.
  /// - Parameter startsWorkers: whether the command starts workers itself, so that it needs no listed ones
  func keys(
    toListenAt endpoint: Endpoint, startsWorkers: Bool = false
  ) throws(TransportError) -> CoordinatorKeys {
    if keys == nil, let secret = try JobSecret.current() { return CoordinatorKeys(secret) }
    return endpoint.isLocal && keys == nil ? try .currentUser() : try coordinatorKeys(startsWorkers: startsWorkers)
  }

  /// The coordinator's key pair, which is created if there is none.
  func createdCoordinatorKey() throws(TransportError) -> KeyPair {
    let path = "\(folder)/\(Self.coordinatorName).secret"
    if !FileManager.default.fileExists(atPath: path) {
      _ = try KeyFiles.create(named: Self.coordinatorName, in: folder)
    }
    return try KeyFiles.secret(at: path)
  }

  private func coordinatorKeys(startsWorkers: Bool) throws(TransportError) -> CoordinatorKeys {
    let own =
      startsWorkers
      ? try createdCoordinatorKey() : try KeyFiles.secret(at: "\(folder)/\(Self.coordinatorName).secret")
    // If there are other keys, damaged files are reported when the coordinator reads the folder again.
    let (keys, faults) = try KeyFiles.publicKeys(in: folder)
    let workers = keys.subtracting([own.publicKey])
    let invitations = InvitationBook(folder: folder)
    let invitationFaults = try invitations.reload()
    let isInviting = invitations.guests().values.contains(.open)
    let isEmpty = workers.isEmpty && !isInviting && !startsWorkers
    if isEmpty, let fault = (faults + invitationFaults).first { throw fault }
    guard !isEmpty else {
      throw TransportError(
        """
        \(folder) holds no worker's public key and no open invitation, so no worker could join: run \
        `atelier keys invite`, and give the token that it prints to the workers
        """
      )
    }
    return CoordinatorKeys(own: own, workers: workers, folder: folder, invitations: invitations)
  }

  /// The keys given by an option come first, then those of the job's secret. On this machine, all processes of a user
  /// share one key.
  func keys(toJoin endpoint: Endpoint) throws(TransportError) -> WorkerKeys {
    if keys == nil, let secret = try JobSecret.current() { return WorkerKeys(secret) }
    return endpoint.isLocal && keys == nil ? try .currentUser() : try workerKeys()
  }

  /// The only secret key in the folder, apart from a coordinator's.
  func workerKeys() throws(TransportError) -> WorkerKeys {
    let names = ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).filter {
      $0.hasSuffix(".secret") && $0 != "\(Self.coordinatorName).secret"
    }
    guard names.count == 1 else {
      throw TransportError(
        names.isEmpty
          ? """
          \(folder) holds no secret key of a worker: give a join token (--join FILE), or create a key with \
          `atelier keys create NAME`
          """
          : """
          \(folder) holds several secret keys (\(names.sorted().joined(separator: ", "))), but a worker has one; \
          choose another folder with --keys
          """
      )
    }
    guard FileManager.default.fileExists(atPath: "\(folder)/\(Self.coordinatorName).public") else {
      throw TransportError(
        "\(folder) lacks \(Self.coordinatorName).public: copy it from the coordinator's folder of keys")
    }
    return WorkerKeys(
      own: try KeyFiles.secret(at: "\(folder)/\(names[0])"),
      coordinator: try KeyFiles.publicKey(at: "\(folder)/\(Self.coordinatorName).public"))
  }
}

/// Options for timeouts and limits of coordinator and workers.
struct LimitOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Timeout in milliseconds after which a silent worker is considered lost, and its tasks go to others.",
      valueName: "milliseconds"))
  var workerTimeout = ClusterLimits().workerTimeout

  @Option(
    help: ArgumentHelp(
      "Interval in milliseconds between heartbeats of coordinator and workers.", valueName: "milliseconds",
      visibility: .hidden))
  var heartbeat = ClusterLimits().heartbeat

  @Option(
    help: ArgumentHelp(
      "Timeout in milliseconds after which an unacknowledged result is sent again.", valueName: "milliseconds",
      visibility: .hidden))
  var retry = ClusterLimits().retryInterval

  @Option(
    help: ArgumentHelp(
      "Timeout in milliseconds after which a missing part of a gradient is requested again.", valueName: "milliseconds",
      visibility: .hidden))
  var resendTimeout = ClusterLimits().resendTimeout

  @Option(
    help: ArgumentHelp(
      """
      Number of worker crashes after which a task is quarantined; higher if workers are also lost at other tasks.
      """, valueName: "crashes", visibility: .hidden))
  var maxFailures = ClusterLimits().maxFailures

  func validate() throws {
    if !(10...60_000).contains(heartbeat) { throw ValidationError("--heartbeat must be from 10 to 60000 milliseconds") }
    if !(3 * heartbeat...3_600_000).contains(workerTimeout) {
      throw ValidationError(
        "--worker-timeout must be at least three heartbeats (\(3 * heartbeat) ms), and at most an hour")
    }
    if !(10...600_000).contains(retry) { throw ValidationError("--retry must be from 10 to 600000 milliseconds") }
    if !(10...600_000).contains(resendTimeout) {
      throw ValidationError("--resend-timeout must be from 10 to 600000 milliseconds")
    }
    if !(1...1_000).contains(maxFailures) { throw ValidationError("--max-failures must be from 1 to 1000") }
  }

  var limits: ClusterLimits {
    var limits = ClusterLimits()
    (limits.heartbeat, limits.workerTimeout, limits.retryInterval) = (heartbeat, workerTimeout, retry)
    (limits.resendTimeout, limits.maxFailures) = (resendTimeout, maxFailures)
    return limits
  }

  /// The same as command-line arguments.
  var arguments: [String] {
    [
      "--worker-timeout", "\(workerTimeout)", "--heartbeat", "\(heartbeat)", "--retry", "\(retry)",
      "--resend-timeout", "\(resendTimeout)", "--max-failures", "\(maxFailures)",
    ]
  }
}

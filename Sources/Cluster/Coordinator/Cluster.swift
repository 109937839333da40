package import Compute
internal import Coordination
internal import Datasets
internal import Files
internal import Foundation
internal import Models
package import Progress
internal import SwiftProtobuf
internal import Text
package import Transport

/// The coordinator's process: hands jobs to workers and collects their results. Passes events to the ``Coordinator``
/// and carries out its actions.
///
/// A cluster is confined to one thread. It makes progress only during its calls.
package final class Cluster {
  package let settings: ClusterSettings
  /// The endpoint that workers join, resolved from ``ClusterSettings/listen``.
  package private(set) var endpoint: Endpoint?
  let context: ComputeContext
  /// The blobs of the in-process worker, which downloads nothing.
  let store = BlobStore(isFetched: false)
  var server = BlobServer()
  private let sockets: SocketContext
  let router: Socket
  /// The endpoints of addresses at which the cluster listens for hosts of its launcher.
  var launchEndpoints: [String: Endpoint] = [:]
  let monitor: ConnectionMonitor
  /// nil if this process works alone.
  let keys: CoordinatorKeys?
  let accessControl: AccessControl?
  /// The invitations of the workers that the launcher starts: in memory, because the keys of these workers are those of
  /// one run.
  let launched: InvitationBook?
  private var allowedKeys: AllowedKeys?
  /// The keys of workers that may join, except the local ones.
  private var allowedWorkers: Set<Key> = []
  /// All keys that may send messages.
  private(set) var admitted: Set<Key> = []
  var guests = GuestConnections()
  var nextInvitationLook: Milliseconds = 0
  /// Damaged invitations that have been logged.
  var invitationFaults: [TransportError] = []
  /// The key of the local workers.
  private var localKey: Key?
  var coordinator: Coordinator
  private(set) var localWorkers: LocalWorkers?
  /// The last time at which a worker was connected.
  private var lastWorkerTime: Milliseconds = 0
  private var inProcessWorker: InProcessWorker?
  var localProcesses: [Int32] { localWorkers?.processes ?? [] }
  /// The folder with ipc sockets and files for local workers, which is removed with the cluster.
  private let folder: ClusterFolder?
  var sharedFolder: BlobFolder?
  var sharedImages: [(images: LabeledImages, name: SHA256)] = []
  /// The route to each worker.
  var routes: [WorkerID: Frame] = [:]
  /// Orders that have not been sent. Each order contains the complete desired state, so only the newest is kept.
  var unsentOrders: [WorkerID: Orders] = [:]
  var connections = Connections()
  var uploads = Uploads()
  /// Workers that wait, because there are as many as there may be.
  var spares: Set<WorkerID> = []
  /// The names of workers in messages. Names of lost workers are kept as well, up to a limit.
  var names: [WorkerID: String] = [:]
  /// Why chunks were quarantined, by chunk; for teams, by job.
  var quarantineReasons: [UInt64: String] = [:]
  /// Whether messages are being handled, so that orders are sent afterwards.
  var isReceiving = false
  var unknownPeers = UnknownPeerLog()
  let log: (String) -> Void
  var run: JobRun?
  /// Whether the next job is the first, which waits for the expected workers.
  private var isFirst = true
  /// New descriptions of current jobs that have not been handed to the coordinator.
  var newDescriptions: [UInt64: [UInt8]] = [:]
  /// The earliest time of the next published checkpoint. Workers need some time to download one.
  var nextCheckpointTime: Milliseconds = 0
  var waitingReport = WaitingReport()
  private let supervisor: Supervisor
  /// The record of each worker's activity.
  package internal(set) var timeline = ClusterTimeline()
  private let start = monotonicMicroseconds()

  /// Starts to listen, and starts the local workers.
  /// - Parameter log: Receives messages to the user: which workers join or are lost, what is dropped.
  /// - Throws: ``TransportError`` if the cluster cannot listen or no worker can be started.
  package init(_ settings: ClusterSettings, on context: ComputeContext, log: @escaping (String) -> Void) throws {
    (self.settings, self.context, self.log) = (settings, context, log)
    let limits = Limits(settings.limits)
    try ZeroMQLibrary.check()
    try SystemLimits.check(localWorkers: settings.workers)
    guard settings.listen == nil || settings.keys != nil else {
      throw TransportError(
        """
        listening at \(settings.listen!) requires keys: create them with `atelier keys` and name their folder with \
        --keys
        """)
    }
    sockets = try SocketContext()
    // If there are only local workers, the keys are made for this cluster.
    keys = settings.keys ?? (settings.isOneProcess ? nil : .forThisCluster)
    let folder = settings.workers > 0 ? try ClusterFolder() : nil
    self.folder = folder
    sharedFolder = folder.map { BlobFolder(path: $0.path) }
    let local = try Endpoint(folder.map { "ipc://\($0.path)/coordinator" } ?? "inproc://coordinator")
    let control = keys == nil ? nil : try AccessControl(in: sockets)
    control?.admit(guests: keys?.invitations?.guests() ?? [:], in: Self.domain)
    accessControl = control
    launched = settings.launcher == nil ? nil : InvitationBook()
    allowedKeys = keys.flatMap { keys in
      keys.folder.map { AllowedKeys(folder: $0, except: [keys.own.publicKey], known: keys.workers) }
    }
    router = try Socket(
      .router, in: sockets, security: keys.map { .server($0.own, domain: Self.domain) } ?? .none,
      bounds: Socket.Bounds(limits))
    monitor = try ConnectionMonitor(router, name: "connections", in: sockets, leavesOutProbes: true)
    coordinator = Coordinator(
      session: UInt64(Date().timeIntervalSince1970 * 1_000_000), numerics: numericsVersion, limits: limits)
    supervisor = try Supervisor()
    allow(keys?.workers ?? [])
    _ = try router.bind(local)
    if let listen = settings.listen { endpoint = try Self.bind(router, to: [listen] + settings.otherPorts) }
    if settings.isOneProcess {
      inProcessWorker = try InProcessWorker(
        in: sockets, joining: local, on: context, blobs: store, limits: limits)
    }
    if settings.workers > 0 { try startLocalWorkers(joining: local) }
    do { try settings.launcher?.advance(self) } catch {
      close()
      throw error
    }
    supervisor.report(endpoint.map { "listening at \($0)" } ?? "started", isReady: true)
  }

  /// Listens at the first of the endpoints that is free.
  private static func bind(_ router: borrowing Socket, to endpoints: [Endpoint]) throws(TransportError) -> Endpoint {
    for endpoint in endpoints.dropLast() {
      if let bound = try? router.bind(endpoint) { return bound }
    }
    return try router.bind(endpoints[endpoints.count - 1])
  }

  static let domain = "coordinator"
  private static let interval: Milliseconds = 100

  private func startLocalWorkers(joining local: Endpoint) throws {
    var workerKeys: WorkerKeys?
    if let own = keys {
      let pair = KeyPair()
      workerKeys = WorkerKeys(own: pair, coordinator: own.own.publicKey)
      localKey = pair.publicKey
      allow(own.workers)
    }
    // Workers of other hosts must be able to connect to local workers.
    let host = settings.listen.flatMap(\.host) ?? (settings.launcher == nil ? nil : "*")
    let exchange = try host.map { host throws(TransportError) in try Endpoint(host: host) }
    localWorkers = try LocalWorkers(settings, joining: local, exchange: exchange, keys: workerKeys, log: log)
  }

  private func allow(_ workers: Set<Key>) {
    allowedWorkers = workers
    admitted = workers.union(launched?.memoryWorkers ?? []).union(localKey.map { [$0] } ?? [])
    accessControl?.allow(admitted, in: Self.domain)
  }

  /// Admits a worker that has enrolled, before its key is read from the folder.
  func allow(enrolled key: Key) {
    let isInMemory = launched?.memoryWorkers.contains(key) == true
    if !isInMemory { allowedKeys?.noteAdded(key) }
    allow(isInMemory ? allowedWorkers : allowedWorkers.union([key]))
  }

  /// Ends the local workers and disconnects all others.
  /// - Parameter isOver: Whether workers that a launcher started for this run end as well. Otherwise they wait for a
  ///   coordinator that resumes the run.
  package func close(isOver: Bool = false) {
    if isOver, settings.endsWorkers { endWorkers() }
    settings.launcher?.end()
    localWorkers?.end()
    inProcessWorker?.end()
    accessControl?.end()
    (localWorkers, inProcessWorker) = (nil, nil)
    folder?.remove()
  }

  // MARK: Jobs

  /// Replaces the description of a job for workers that begin it from now on.
  func updateDescription(of job: UInt64, to description: JobDescription) {
    if let bytes: [UInt8] = try? description.serializedBytes() { newDescriptions[job] = bytes }
  }

  /// Begins a job for a team.
  /// - Returns: The job's number.
  func begin(_ description: JobDescription, _ work: Coordinator.Workload, team: Team) throws -> UInt64 {
    let bytes: [UInt8] = try description.serializedBytes()
    perform(coordinator.begin(work, description: bytes, team: team, at: now))
    return coordinator.lastJob
  }

  func hasWorkers(forTeamOf size: Int) -> Bool { coordinator.hasWorkers(forTeamOf: size) }

  /// Moves tasks to the front of the queue, in this order. Tasks that a worker already has are ignored.
  package func reorder(_ tasks: [Int]) { coordinator.reorder(tasks) }

  /// Runs a job until it is done.
  ///
  /// - Parameters:
  ///   - read: Decodes the bytes of a chunk. The closure that it returns is called once for each chunk.
  ///   - readCheckpoint: Decodes the bytes of a checkpoint of the training.
  ///   - growth: The source of further tasks, if the pool may grow.
  ///   - plan: The plan of the network that is trained.
  ///   - progress: Called ten times per second. Returning false stops the job; a training stops after one more
  ///     checkpoint.
  /// - Throws: `CancellationError` if stopped; the errors of the closures; ``ClusterError``;
  ///   ``ModelError/badSettings(_:)``.
  func run(
    _ description: JobDescription, _ work: Coordinator.Workload, unit: FitProgress.Unit, total: Int,
    read: @escaping (Chunk, UnsafeRawBufferPointer) throws -> () throws -> Void = { _, _ in {} },
    readCheckpoint: @escaping ReadCheckpoint = { _, _ in {} },
    checkedCount: @escaping (UnsafeRawBufferPointer) -> Int = { $0.count }, growth: Growth? = nil,
    plan: NetworkPlan? = nil, progress: (ClusterProgress) -> Bool
  ) throws -> Coordinator.JobEnd {
    let bytes: [UInt8] = try description.serializedBytes()
    return try execute(
      description.name,
      JobRun(
        read: { chunk, _, bytes in try read(chunk, bytes) }, readCheckpoint: readCheckpoint,
        checkedCount: checkedCount, plan: { _ in plan }, unit: unit, total: total, rates: WorkerRates(at: now),
        growth: growth),
      start: { $0.start(work, description: bytes, awaiting: $1, at: $2) }, progress: progress)
  }

  /// Runs the jobs of teams until all are done.
  func run(_ teams: any TeamJobs, progress: (ClusterProgress) -> Bool) throws {
    _ = try execute(
      "sweep",
      JobRun(
        read: teams.read, readCheckpoint: teams.readCheckpoint, plan: teams.plan(of:), unit: .fits, total: 0,
        rates: WorkerRates(at: now), teams: teams),
      start: { $0.startTeams(awaiting: $1, at: $2) }, progress: progress)
  }

  private func execute(
    _ name: String, _ job: JobRun,
    start: (inout Coordinator, _ awaited: Int, Milliseconds) -> [Coordinator.Action],
    progress: (ClusterProgress) -> Bool
  ) throws -> Coordinator.JobEnd {
    run = job
    (quarantineReasons, newDescriptions) = ([:], [:])
    timeline.begin(name, at: seconds)
    defer {
      timeline.end(at: seconds)
      run = nil
      LoopPulse.end()
      supervisor.reportEndOfLoop()
    }
    perform(start(&coordinator, isFirst ? settings.minWorkers ?? max(1, settings.workers) : 1, now))
    // The coordinator detects its own pauses from the first tick on.
    perform(coordinator.tick(at: now))
    isFirst = false
    reportAwaitedWorkers()
    advanceTeams()
    grow()
    var nextLook = now + Self.interval
    while run?.end == nil {
      LoopPulse.beat()
      supervisor.reportIteration()
      if let error = run?.error { throw cancel(error) }
      router.wait(milliseconds: max(0, min(nextLook - now, Self.interval)))
      receive()
      if let error = run?.error { throw cancel(error) }
      for (job, description) in newDescriptions { perform(coordinator.describe(job, description, at: now)) }
      newDescriptions = [:]
      for ended in run?.epochEnds ?? [] where !progress(overview(fit: ended)) { throw stop() }
      run?.epochEnds = []
      guard now >= nextLook, run?.end == nil else { continue }
      if now - nextLook > settings.limits.heartbeat {
        drain(atMost: settings.limits.heartbeat)
        lastWorkerTime = now
        if let error = run?.error { throw cancel(error) }
        guard run?.end == nil else { continue }
      }
      nextLook = now + Self.interval
      try performPeriodicChecks()
      advanceTeams()
      grow()
      if let error = run?.error { throw cancel(error) }
      if !progress(overview()) { throw stop() }
    }
    let dropped = coordinator.overview.reduce(0) { $0 &+ Int(clamping: $1.membership?.droppedMessages ?? 0) }
    if dropped > 0 { report("workers dropped \(counted(dropped, "late or duplicate message"))", isFault: false) }
    switch run!.end! {
    case .impossible(let reason), .abandoned(let reason): throw ModelError.badSettings(reason)
    case .failed(let reason): throw ClusterError.faulty(reason)
    case .done, .trained: return run!.end!
    }
  }

  private func performPeriodicChecks() throws {
    OpenFiles.fillReserve()
    perform(coordinator.tick(at: now))
    reportAwaitedWorkers()
    supervisor.report(waiting ?? "working with \(counted(coordinator.workerCount, "worker"))", isReady: true)
    let overview = coordinator.overview
    timeline.note(overview, numbers: run?.teams?.numbers ?? [:], at: seconds)
    if coordinator.workerCount > 0 { lastWorkerTime = now }
    // A worker of another host may reconnect.
    let timeout = hasRemoteWorkers ? settings.limits.workerTimeout : 0
    localWorkers?.endHanging(present: Set(overview.map { Int32(truncatingIfNeeded: $0.profile.process) }))
    try localWorkers?.check(isAlone: now - lastWorkerTime > timeout)
    try settings.launcher?.advance(self)
    if let end = settings.awaitTime, seconds > end {
      perform(coordinator.awaitAtMost(coordinator.workerCount, at: now))
    } else if settings.minWorkers == nil, let expected = localWorkers?.expectedCount, expected < settings.workers {
      perform(coordinator.awaitAtMost(expected, at: now))
    }
    for change in allowedKeys?.look(at: now) ?? [] {
      switch change {
      case .keys(let workers):
        allow(workers)
        log("keys reloaded: \(counted(workers.count, "worker")) may join")
      case .fault(let error): log("ignored in the folder of keys: \(error)")
      }
    }
    checkGuests()
    for (address, count) in accessControl?.takeRefusals() ?? [:] {
      unknownPeers.note(.refusal, of: address, count: count)
    }
    for line in unknownPeers.lines(at: now) { log(line) }
  }

  /// Hands the ends of jobs to the teams, which then begin further jobs.
  func advanceTeams() {
    guard let teams = run?.teams else { return }
    attempt { _ in
      // Handling one end may lead to another.
      while let (job, end) = run?.ended.first {
        run!.ended.removeFirst()
        try teams.ended(job, end, reason: quarantineReasons[job])
      }
      try teams.beginMore()
      if teams.isDone { run?.end = .done(quarantined: []) }
    }
  }

  /// Adds tasks to a job that may grow. This happens when all tasks are handed out and not before, because later
  /// choices can use more results.
  func grow() {
    guard run?.end == nil, run?.growth != nil, coordinator.needsMoreTasks else { return }
    attempt { run in
      if let (tasks, file) = try run.growth!.next() {
        self.run!.total += tasks.count
        perform(coordinator.add(tasks, file: file.bytes, at: now))
      } else if coordinator.isIdle {
        perform(coordinator.stopGrowing(at: now))
      }
    }
  }

  private func overview(fit known: FitProgress? = nil) -> ClusterProgress {
    let overview = coordinator.overview
    let (unit, total) = (run?.unit ?? .images, run?.total ?? 0)
    let numbers = run?.teams?.numbers ?? [:]
    var lines = run?.rates.lines(overview, unit: unit, numbers: numbers, at: now) ?? []
    for (index, worker) in overview.enumerated() where index < lines.count {
      guard let record = timeline.worker(worker.id) else { continue }
      (lines[index].bytesSent, lines[index].waitingSeconds) = (record.bytesSent, record.waitingSeconds)
    }
    if let teams = run?.teams { return ClusterProgress(fit: teams.progress, workers: lines, waiting: waiting) }
    var fit = known ?? FitProgress(done: min(coordinator.tasksDone, total), total: total, unit: unit)
    if known == nil,
      let progress = overview.compactMap({ $0.membership?.progress }).max(by: {
        ($0.epoch, $0.done) < ($1.epoch, $1.done)
      })
    {
      fit = FitProgress(progress)
      // The accuracy is reported once, when the epoch ends.
      fit.validationAccuracy = nil
    }
    return ClusterProgress(fit: fit, workers: lines, waiting: waiting)
  }

  private func cancel(_ error: any Error) -> any Error {
    perform(coordinator.cancel(at: now))
    return error
  }

  /// Stops the current job. A training makes one more checkpoint first, unless that takes longer than the worker
  /// timeout.
  private func stop() -> any Error {
    if coordinator.trainsOneNetwork {
      perform(coordinator.pause(at: now))
      let deadline = now + settings.limits.workerTimeout
      while !coordinator.isPauseComplete, run?.end == nil, run?.error == nil, now < deadline,
        coordinator.workerCount > 0
      {
        router.wait(milliseconds: 20)
        receive()
        perform(coordinator.tick(at: now))
      }
      if let error = run?.error { return cancel(error) }
    }
    return cancel(CancellationError())
  }

  /// Runs `body`; an error, such as a result that cannot be stored, ends the job.
  func attempt(_ body: (JobRun) throws -> Void) {
    guard let run, run.error == nil else { return }
    do { try body(run) } catch { self.run?.error = error }
  }

  var now: Milliseconds { monotonicMilliseconds() }
  /// Seconds since the start of the cluster.
  var seconds: Double { Double(monotonicMicroseconds() - start) / 1e6 }
}

extension JobDescription {
  /// The name of the job in reports.
  fileprivate var name: String {
    switch activity {
    case .fit, .trainNetwork: family
    case .predict: "predict"
    case .nothing: "nothing"
    case .fitGroups, .trainTeamFit, .evaluateTeamFit: "sweep"
    case .UNRECOGNIZED: "unknown"
    }
  }
}

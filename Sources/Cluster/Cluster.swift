package import Compute
internal import Coordination
internal import Datasets
internal import Foundation
internal import Models
internal import SwiftProtobuf
package import Transport

/// The coordinator's process: hands jobs to workers, and collects what they send. Carries events to the ``Coordinator``, and its actions
/// out.
///
/// It belongs to one thread, and works while one of its calls lasts.
package final class Cluster {
  package let settings: ClusterSettings
  /// Where workers join: the address that ``ClusterSettings/listen`` came to.
  package private(set) var endpoint: Endpoint?
  let context: ComputeContext
  /// Of the own worker, which has what is put there and fetches nothing.
  let store = BlobStore(isFetched: false)
  var server = BlobServer()
  private let sockets: SocketContext
  let router: Socket
  let monitor: ConnectionMonitor
  /// nil where this process works alone.
  let keys: CoordinatorKeys?
  private let accessControl: AccessControl?
  private var allowedKeys: AllowedKeys?
  /// Of the local workers.
  private var localKey: Key?
  var coordinator: Coordinator
  private(set) var localWorkers: LocalWorkers?
  /// When any worker was last there.
  private var lastWorkerTime: Milliseconds = 0
  private var inProcessWorker: InProcessWorker?
  var localProcesses: [Int32] { localWorkers?.processes ?? [] }
  /// A folder for ipc addresses and files for local workers, which goes with the cluster.
  private let folder: ClusterFolder?
  var sharedFolder: BlobFolder?
  var sharedImages: [(images: LabeledImages, name: SHA256)] = []
  /// How each worker is reached, and which connection is whose.
  var routes: [WorkerID: Frame] = [:]
  /// Orders that are to be sent. They say the whole of what is wanted, so the newest are enough.
  var unsentOrders: [WorkerID: Orders] = [:]
  var connections = Connections()
  var uploads = Uploads()
  /// What people call each; also those that are gone, while there are not many.
  var names: [WorkerID: String] = [:]
  /// Why chunks were set aside; of teams, by job.
  var quarantineReasons: [UInt64: String] = [:]
  /// Whether there may be more messages to answer, so that orders had better wait.
  var isReceiving = false
  var unknownPeers = UnknownPeerLog()
  let log: (String) -> Void
  var run: JobRun?
  /// Those who shall work are awaited once.
  private var isFirst = true
  /// New descriptions of jobs in hand, to be told; and when there may be another. Those who fetch a checkpoint need it for a while.
  var newDescriptions: [UInt64: [UInt8]] = [:]
  var nextCheckpointTime: Milliseconds = 0
  var waitingReport = WaitingReport()
  /// Who has done what when.
  package internal(set) var timeline = ClusterTimeline()
  private let start = monotonicMicroseconds()

  /// Starts to listen, and the local workers.
  /// - Parameter log: told what people want to know: who joins, who is lost, what is dropped.
  /// - Throws: ``TransportError`` if that cannot be done.
  package init(_ settings: ClusterSettings, on context: ComputeContext, log: @escaping (String) -> Void) throws {
    (self.settings, self.context, self.log) = (settings, context, log)
    try ZeroMQLibrary.check()
    try SystemLimits.check(localWorkers: settings.workers)
    guard settings.listen == nil || settings.keys != nil else {
      throw TransportError(
        "listening at \(settings.listen!) needs keys: `atelier keys` makes them, and --keys names their folder")
    }
    sockets = try SocketContext()
    // Local workers alone get keys for this one job.
    keys = settings.keys ?? (settings.workers > 0 ? CoordinatorKeys(own: KeyPair(), workers: []) : nil)
    let folder = settings.workers > 0 ? try ClusterFolder() : nil
    self.folder = folder
    sharedFolder = folder.map { BlobFolder(path: $0.path) }
    let local = try Endpoint(folder.map { "ipc://\($0.path)/coordinator" } ?? "inproc://coordinator")
    let control = keys == nil ? nil : try AccessControl(in: sockets)
    control?.allow(keys?.workers ?? [], in: Self.domain)
    accessControl = control
    allowedKeys = keys.flatMap { keys in
      keys.folder.map { AllowedKeys(folder: $0, except: [keys.own.publicKey], known: keys.workers) }
    }
    router = try Socket(
      .router, in: sockets, security: keys.map { .server($0.own, domain: Self.domain) } ?? .none,
      bounds: Socket.Bounds(settings.limits))
    monitor = try ConnectionMonitor(router, name: "connections", in: sockets)
    coordinator = Coordinator(
      session: UInt64(Date().timeIntervalSince1970 * 1_000_000), numerics: numericsVersion, limits: settings.limits)
    _ = try router.bind(local)
    if let listen = settings.listen { endpoint = try router.bind(listen) }
    if settings.isOneProcess {
      inProcessWorker = try InProcessWorker(in: sockets, joining: local, on: context, blobs: store, limits: settings.limits)
    }
    if settings.workers > 0 { try startLocalWorkers(joining: local) }
  }

  private static let domain = "coordinator"
  private static let interval: Milliseconds = 100

  private func startLocalWorkers(joining local: Endpoint) throws {
    var workerKeys: WorkerKeys?
    if let own = keys {
      let pair = KeyPair()
      workerKeys = WorkerKeys(own: pair, coordinator: own.own.publicKey)
      localKey = pair.publicKey
      allow(own.workers)
    }
    // Workers of other hosts must reach the local ones as well.
    let exchange = try settings.listen.flatMap(\.host).map { host throws(TransportError) in
      try Endpoint("tcp://\(host.contains(":") ? "[\(host)]" : host):*")
    }
    localWorkers = try LocalWorkers(settings, joining: local, exchange: exchange, keys: workerKeys, log: log)
  }

  private func allow(_ workers: Set<Key>) {
    accessControl?.allow(workers.union(localKey.map { [$0] } ?? []), in: Self.domain)
  }

  /// Ends the local workers, and lets go of all others.
  package func close() {
    localWorkers?.end()
    inProcessWorker?.end()
    accessControl?.end()
    (localWorkers, inProcessWorker) = (nil, nil)
    folder?.remove()
  }

  // MARK: Jobs

  /// Who gets ready for the job from now on is told this.
  func updateDescription(of job: UInt64, to description: JobDescription) {
    if let bytes: [UInt8] = try? description.serializedBytes() { newDescriptions[job] = bytes }
  }

  /// Begins a job for a team.
  /// - Returns: its number
  func begin(_ description: JobDescription, _ work: Coordinator.Workload, team: Team) throws -> UInt64 {
    let bytes: [UInt8] = try description.serializedBytes()
    perform(coordinator.begin(work, description: bytes, team: team, at: now))
    return coordinator.lastJob
  }

  func hasWorkers(forTeamOf size: Int) -> Bool { coordinator.hasWorkers(forTeamOf: size) }

  /// Of the units of the job in hand that nobody has, these are handed out first, in this order.
  package func reorder(_ units: [Int]) { coordinator.reorder(units) }

  /// Hands out a job, and works until it is done.
  ///
  /// - Parameters:
  ///   - read: given the bytes of each chunk; what it returns is called once for each
  ///   - readCheckpoint: given the bytes of each state of a training that counts
  ///   - growth: where more units come from, if the pool may grow
  ///   - plan: of the network that is trained
  ///   - progress: asked ten times in a second; false stops the job (a training: after one more checkpoint)
  /// - Throws: `CancellationError` if stopped; what the closures throw; ``ClusterError``, ``ModelError/badSettings(_:)``
  func run(
    _ description: JobDescription, _ work: Coordinator.Workload, unit: FitProgress.Unit, total: Int,
    read: @escaping (Chunk, UnsafeRawBufferPointer) throws -> () throws -> Void = { _, _ in {} },
    readCheckpoint: @escaping ReadCheckpoint = { _, _ in {} },
    checkedCount: @escaping (UnsafeRawBufferPointer) -> Int = { $0.count }, growth: Growth? = nil,
    plan: NetworkPlan? = nil, progress: (ClusterProgress) -> Bool
  ) throws -> Coordinator.JobEnd {
    let bytes: [UInt8] = try description.serializedBytes()
    return try execute(
      description.activity,
      JobRun(
        read: { chunk, _, bytes in try read(chunk, bytes) }, readCheckpoint: readCheckpoint,
        checkedCount: checkedCount, plan: { _ in plan }, unit: unit, total: total, rates: WorkerRates(at: now),
        growth: growth),
      start: { $0.start(work, description: bytes, awaiting: $1, at: $2) }, progress: progress)
  }

  /// Lets teams work until all that they are to do is done.
  func run(_ teams: any TeamJobs, progress: (ClusterProgress) -> Bool) throws {
    _ = try execute(
      .trainTeamFit,
      JobRun(
        read: teams.read, readCheckpoint: teams.readCheckpoint, plan: teams.plan(of:), unit: .fits, total: 0,
        rates: WorkerRates(at: now), teams: teams),
      start: { $0.startTeams(awaiting: $1, at: $2) }, progress: progress)
  }

  private func execute(
    _ kind: JobDescription.Activity, _ job: JobRun,
    start: (inout Coordinator, _ awaited: Int, Milliseconds) -> [Coordinator.Action],
    progress: (ClusterProgress) -> Bool
  ) throws -> Coordinator.JobEnd {
    run = job
    (quarantineReasons, newDescriptions) = ([:], [:])
    timeline.begin(kind, at: seconds)
    defer {
      timeline.end(at: seconds)
      run = nil
      LoopPulse.end()
    }
    perform(start(&coordinator, isFirst ? settings.minWorkers ?? max(1, settings.workers) : 1, now))
    // From the first tick on, the coordinator knows its own pauses.
    perform(coordinator.tick(at: now))
    isFirst = false
    reportAwaitedWorkers()
    advanceTeams()
    grow()
    var nextLook = now + Self.interval
    while run?.end == nil {
      LoopPulse.beat()
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
    if dropped > 0 { report("messages that came late or twice, which workers have dropped: \(dropped)", isFault: false) }
    switch run!.end! {
    case .impossible(let reason), .givenUp(let reason): throw ModelError.badSettings(reason)
    case .failed(let reason): throw ClusterError.faulty(reason)
    case .done, .trained: return run!.end!
    }
  }

  private func performPeriodicChecks() throws {
    OpenFiles.fillReserve()
    perform(coordinator.tick(at: now))
    reportAwaitedWorkers()
    timeline.note(coordinator.overview, numbers: run?.teams?.numbers ?? [:], at: seconds)
    if coordinator.workerCount > 0 { lastWorkerTime = now }
    // A worker of another host that has lost its connection may come back.
    let patience = settings.listen == nil ? 0 : settings.limits.silence
    try localWorkers?.check(isAlone: now - lastWorkerTime > patience)
    if settings.minWorkers == nil, let expected = localWorkers?.expectedCount, expected < settings.workers {
      perform(coordinator.awaitAtMost(expected, at: now))
    }
    for change in allowedKeys?.look(at: now) ?? [] {
      switch change {
      case .keys(let workers):
        allow(workers)
        log("keys listed now: those of \(counted(workers.count, "worker"))")
      case .fault(let error): log("of no use among the keys: \(error)")
      }
    }
    for (address, count) in accessControl?.takeRefusals() ?? [:] { unknownPeers.note(.refusal, of: address, count: count) }
    for line in unknownPeers.lines(at: now) { log(line) }
  }

  /// Teams whose jobs have ended are told of it, and begin others.
  func advanceTeams() {
    guard let teams = run?.teams else { return }
    attempt { _ in
      // What one end leads to may end at once.
      while let (job, end) = run?.ended.first {
        run!.ended.removeFirst()
        try teams.ended(job, end, reason: quarantineReasons[job])
      }
      try teams.beginMore()
      if teams.isDone { run?.end = .done(setAside: []) }
    }
  }

  /// A job that may grow is asked for more as soon as all of it is handed out: not before, for the more it knows then.
  func grow() {
    guard run?.end == nil, run?.growth != nil, coordinator.isDry else { return }
    attempt { run in
      if let (units, file) = try run.growth!.next() {
        self.run!.total += units.count
        perform(coordinator.add(units, file: file.bytes, at: now))
      } else if coordinator.isIdle {
        perform(coordinator.growNoMore(at: now))
      }
    }
  }

  private func overview(fit known: FitProgress? = nil) -> ClusterProgress {
    let overview = coordinator.overview
    let (unit, total) = (run?.unit ?? .images, run?.total ?? 0)
    if let teams = run?.teams {
      let lines = run?.rates.lines(overview, unit: unit, numbers: teams.numbers, at: now)
      return ClusterProgress(fit: teams.progress, workers: lines ?? [], waiting: waiting)
    }
    var fit = known ?? FitProgress(done: min(coordinator.tasksDone, total), total: total, unit: unit)
    if known == nil,
      let progress = overview.compactMap({ $0.membership?.progress }).max(by: {
        ($0.epoch, $0.done) < ($1.epoch, $1.done)
      })
    {
      fit = FitProgress(progress)
      // It is told once, when the epoch ends.
      fit.validationAccuracy = nil
    }
    return ClusterProgress(
      fit: fit, workers: run?.rates.lines(overview, unit: unit, at: now) ?? [], waiting: waiting)
  }

  private func cancel(_ error: any Error) -> any Error {
    perform(coordinator.cancel(at: now))
    return error
  }

  /// Someone wants the job to end: a training gives one more checkpoint, if that does not take too long.
  private func stop() -> any Error {
    if coordinator.trainsOneNetwork {
      perform(coordinator.pause(at: now))
      let deadline = now + settings.limits.silence
      while !coordinator.isHeld, run?.end == nil, run?.error == nil, now < deadline,
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

  /// What cannot be kept ends the job.
  func attempt(_ body: (JobRun) throws -> Void) {
    guard let run, run.error == nil else { return }
    do { try body(run) } catch { self.run?.error = error }
  }

  var now: Milliseconds { monotonicMilliseconds() }
  /// Since the start.
  var seconds: Double { Double(monotonicMicroseconds() - start) / 1e6 }
}

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
  private let sockets = SocketContext()
  private let router: Socket
  private let monitor: ConnectionMonitor
  private let accessControl: AccessControl?
  private var joiningKeys: JoiningKeys?
  /// Of the local workers.
  private var localKey: Key?
  private var coordinator: Coordinator
  private var localWorkers: LocalWorkers?
  private var ownWorker: OwnWorker?
  var localProcesses: [Int32] { localWorkers?.processes ?? [] }
  /// A folder for ipc addresses and files for local workers, which goes with the cluster.
  private let folder: ClusterFolder?
  private var handedOver: BlobFolder?
  private var sharedImages: [(images: LabeledImages, name: SHA256)] = []
  /// How each worker is reached, and which connection is whose.
  private var routes: [WorkerID: Frame] = [:]
  /// Orders that are to be sent. They say the whole of what is wanted, so the newest are enough.
  private var unsentOrders: [WorkerID: Orders] = [:]
  private var connections = Connections()
  /// What people call each that has ever joined.
  private var names: [WorkerID: String] = [:]
  /// Of teams: why units of jobs were set aside.
  private var setAsideReasons: [UInt64: String] = [:]
  /// Why the last chunk that was set aside was.
  private(set) var setAsideReason = ""
  /// Whether there may be more messages to answer, so that orders had better wait.
  private var isReceiving = false
  private var strangers = StrangerLog()
  private let log: (String) -> Void
  private var run: JobRun?
  /// Those who shall work are awaited once.
  private var isFirst = true
  /// New descriptions of jobs in hand, to be told; and when there may be another. Those who fetch a checkpoint need it for a while.
  private var offered: [UInt64: [UInt8]] = [:]
  private var nextOffer: Milliseconds = 0
  /// Who has done what when.
  package private(set) var timeline = ClusterTimeline()
  private let start = monotonicMicroseconds()

  /// What the job in hand needs while it runs.
  private struct JobRun {
    let keep: (Chunk, _ job: UInt64, UnsafeRawBufferPointer) throws -> Void
    let keepCheckpoint: (Checkpoint, UnsafeRawBufferPointer) throws -> Void
    let tensorName: (Int, _ job: UInt64) -> String
    let unit: FitProgress.Unit
    /// Units that are known of.
    var total: Int
    var rates: WorkerRates
    /// Where more units come from, if the pool may grow.
    var growth: Growth?
    /// Of teams: what they do, and jobs that have ended since they were last told.
    var teams: (any TeamJobs)?
    var ended: [(job: UInt64, end: Coordinator.JobEnd)] = []
    var end: Coordinator.JobEnd?
    var error: (any Error)?
    var hasCheckpointed = false
    /// Ends of epochs that have not been told yet, and the last that was noted.
    var epochEnds: [FitProgress] = []
    var lastEpoch = 0
  }

  /// Of a job whose units depend on what comes of others.
  struct Growth {
    /// Asked whenever nothing is left to hand out: more units, numbered on from those before, and the name of the file that says what they are;
    /// nil: none for now. If nobody works on anything then, the job is done.
    let next: () throws -> (units: Range<Int>, file: SHA256)?
    /// Told of units that nobody can do, and why.
    let setAside: (Chunk, String) throws -> Void
  }

  /// Starts to listen, and the local workers.
  /// - Parameter log: told what people want to know: who joins, who is lost, what is dropped.
  /// - Throws: ``TransportError`` if that cannot be done.
  package init(_ settings: ClusterSettings, on context: ComputeContext, log: @escaping (String) -> Void) throws {
    (self.settings, self.context, self.log) = (settings, context, log)
    try ZeroMQLibrary.check()
    let folder = settings.workers > 0 ? try ClusterFolder() : nil
    self.folder = folder
    handedOver = folder.map { BlobFolder(path: $0.path) }
    let local = try Endpoint(folder.map { "ipc://\($0.path)/coordinator" } ?? "inproc://coordinator")
    let isOpen = settings.listen.map { !$0.isLocal } ?? false
    guard !isOpen || settings.keys != nil else {
      throw TransportError(
        "\(settings.listen!) can be reached from other hosts, which needs keys: `atelier keys` makes them, and --keys names their folder"
      )
    }
    let control = settings.keys == nil ? nil : try AccessControl(in: sockets)
    control?.allow(settings.keys?.workers ?? [], in: Self.domain)
    accessControl = control
    joiningKeys = settings.keys.flatMap { keys in
      keys.folder.map { JoiningKeys(folder: $0, except: [keys.own.publicKey], known: keys.workers) }
    }
    router = Socket(
      .router, in: sockets, security: settings.keys.map { .server($0.own, domain: Self.domain) } ?? .none,
      bounds: Socket.Bounds(settings.limits))
    monitor = try ConnectionMonitor(router, name: "connections", in: sockets)
    coordinator = Coordinator(
      session: UInt64(Date().timeIntervalSince1970 * 1_000_000), numerics: numericsVersion, limits: settings.limits)
    _ = try router.bind(local)
    if let listen = settings.listen { endpoint = try router.bind(listen) }
    if settings.isOneProcess {
      ownWorker = try OwnWorker(in: sockets, joining: local, on: context, blobs: store, limits: settings.limits)
    }
    if settings.workers > 0 { try startLocalWorkers(joining: local) }
  }

  private static let domain = "coordinator"
  private static let interval: Milliseconds = 100
  /// Messages that are looked at before orders are sent.
  private static let mostAtOnce = 64
  private static let offerInterval: Milliseconds = 2_000

  private func startLocalWorkers(joining local: Endpoint) throws {
    var keys: WorkerKeys?
    if let own = settings.keys {
      let pair = KeyPair()
      keys = WorkerKeys(own: pair, coordinator: own.own.publicKey)
      localKey = pair.publicKey
      allow(own.workers)
    }
    // Workers of other hosts must reach the local ones as well.
    let exchange = try settings.listen.flatMap(\.host).map { host throws(TransportError) in
      try Endpoint("tcp://\(host.contains(":") ? "[\(host)]" : host):*")
    }
    localWorkers = try LocalWorkers(settings, joining: local, exchange: exchange, keys: keys)
  }

  private func allow(_ workers: Set<Key>) {
    accessControl?.allow(workers.union(localKey.map { [$0] } ?? []), in: Self.domain)
  }

  /// Ends the local workers, and lets go of all others.
  package func close() {
    localWorkers?.end()
    ownWorker?.end()
    accessControl?.end()
    (localWorkers, ownWorker) = (nil, nil)
    folder?.remove()
  }

  // MARK: Jobs

  /// Makes something known to those who will need it.
  /// - Parameter isKept: until it is withdrawn; else until enough others of its kind have come
  /// - Returns: its name in a ``JobDescription``
  /// - Throws: ``FileError`` if there is no room for it
  func share(_ blob: Blob, isKept: Bool = false) throws -> SHA256 {
    // The same images are what many jobs are about. Equal arrays are known quickly as long as they are the same memory.
    if case .images(let images) = blob, let known = sharedImages.first(where: { $0.images == images }) {
      return known.name
    }
    let name: SHA256
    if settings.listen != nil {
      name = server.add(blob, isKept: isKept)
    } else {
      // It is not sent, so nobody need know it by its digest.
      name = .random()
      if handedOver == nil { store.add(blob, name: name, isKept: isKept) }
      try handedOver?.add(blob, name: name, isKept: isKept)
    }
    if case .images(let images) = blob { sharedImages = sharedImages.suffix(Blob.keptImages - 1) + [(images, name)] }
    return name
  }

  /// Nobody needs it any longer.
  func withdraw(_ name: SHA256) {
    server.remove(name)
    handedOver?.remove(name)
    store.remove(name)
  }

  /// A training has come further: who joins from now on begins there, and not at its beginning.
  func offer(_ tensors: [Tensor], for description: JobDescription) {
    guard !settings.isOneProcess, now >= nextOffer else { return }
    nextOffer = now + Self.offerInterval
    var description = description
    guard let name = try? share(.checkpoint(tensors)) else { return }
    description.checkpoint = .init(name.bytes)
    describe(coordinator.lastJob, description)
  }

  /// Who gets ready for the job from now on is told this.
  func describe(_ job: UInt64, _ description: JobDescription) {
    if let bytes: [UInt8] = try? description.serializedBytes() { offered[job] = bytes }
  }

  /// Begins a job for a team.
  /// - Returns: its number
  func begin(_ description: JobDescription, _ work: Coordinator.Work, team: Team) throws -> UInt64 {
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
  ///   - keep: given the bytes of each chunk, once
  ///   - keepCheckpoint: given each state of a training that counts
  ///   - growth: where more units come from, if the pool may grow
  ///   - tensorName: of the tensors that members compare
  ///   - progress: asked ten times in a second; false stops the job (a training: after one more checkpoint)
  /// - Throws: `CancellationError` if stopped; what the closures throw; ``ClusterError``, ``ModelError/badSettings(_:)``
  func run(
    _ description: JobDescription, _ work: Coordinator.Work, unit: FitProgress.Unit, total: Int,
    keep: @escaping (Chunk, UnsafeRawBufferPointer) throws -> Void = { _, _ in },
    keepCheckpoint: @escaping (Checkpoint, UnsafeRawBufferPointer) throws -> Void = { _, _ in },
    growth: Growth? = nil, tensorName: @escaping (Int) -> String = { "\($0)" }, progress: (ClusterProgress) -> Bool
  ) throws -> Coordinator.JobEnd {
    let bytes: [UInt8] = try description.serializedBytes()
    return try carryOut(
      description.work,
      JobRun(
        keep: { chunk, _, bytes in try keep(chunk, bytes) }, keepCheckpoint: keepCheckpoint,
        tensorName: { index, _ in tensorName(index) }, unit: unit, total: total, rates: WorkerRates(at: now),
        growth: growth),
      start: { $0.start(work, description: bytes, awaiting: $1, at: $2) }, progress: progress)
  }

  /// Lets teams work until all that they are to do is done.
  func run(_ teams: any TeamJobs, progress: (ClusterProgress) -> Bool) throws {
    _ = try carryOut(
      .trainTrial,
      JobRun(
        keep: teams.keep, keepCheckpoint: teams.keepCheckpoint, tensorName: teams.tensorName, unit: .fits, total: 0,
        rates: WorkerRates(at: now), teams: teams),
      start: { $0.startTeams(awaiting: $1, at: $2) }, progress: progress)
  }

  private func carryOut(
    _ kind: JobDescription.Work, _ job: JobRun,
    start: (inout Coordinator, _ awaited: Int, Milliseconds) -> [Coordinator.Action],
    progress: (ClusterProgress) -> Bool
  ) throws -> Coordinator.JobEnd {
    run = job
    (setAsideReasons, offered) = ([:], [:])
    timeline.begin(kind, at: seconds)
    defer {
      timeline.end(at: seconds)
      run = nil
    }
    perform(start(&coordinator, isFirst ? settings.awaited ?? max(1, settings.workers) : 1, now))
    isFirst = false
    goOn()
    grow()
    var nextLook = now + Self.interval
    while run?.end == nil {
      if let error = run?.error { throw cancel(error) }
      router.wait(milliseconds: max(0, min(nextLook - now, Self.interval)))
      receive()
      if let error = run?.error { throw cancel(error) }
      for (job, description) in offered { perform(coordinator.describe(job, description, at: now)) }
      offered = [:]
      for ended in run?.epochEnds ?? [] where !progress(overview(fit: ended)) { throw stop() }
      run?.epochEnds = []
      guard now >= nextLook, run?.end == nil else { continue }
      nextLook = now + Self.interval
      try lookAround()
      goOn()
      grow()
      if let error = run?.error { throw cancel(error) }
      if !progress(overview()) { throw stop() }
    }
    let dropped = coordinator.overview.reduce(0) { $0 + Int(clamping: $1.membership?.droppedMessages ?? 0) }
    if dropped > 0 { tell("messages that came late or twice, which workers have dropped: \(dropped)", isFault: false) }
    switch run!.end! {
    case .impossible(let reason), .givenUp(let reason): throw ModelError.badSettings(reason)
    case .failed(let reason): throw ClusterError.faulty(reason)
    case .done, .trained: return run!.end!
    }
  }

  private func lookAround() throws {
    perform(coordinator.tick(at: now))
    timeline.note(coordinator.overview, numbers: run?.teams?.numbers ?? [:], at: seconds)
    try localWorkers?.check()
    switch joiningKeys?.look(at: now) {
    case .keys(let workers)?:
      allow(workers)
      log("keys of \(workers.count) workers are listed now")
    case .unreadable(let error)?: log("the list of keys stays as it was: \(error)")
    case nil: break
    }
    for (address, count) in accessControl?.takeRefusals() ?? [:] { strangers.note(.refusal, of: address, count: count) }
    for line in strangers.lines(at: now) { log(line) }
  }

  /// Teams whose jobs have ended are told of it, and begin others.
  private func goOn() {
    guard let teams = run?.teams else { return }
    attempt { _ in
      // What one end leads to may end at once.
      while let (job, end) = run?.ended.first {
        run!.ended.removeFirst()
        try teams.ended(job, end, reason: setAsideReasons[job])
      }
      try teams.beginMore()
      if teams.areDone { run?.end = .done(setAside: []) }
    }
  }

  /// A job that may grow is asked for more as soon as all of it is handed out: not before, for the more it knows then.
  private func grow() {
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
      return ClusterProgress(fit: teams.progress, workers: lines ?? [])
    }
    var fit = known ?? FitProgress(done: min(coordinator.unitsDone, total), total: total, unit: unit)
    if known == nil,
      let progress = overview.compactMap({ $0.membership?.progress }).max(by: {
        ($0.epoch, $0.done) < ($1.epoch, $1.done)
      })
    {
      fit = FitProgress(progress)
      // It is told once, when the epoch ends.
      fit.validationAccuracy = nil
    }
    return ClusterProgress(fit: fit, workers: run?.rates.lines(overview, unit: unit, at: now) ?? [])
  }

  private func cancel(_ error: any Error) -> any Error {
    perform(coordinator.cancel(at: now))
    return error
  }

  /// Someone wants the job to end: a training gives one more checkpoint, if that does not take too long.
  private func stop() -> any Error {
    if coordinator.trainsOneNetwork {
      run?.hasCheckpointed = false
      perform(coordinator.pause(at: now))
      let deadline = now + settings.limits.silence
      while run?.hasCheckpointed == false, run?.end == nil, run?.error == nil, now < deadline,
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

  private var now: Milliseconds { monotonicMilliseconds() }
  /// Since the start.
  private var seconds: Double { Double(monotonicMicroseconds() - start) / 1e6 }

  // MARK: What comes

  private func receive() {
    isReceiving = true
    defer {
      isReceiving = false
      sendOrders()
    }
    for _ in 0..<Self.mostAtOnce {
      guard let frames = router.receive(frames: 3) else { break }
      // A connection that is closed may have left its number to the one that this message came by.
      noteClosedConnections()
      guard frames.count >= 2, let message: WorkerMessage = MessageCodec.decode(frames[1]) else {
        strangers.note(.message, of: frames.last?.peerAddress)
        continue
      }
      receive(message, from: frames[0], frames[1], body: frames.count > 2 ? frames[2] : nil)
    }
    noteClosedConnections()
    if run?.ended.isEmpty == false { goOn() }
    grow()
  }

  private func noteClosedConnections() {
    while let event = monitor.next() {
      switch event {
      case .closed(let connection):
        if let worker = connections.close(connection) {
          perform(coordinator.handle(.disconnected, from: worker, at: now))
        }
      case .failed: strangers.note(.handshake, of: nil)
      // Access control knows more about who it was.
      case .refused, .ready: break
      }
    }
  }

  private func receive(_ message: WorkerMessage, from route: Frame, _ frame: Frame, body: Frame?) {
    guard message.protocol == MessageCodec.version else {
      let reason =
        """
        it speaks version \(message.protocol) of the protocol, the coordinator version \(MessageCodec.version): \
        install the same version of Atelier on both
        """
      return send(to: route) { $0.refusal.reason = reason }
    }
    let worker = message.worker
    switch message.body {
    case .status(let status):
      guard connections.note(worker, by: frame.connection, route: route.array) else { return }
      routes[worker] = route
      noteEpoch(status.membership.progress)
      perform(coordinator.handle(.status(status), from: worker, at: now))
    case .result(let result):
      if body != nil || !result.failure.isEmpty {
        let actions = coordinator.handle(.result(result), from: worker, at: now)
        perform(actions, of: worker, body, milliseconds: Int(result.milliseconds))
      }
    case .checkpoint(let checkpoint):
      if body != nil { perform(coordinator.handle(.checkpoint(checkpoint), from: worker, at: now), of: worker, body) }
    case .blobRequest(let request):
      guard let (part, bytes) = server.answer(request) else { return }
      send(to: route, bytes) { $0.blobPart = part }
    case .probe:
      send(to: route) {
        $0.probeAnswer = ProbeAnswer.with {
          ($0.clock, $0.version) = (UInt64(Date().timeIntervalSince1970 * 1_000_000), atelierVersion)
          $0.numerics = numericsVersion
        }
      }
    case nil: strangers.note(.message, of: frame.peerAddress)
    }
  }

  /// All members tell of the end of an epoch; it is news once.
  private func noteEpoch(_ progress: Coordination.Progress) {
    guard let run, run.teams == nil, progress.validationAccuracy >= 0, progress.epoch > run.lastEpoch else { return }
    self.run!.lastEpoch = Int(clamping: progress.epoch)
    self.run!.epochEnds.append(FitProgress(progress))
  }

  // MARK: What goes

  /// - Parameter milliseconds: that the worker took for what `body` is
  private func perform(
    _ actions: [Coordinator.Action], of worker: WorkerID = 0, _ body: Frame? = nil, milliseconds: Int = 0
  ) {
    for action in actions {
      switch action {
      case .send(let orders, let receiver):
        unsentOrders[receiver] = orders
      case .refuse(let receiver, let reason):
        if let route = routes[receiver] { send(to: route) { $0.refusal.reason = reason } }
      case .keepResult(let chunk, let job):
        let number = run?.teams?.numbers[job]
        if number == nil { run?.rates.note(chunk, by: worker) }
        timeline.note(
          chunk, of: number.map { "judging number \($0): blocks" } ?? run?.unit.rawValue ?? "units", by: worker,
          seconds: Double(milliseconds) / 1_000, byteCount: body?.count ?? 0, at: seconds)
        if let body { attempt { run in try body.withBytes { try run.keep(chunk, job, $0) } } }
      case .keepCheckpoint(let checkpoint):
        if let body { attempt { run in try body.withBytes { try run.keepCheckpoint(checkpoint, $0) } } }
        run?.hasCheckpointed = true
      case .note(let note):
        if case .joined(let joined, let profile) = note {
          names[joined] = "\(profile.host), process \(profile.process)"
          timeline.join(joined, profile)
        }
        if let text = describe(note) { tell(text, isFault: note.isFault) }
        if case .setAside(let chunk, let job, let reason) = note {
          if run?.teams != nil { setAsideReasons[job] = reason }
          setAsideReason = reason
          attempt { run in try run.growth?.setAside(chunk, reason) }
        }
        if case .lost(let lost, let loss) = note, loss == .leaving || loss == .silent || loss == .disconnected {
          routes[lost] = nil
        }
      case .end(let end, let job):
        if run?.teams == nil { run?.end = end } else { run?.ended.append((job, end)) }
      }
    }
    if !isReceiving { sendOrders() }
  }

  private func sendOrders() {
    for (receiver, orders) in unsentOrders.sorted(by: { $0.key < $1.key }) {
      if let route = routes[receiver] { send(to: route) { $0.orders = orders } }
    }
    unsentOrders = [:]
  }

  private func tell(_ text: String, isFault: Bool) {
    log(text)
    timeline.note(text, isFault: isFault, at: seconds)
  }

  /// What cannot be kept ends the job.
  private func attempt(_ body: (JobRun) throws -> Void) {
    guard let run, run.error == nil else { return }
    do { try body(run) } catch { self.run?.error = error }
  }

  private func send(to route: Frame, _ body: Frame? = nil, _ fill: (inout CoordinatorMessage) -> Void) {
    var message = CoordinatorMessage.with {
      $0.protocol = MessageCodec.version
      $0.coordinator = coordinator.session
    }
    fill(&message)
    router.send([route, MessageCodec.encode(message)] + (body.map { [$0] } ?? []))
  }

  private func describe(_ note: Coordinator.Note) -> String? {
    // Whoever works alone is nobody to be told about.
    if settings.isOneProcess { return nil }
    // Teams come together and part all the time.
    if case .begun = note, run?.teams != nil { return nil }
    return note.text(name: { names[$0] ?? "a worker" }, tensorName: run?.tensorName ?? { index, _ in "\(index)" })
  }
}

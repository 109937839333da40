import Coordination

/// One coordinator and its workers in simulated time, over a network that loses, delays, doubles and reorders, with processes that crash, and
/// that stand still for a while.
final class Simulation {
  var random: SplitMix
  let job: any SimulatedJob
  let faults: Faults
  let limits: Limits
  private(set) var now: Milliseconds = 0
  private var queue = EventQueue<(Simulation) -> Void>()

  private(set) var coordinator: Coordinator?
  private var session: UInt64 = 0
  private var coordinatorFrozenUntil: Milliseconds = 0
  private(set) var workers: [WorkerID: SimulatedWorker] = [:]
  /// By sender and receiver.
  private var cuts: [[WorkerID]: Milliseconds] = [:]
  private(set) var injected: [FaultKind: Int] = [:]
  /// How often work on a chunk has begun, and how often a worker has dropped a job while it was not at its end.
  var (begunChunks, droppedJobs) = (0, 0)
  /// How often a member has computed a round that it had computed before.
  var repeatedRounds = 0
  /// All that there have ever been.
  private(set) var liars: Set<WorkerID> = []

  var ended: Coordinator.JobEnd?
  private(set) var notes: [Coordinator.Note] = []
  private(set) var violations: [String] = []
  private(set) var coordinatorMessages = 0
  var oracle = Oracle()
  /// Of each chunk that is done, the digest that counts.
  var digests: [[UInt64]: [UInt8]] = [:]
  var histories: [UInt64: [UInt64]] = [:]

  init(
    seed: UInt64, _ job: any SimulatedJob, workers count: Int, faults: Faults = Faults(), limits: Limits = Limits()
  ) {
    random = SplitMix(state: seed)
    (self.job, self.faults, self.limits) = (job, faults, limits)
    startCoordinator()
    for _ in 0..<count { startWorker() }
    schedule(after: 1_000) { $0.injectFaults() }
  }

  /// - Returns: whether the job came to its end.
  func run(limit: Milliseconds = 3_600_000) -> Bool {
    while ended == nil, now < limit, let (time, event) = queue.next() {
      now = time
      event(self)
    }
    return ended != nil
  }

  func schedule(after delay: Milliseconds, _ event: @escaping (Simulation) -> Void) {
    queue.add(event, at: now + max(0, delay))
  }

  func count(_ kind: FaultKind) { injected[kind, default: 0] += 1 }

  func violate(_ text: String) { violations.append("at \(now) ms: \(text)") }

  // MARK: The network

  /// Delivers to `receiver` (0: the coordinator) sooner or later, perhaps twice, perhaps never.
  func deliver(from sender: WorkerID, to receiver: WorkerID, _ event: @escaping (Simulation) -> Void) {
    let isFaulty = now < faults.end
    if isFaulty, random.chance(faults.loss) { return count(.lostMessage) }
    let copies = isFaulty && random.chance(faults.doubling) ? 2 : 1
    if copies > 1 { count(.doubledMessage) }
    let slowness = (workers[sender]?.linkDelay ?? 0) + (workers[receiver]?.linkDelay ?? 0)
    for _ in 0..<copies {
      let isLate = isFaulty && random.chance(faults.longDelay)
      if isLate { count(.lateMessage) }
      let delay = Int.random(in: 1...(isLate ? 3_000 : 20), using: &random)
      schedule(after: delay + slowness) {
        if let end = $0.cuts[[sender, receiver]], $0.now < end { return }
        event($0)
      }
    }
  }

  func cut(_ one: WorkerID, _ other: WorkerID, for duration: Milliseconds) {
    cutOneWay(from: one, to: other, for: duration)
    cutOneWay(from: other, to: one, for: duration)
  }

  func cutOneWay(from sender: WorkerID, to receiver: WorkerID, for duration: Milliseconds) {
    cuts[[sender, receiver]] = max(cuts[[sender, receiver]] ?? 0, now + duration)
  }

  /// Both sides notice it, the worker always, the coordinator as a rule.
  func closeConnection(of worker: WorkerID) {
    workers[worker]?.handle(.disconnected, in: self)
    tellCoordinator(.disconnected, from: worker)
  }

  // MARK: The coordinator

  private func startCoordinator() {
    // A session is a microsecond: the numbers of its jobs, which count on from it, are never those of another one.
    session += 1_000_000
    coordinator = Coordinator(session: session, numerics: 1, limits: limits)
    (coordinatorFrozenUntil, digests) = (0, [:])
    job.begin(in: self)
    job.goOn(in: self)
    tickCoordinator(session)
  }

  func killCoordinator() {
    guard coordinator != nil else { return }
    count(.coordinatorCrash)
    coordinator = nil
    for worker in workers.keys.sorted() where random.chance(0.5) {
      deliver(from: 0, to: worker) { $0.workers[worker]?.handle(.disconnected, in: $0) }
    }
    schedule(after: Int.random(in: 100...3_000, using: &random)) { $0.startCoordinator() }
  }

  /// Workers find a coordinator gone that does not answer: they close their connections, and open others.
  func freezeCoordinator(for duration: Milliseconds) {
    coordinatorFrozenUntil = max(coordinatorFrozenUntil, now + duration)
    guard duration > limits.workerTimeout else { return }
    schedule(after: limits.workerTimeout) { simulation in
      for worker in simulation.workers.keys.sorted() { simulation.closeConnection(of: worker) }
    }
  }

  /// What a frozen process is told waits until it goes on.
  private func whenCoordinatorIsAwake(_ body: @escaping (Simulation) -> Void) {
    guard now < coordinatorFrozenUntil else { return body(self) }
    schedule(after: coordinatorFrozenUntil - now) { $0.whenCoordinatorIsAwake(body) }
  }

  private func tickCoordinator(_ session: UInt64) {
    whenCoordinatorIsAwake { simulation in
      guard session == simulation.session, simulation.coordinator != nil else { return }
      simulation.command { $0.tick(at: $1) }
      simulation.job.goOn(in: simulation)
      simulation.schedule(after: simulation.limits.heartbeat / 2) { $0.tickCoordinator(session) }
    }
  }

  /// - Parameter body: the bytes that come with a result or a checkpoint
  func tellCoordinator(_ event: Coordinator.Event, _ body: [UInt64] = [], from worker: WorkerID) {
    var event = event
    if case .checkpoint(var checkpoint) = event {
      checkpoint.digest = StateName(step: checkpoint.step, tensors: body).digest
      event = .checkpoint(checkpoint)
    }
    deliver(from: worker, to: 0) { [event] in
      $0.whenCoordinatorIsAwake { simulation in
        guard simulation.coordinator != nil else { return }
        simulation.coordinatorMessages += 1
        let hasToFail = simulation.isProofOfALie(event, from: worker)
        let actions = simulation.coordinator!.handle(event, from: worker, at: simulation.now)
        simulation.checkLies(event, of: worker, hasToFail: hasToFail, actions)
        simulation.perform(actions, body)
        simulation.job.goOn(in: simulation)
      }
    }
  }

  /// Has the coordinator do something.
  func command(_ command: (inout Coordinator, Milliseconds) -> [Coordinator.Action]) {
    perform(command(&coordinator!, now))
  }

  func reorder(_ tasks: [Int]) { coordinator?.reorder(tasks) }

  private func perform(_ actions: [Coordinator.Action], _ body: [UInt64] = []) {
    for action in actions {
      switch action {
      case .send(let orders, let worker):

        deliver(from: 0, to: worker) { [session] in
          $0.workers[worker]?.handle(.orders(orders, coordinator: session), in: $0)
        }
      case .refuse(let worker, let reason):
        deliver(from: 0, to: worker) { $0.workers[worker]?.handle(.refusal(reason), in: $0) }
      case .keepResult(let chunk, let job): self.job.keep(chunk, of: job, body, in: self)
      case .keepCheckpoint(let checkpoint): job.keep(checkpoint, weights: body[0], in: self)
      case .note(let note):
        notes.append(note)
        check(note)
        if case .quarantined(let chunk, let job, let reason) = note {
          self.job.noteQuarantined(chunk, of: job, reason: reason, in: self)
        }
      case .end(let end, let job): self.job.end(job, end, in: self)
      }
    }
  }

  // MARK: Workers

  func startWorker() {
    let id = UInt64.random(in: 1...UInt64.max, using: &random)
    let worker = SimulatedWorker(id: id, limits: limits, speed: Double.random(in: 0.3...3, using: &random))
    worker.linkDelay = random.chance(faults.slowLinks) ? Int.random(in: 20...400, using: &random) : 0
    (worker.isLiar, worker.isUnfit) = (random.chance(faults.liars), random.chance(faults.unfit))
    if worker.isLiar {
      liars.insert(id)
      let first = UInt64.random(in: 0...faults.lastCorruption, using: &random)
      worker.corruption = [.weights(after: first), .gradients(after: first), .sums(after: first)]
        .randomElement(using: &random)
    }
    workers[id] = worker
    worker.tick(in: self)
  }

  /// From now on the worker computes wrongly, in groups of all workers.
  func corrupt(_ id: WorkerID, _ corruption: Corruption) {
    liars.insert(id)
    (workers[id]!.corruption, workers[id]!.leastMembersToCorrupt) = (corruption, workers.count)
  }

  /// - Parameter culprit: what kills it, if that is its work
  func killWorker(_ id: WorkerID, by culprit: Oracle.Work? = nil) {
    guard workers.removeValue(forKey: id) != nil else { return }
    if let culprit { oracle.noteKill(by: culprit) }
    if random.chance(0.7) { tellCoordinator(.disconnected, from: id) }
    // Some are started again at once.
    let pause = random.chance(0.3) ? 100 : Int.random(in: 100...3_000, using: &random)
    schedule(after: pause) { $0.startWorker() }
  }
}

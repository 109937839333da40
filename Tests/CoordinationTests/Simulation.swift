import Coordination

/// A coordinator and its workers in simulated time. The network loses, delays, duplicates and reorders messages;
/// processes crash, and are suspended for a while.
final class Simulation {
  var random: SplitMix
  let job: any SimulatedJob
  let faults: Faults
  let limits: Limits
  private(set) var now: Milliseconds = 0
  private var queue = EventQueue<(Simulation) -> Void>()

  private(set) var coordinator: Coordinator?
  private var session: UInt64 = 0
  private var coordinatorSuspendedUntil: Milliseconds = 0
  private(set) var workers: [WorkerID: SimulatedWorker] = [:]
  /// The end of each cut, by sender and receiver.
  private var cuts: [[WorkerID]: Milliseconds] = [:]
  private(set) var injected: [FaultKind: Int] = [:]
  /// The number of chunks that workers have begun, and of jobs that they have dropped before their end.
  var (begunChunks, droppedJobs) = (0, 0)
  /// The number of rounds that a member has computed again.
  var repeatedRounds = 0
  /// All workers so far that compute wrongly.
  private(set) var corruptWorkers: Set<WorkerID> = []

  var ended: Coordinator.JobEnd?
  private(set) var notes: [Coordinator.Note] = []
  private(set) var violations: [String] = []
  private(set) var coordinatorMessages = 0
  var oracle = Oracle()
  /// The digest of the accepted result of each chunk.
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

  /// - Returns: Whether the job has ended.
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

  /// Delivers a message to `receiver` (0: the coordinator) after a delay, possibly twice or never.
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

  /// Closes a connection. The worker always notices it, the coordinator unless the message is lost.
  func closeConnection(of worker: WorkerID) {
    workers[worker]?.handle(.disconnected, in: self)
    sendToCoordinator(.disconnected, from: worker)
  }

  // MARK: The coordinator

  private func startCoordinator() {
    // Job numbers count up from the session, so sessions must be far apart.
    session += 1_000_000
    coordinator = Coordinator(session: session, numerics: 1, limits: limits)
    (coordinatorSuspendedUntil, digests) = (0, [:])
    job.begin(in: self)
    job.advance(in: self)
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

  /// Suspends the coordinator. Workers that receive no answer within the timeout close their connections and reconnect.
  func suspendCoordinator(for duration: Milliseconds) {
    coordinatorSuspendedUntil = max(coordinatorSuspendedUntil, now + duration)
    guard duration > limits.workerTimeout else { return }
    schedule(after: limits.workerTimeout) { simulation in
      for worker in simulation.workers.keys.sorted() { simulation.closeConnection(of: worker) }
    }
  }

  /// Runs `body` now, or when the suspended coordinator resumes.
  private func whenCoordinatorIsAwake(_ body: @escaping (Simulation) -> Void) {
    guard now < coordinatorSuspendedUntil else { return body(self) }
    schedule(after: coordinatorSuspendedUntil - now) { $0.whenCoordinatorIsAwake(body) }
  }

  private func tickCoordinator(_ session: UInt64) {
    whenCoordinatorIsAwake { simulation in
      guard session == simulation.session, simulation.coordinator != nil else { return }
      simulation.command { $0.tick(at: $1) }
      simulation.job.advance(in: simulation)
      simulation.schedule(after: simulation.limits.heartbeat / 2) { $0.tickCoordinator(session) }
    }
  }

  /// - Parameter body: The bytes that come with a result or a checkpoint.
  func sendToCoordinator(_ event: Coordinator.Event, _ body: [UInt64] = [], from worker: WorkerID) {
    var event = event
    if case .checkpoint(var checkpoint) = event {
      checkpoint.digest = StateName(step: checkpoint.step, tensors: body).digest
      event = .checkpoint(checkpoint)
    }
    deliver(from: worker, to: 0) { [event] in
      $0.whenCoordinatorIsAwake { simulation in
        guard simulation.coordinator != nil else { return }
        simulation.coordinatorMessages += 1
        let isContradiction = simulation.contradictsKnownResult(event, from: worker)
        let actions = simulation.coordinator!.handle(event, from: worker, at: simulation.now)
        simulation.checkContradictions(event, of: worker, isContradiction: isContradiction, actions)
        simulation.perform(actions, body)
        simulation.job.advance(in: simulation)
      }
    }
  }

  /// Calls a method of the coordinator, and performs its actions.
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
    (worker.isCorrupt, worker.isUnable) = (random.chance(faults.corruptWorkers), random.chance(faults.unableWorkers))
    if worker.isCorrupt {
      corruptWorkers.insert(id)
      let first = UInt64.random(in: 0...faults.lastCorruption, using: &random)
      worker.corruption = [.weights(after: first), .gradients(after: first), .sums(after: first)]
        .randomElement(using: &random)
    }
    workers[id] = worker
    worker.tick(in: self)
  }

  /// Makes a worker compute wrongly, in groups of all workers.
  func corrupt(_ id: WorkerID, _ corruption: Corruption) {
    corruptWorkers.insert(id)
    (workers[id]!.corruption, workers[id]!.leastMembersToCorrupt) = (corruption, workers.count)
  }

  /// - Parameter cause: The task or network that crashes the worker, if any.
  func killWorker(_ id: WorkerID, by cause: Oracle.Cause? = nil) {
    guard workers.removeValue(forKey: id) != nil else { return }
    if let cause { oracle.noteCrash(by: cause) }
    if random.chance(0.7) { sendToCoordinator(.disconnected, from: id) }
    // Some workers are restarted at once.
    let pause = random.chance(0.3) ? 100 : Int.random(in: 100...3_000, using: &random)
    schedule(after: pause) { $0.startWorker() }
  }
}

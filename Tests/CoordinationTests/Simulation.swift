import Coordination

/// A random generator for tests: SplitMix64 (Steele et al., 2014).
struct SplitMix: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }

  mutating func chance(_ probability: Double) -> Bool { Double.random(in: 0..<1, using: &self) < probability }
}

/// What goes wrong, until `end`.
struct Faults {
  var end: Milliseconds = 20_000
  var loss = 0.0
  var doubling = 0.0
  var longDelay = 0.0
  /// Per second.
  var workerCrashes = 0.0
  var coordinatorCrashes = 0.0
  var partitions = 0.0
  var freezes = 0.0
  /// Whoever works on this unit dies.
  var poison: Int?
  /// And on any of these.
  var poisons: Set<Int> = []
  /// Whoever trains this beyond its first steps dies.
  var poisonedTrial: UInt64?
  /// A worker computes something else, with this probability.
  var lies = 0.0
  /// No message ever passes between the first two workers.
  var cutsALinkForGood = false
  /// What the first worker sends to other members is of another length than it must have, and its states cannot be used.
  var sendsUnfit = false

  static func random(_ random: inout SplitMix) -> Faults {
    var faults = Faults()
    func maybe(_ value: Double) -> Double { random.chance(0.6) ? Double.random(in: 0...value, using: &random) : 0 }
    faults.loss = maybe(0.3)
    faults.doubling = maybe(0.2)
    faults.longDelay = maybe(0.1)
    faults.workerCrashes = maybe(2)
    faults.coordinatorCrashes = maybe(0.15)
    faults.partitions = maybe(0.5)
    faults.freezes = maybe(0.5)
    return faults
  }
}

/// One coordinator and its workers in simulated time, over a network that loses, delays, doubles and reorders, with processes that crash.
final class Simulation {
  enum Kind {
    case tasks(units: Int)
    /// Fits of a sweep: how long each takes a worker of speed 1.
    case sweep(milliseconds: [Int])
    case training(rounds: UInt64, shards: Int)
    /// Networks that teams train and then judge.
    case trials(SimulatedTrials)
  }

  var random: SplitMix
  let kind: Kind
  let faults: Faults
  var limits = Limits()
  var now: Milliseconds = 0
  private var queue = EventQueue()

  private(set) var coordinator: Coordinator?
  private(set) var trials: SimulatedTrials?
  private var coordinatorSession: UInt64 = 0
  private(set) var workers: [WorkerID: SimulatedWorker] = [:]
  private var cut: [Set<WorkerID>: Milliseconds] = [:]
  /// Of whom no message to another member is of use.
  private(set) var unfit: WorkerID?

  // What a coordinator leaves on disk.
  private(set) var unitsDone: [Int: Int] = [:]
  private var savedStep: UInt64 = 0
  private(set) var ended: Coordinator.JobEnd?
  private(set) var notes: [Coordinator.Note] = []
  private(set) var violations: [String] = []
  private var digests: [[UInt64]: UInt64] = [:]
  private(set) var coordinatorMessages = 0

  /// In every third story, units are of the kind that differ much in length.
  private let seed: UInt64

  init(seed: UInt64, kind: Kind, workers count: Int, faults: Faults) {
    self.seed = seed
    random = SplitMix(state: seed)
    (self.kind, self.faults) = (kind, faults)
    if case .trials(let trials) = kind { self.trials = trials }
    startCoordinator()
    for _ in 0..<count { startWorker() }
    let first = workers.keys.sorted().prefix(2)
    if faults.cutsALinkForGood { cut[Set(first)] = .max }
    if faults.sendsUnfit { unfit = first.first }
    schedule(after: 1_000) { $0.injectFaults() }
  }

  /// - Returns: whether the job came to its end.
  func run(limit: Milliseconds = 120_000) -> Bool {
    while ended == nil, now < limit, let (time, event) = queue.next() {
      now = time
      event(self)
    }
    return ended != nil
  }

  func schedule(after delay: Milliseconds, _ event: @escaping (Simulation) -> Void) {
    queue.add(at: now + max(0, delay), event)
  }

  func violate(_ text: String) { violations.append("at \(now) ms: \(text)") }

  // MARK: The network

  /// Delivers to `receiver` (0: the coordinator) sooner or later, perhaps twice, perhaps never.
  func deliver(from sender: WorkerID, to receiver: WorkerID, _ event: @escaping (Simulation) -> Void) {
    let isFaulty = now < faults.end
    if isFaulty, random.chance(faults.loss) { return }
    let copies = isFaulty && random.chance(faults.doubling) ? 2 : 1
    for _ in 0..<copies {
      let isLate = isFaulty && random.chance(faults.longDelay)
      let delay = Int.random(in: 1...(isLate ? 3_000 : 20), using: &random)
      schedule(after: delay) {
        if let end = $0.cut[[sender, receiver]], $0.now < end { return }
        event($0)
      }
    }
  }

  // MARK: The coordinator

  private func startCoordinator() {
    // A session is a microsecond: the numbers of its jobs, which count on from it, are never those of another one.
    coordinatorSession += 1_000_000
    coordinator = Coordinator(session: coordinatorSession, numerics: 1, limits: limits)
    var work: Coordinator.Work
    var description: [UInt8] = []
    switch kind {
    case .tasks(let units):
      let missing = (0..<units).filter { unitsDone[$0] == nil }
      work = .tasks(TaskPool(units: missing.map { $0..<$0 + 1 }.joinedRanges(), isUneven: seed.isMultiple(of: 3)))
    case .sweep(let milliseconds):
      let missing = milliseconds.indices.filter { unitsDone[$0] == nil }
      work = .tasks(TaskPool(units: missing.map { $0..<$0 + 1 }.joinedRanges(), isUneven: true))
    case .training(let rounds, let shards):
      work = .training(TrainingGroup(savedStep: savedStep))
      // A worker that joins begins where the checkpoint stands.
      var training = SimulatedTraining(rounds: rounds, shards: shards)
      training.step = savedStep
      description = training.description
    case .trials:
      trials!.beginAnew()
      perform(coordinator!.startTeams(at: now))
      beginTrials()
      return tickCoordinator(coordinatorSession)
    }
    perform(coordinator!.start(work, description: description, at: now))
    tickCoordinator(coordinatorSession)
  }

  func reorder(_ units: [Int]) { coordinator?.reorder(units) }

  func milliseconds(of unit: Int) -> Int {
    if case .sweep(let milliseconds) = kind { milliseconds[unit] } else { 30 }
  }

  /// As many as there are workers for.
  private func beginTrials() {
    while trials!.isIdle || coordinator!.hasWorkers(forTeamOf: trials!.size), let training = trials!.next() {
      let team = Team(of: trials!.size, atMost: Int(training.shards))
      let work = Coordinator.Work.training(TrainingGroup(savedStep: 0))
      let actions = coordinator!.begin(work, description: training.description, team: team, at: now)
      trials!.begin(training, job: coordinator!.lastJob)
      perform(actions)
    }
    if trials!.areDone { ended = .done(setAside: []) }
  }

  /// A trained network is judged.
  private func endTrial(_ job: UInt64, _ end: Coordinator.JobEnd) {
    if let units = trials!.end(job, end) {
      let actions = coordinator!.begin(
        .tasks(TaskPool(units: [0..<units])), description: [], team: Team(of: trials!.size), at: now)
      trials!.judge(job: coordinator!.lastJob)
      perform(actions)
    }
    beginTrials()
  }

  private func tickCoordinator(_ session: UInt64) {
    guard session == coordinatorSession, coordinator != nil else { return }
    perform(coordinator!.tick(at: now))
    if trials != nil { beginTrials() }
    schedule(after: limits.heartbeat / 2) { $0.tickCoordinator(session) }
  }

  func tellCoordinator(_ event: Coordinator.Event, from worker: WorkerID) {
    deliver(from: worker, to: 0) {
      guard $0.coordinator != nil else { return }
      $0.coordinatorMessages += 1
      $0.perform($0.coordinator!.handle(event, from: worker, at: $0.now))
    }
  }

  private func perform(_ actions: [Coordinator.Action]) {
    for action in actions {
      switch action {
      case .send(let orders, let worker):
        let session = coordinatorSession
        deliver(from: 0, to: worker) { $0.workers[worker]?.handle(.orders(orders, coordinator: session), in: $0) }
      case .refuse(let worker, let reason):
        deliver(from: 0, to: worker) { $0.workers[worker]?.handle(.refusal(reason), in: $0) }
      case .keepResult(let chunk, let job):
        if trials != nil {
          if let fault = trials!.keep(chunk, of: job) { violate(fault) }
          continue
        }
        for unit in Int(chunk.first)..<Int(chunk.first + chunk.count) {
          unitsDone[unit, default: 0] += 1
          if unitsDone[unit]! > 1 { violate("unit \(unit) counts twice") }
        }
      case .keepCheckpoint(let checkpoint):
        savedStep = max(savedStep, checkpoint.step)
        if trials != nil, let description = trials!.offer(checkpoint) {
          perform(coordinator!.describe(checkpoint.job, description, at: now))
        }
      case .note(let note): notes.append(note)
      case .end(let end, let job): if trials == nil { ended = end } else { endTrial(job, end) }
      }
    }
  }

  // MARK: Workers

  private func startWorker() {
    let id = UInt64.random(in: 1...UInt64.max, using: &random)
    let worker = SimulatedWorker(id: id, limits: limits, speed: Double.random(in: 0.3...3, using: &random))
    workers[id] = worker
    worker.tick(in: self)
  }

  func killWorker(_ id: WorkerID) {
    guard workers.removeValue(forKey: id) != nil else { return }
    if random.chance(0.7) { tellCoordinator(.disconnected, from: id) }
    schedule(after: Int.random(in: 100...3_000, using: &random)) { $0.startWorker() }
  }

  /// All who have ever done so many rounds must have the same weights.
  func note(digest: UInt64, after step: UInt64, of trial: UInt64) {
    if let known = digests[[trial, step]], known != digest { violate("two states after step \(step)") }
    digests[[trial, step]] = digest
  }

  // MARK: Faults

  private func injectFaults() {
    guard now < faults.end else { return }
    let victims = workers.keys.sorted()
    func happens(_ perSecond: Double) -> Bool { random.chance(perSecond / 4) }
    if happens(faults.workerCrashes), let victim = victims.randomElement(using: &random) { killWorker(victim) }
    if happens(faults.freezes), let victim = victims.randomElement(using: &random) {
      workers[victim]?.frozenUntil = now + Int.random(in: 500...15_000, using: &random)
    }
    if happens(faults.partitions), let victim = victims.randomElement(using: &random) {
      let other = random.chance(0.5) ? 0 : victims.randomElement(using: &random)!
      cut[[victim, other]] = now + Int.random(in: 200...14_000, using: &random)
    }
    if happens(faults.coordinatorCrashes), coordinator != nil {
      coordinator = nil
      for victim in victims where random.chance(0.5) {
        deliver(from: 0, to: victim) { $0.workers[victim]?.handle(.disconnected, in: $0) }
      }
      schedule(after: Int.random(in: 100...3_000, using: &random)) { $0.startCoordinator() }
    }
    schedule(after: 250) { $0.injectFaults() }
  }
}

/// Events in the order of their time; those of the same time in the order in which they were added. A binary heap.
private struct EventQueue {
  private var heap: [(time: Milliseconds, number: Int, event: (Simulation) -> Void)] = []
  private var count = 0

  private func precedes(_ left: Int, _ right: Int) -> Bool {
    (heap[left].time, heap[left].number) < (heap[right].time, heap[right].number)
  }

  mutating func add(at time: Milliseconds, _ event: @escaping (Simulation) -> Void) {
    heap.append((time, count, event))
    count += 1
    var child = heap.count - 1
    while child > 0, precedes(child, (child - 1) / 2) {
      heap.swapAt(child, (child - 1) / 2)
      child = (child - 1) / 2
    }
  }

  mutating func next() -> (Milliseconds, (Simulation) -> Void)? {
    guard !heap.isEmpty else { return nil }
    heap.swapAt(0, heap.count - 1)
    let first = heap.removeLast()
    var parent = 0
    while true {
      var least = parent
      for child in [2 * parent + 1, 2 * parent + 2] where child < heap.count && precedes(child, least) { least = child }
      if least == parent { break }
      heap.swapAt(parent, least)
      parent = least
    }
    return (first.time, first.event)
  }
}

extension [Range<Int>] {
  /// Neighbours become one.
  func joinedRanges() -> [Range<Int>] {
    reduce(into: []) { joined, range in
      if let last = joined.last, last.upperBound == range.lowerBound {
        joined[joined.count - 1] = last.lowerBound..<range.upperBound
      } else {
        joined.append(range)
      }
    }
  }
}

internal import Foundation
internal import SwiftProtobuf

/// Hands jobs out to workers, and sees to it that they are done whatever happens to them: events in, actions out.
///
/// There is one job that all workers work at, or there are several, each with a team. It keeps no time, opens no socket and computes nothing,
/// so that a test can drive it through any accident.
package struct Coordinator: Sendable {
  package enum Event: Sendable {
    case status(WorkerStatus)
    case result(ChunkResult)
    case checkpoint(Checkpoint)
    /// The connection is gone; nothing more will come by it.
    case disconnected
  }

  package enum Action: Sendable, Equatable {
    case send(Orders, to: WorkerID)
    case refuse(WorkerID, reason: String)
    /// The bytes that came with the result at hand count.
    case keepResult(Chunk, job: UInt64)
    /// The bytes that came with the checkpoint at hand count.
    case keepCheckpoint(Checkpoint)
    case note(Note)
    case end(JobEnd, job: UInt64)
  }

  /// What people are told.
  package enum Note: Sendable, Equatable {
    case joined(WorkerID, Profile)
    case lost(WorkerID, Loss)
    /// These tasks are quarantined, since workers crash whenever they work on them; or no worker can do them.
    case quarantined(Chunk, job: UInt64, reason: String)
    case resultsDiffer(chunk: UInt64, between: WorkerID, and: WorkerID)
    case deviates(TrainingGroup.Deviation, job: UInt64)
    /// A worker has sent a result or checkpoint whose bytes are of no use.
    case unusable(WorkerID, reason: String)
    case begun(job: UInt64, generation: UInt64, step: UInt64, members: Int)
    case noWorkersLeft
  }

  package enum Loss: Sendable, Equatable {
    case leaving, disconnected, silent
    /// It says how it stands, but takes no orders.
    case unresponsive
    case excluded(reason: String)
  }

  package enum JobEnd: Sendable, Equatable {
    /// All tasks are done but these.
    case done(quarantined: [Chunk])
    case trained
    /// No worker can do it.
    case impossible(reason: String)
    /// Workers crash whenever they work at a team's job.
    case abandoned(reason: String)
    case failed(reason: String)
  }

  package enum Workload: Sendable {
    case tasks(TaskPool)
    case training(TrainingGroup)
  }

  struct WorkerRecord: Sendable {
    var profile: Profile
    var lastSeen: Milliseconds
    var status: UInt64
    let joined: Milliseconds
    /// Whether it has completed a chunk.
    var hasCompleted = false
    /// Orders that it has not said yet to follow, and since when they are sent.
    var unconfirmed: (number: UInt64, since: Milliseconds)?
    /// The newest orders, when what they begin with was given to it, and when they were last sent.
    var orders = Orders()
    var givenAt: Milliseconds = .min / 2
    var lastSent: Milliseconds = .min / 2
    var membership: Membership?
    /// Units done of the chunk in hand, and how long one took in the last chunk.
    var tasksDone = 0
    var millisecondsPerTask: Double?
    /// How long the last chunk took.
    var millisecondsPerChunk: Milliseconds?

    var power: Double { Double(max(1, profile.threads)) }
  }

  let limits: Limits
  /// Workers must compute by the same rules, or they do not get the same bits.
  let numerics: UInt32
  package let session: UInt64
  var workers: [WorkerID: WorkerRecord] = [:]
  /// What is to be done, the oldest first. A worker is in one of them at most.
  var assignments: [Assignment] = []
  private var jobCount: UInt64 = 0
  /// Orders of one coordinator never share a number, so that a worker that was lost and is back knows old from new.
  var ordersCount: UInt64 = 0
  /// Workers that were expelled, and why.
  var refused: [WorkerID: String] = [:]
  /// How many results and checkpoints of each were of no use.
  var faults: [WorkerID: Int] = [:]
  /// Workers that take no orders: they are given nothing before they do.
  var unresponsive: Set<WorkerID> = []
  /// Workers that seemed unresponsive, and were not: where word goes to and fro slowly, each is given more time.
  var acknowledgementBackoffs: [WorkerID: Backoff] = [:]
  var statistics = CrashStatistics()
  /// Nothing is handed out before so many workers are there.
  private var awaited = 1
  /// Of ``clock``.
  var now: Milliseconds = 0
  private(set) var clock: PauseClock
  /// After a long pause, connections that are closed were closed during it, by the other side: those workers come back.
  /// Who does not is silent.
  private var ignoresDisconnectionsUntil: Milliseconds = .min / 2
  var actions: [Action] = []

  package init(session: UInt64, numerics: UInt32, limits: Limits) {
    (self.session, self.numerics, self.limits) = (session, numerics, limits)
    clock = PauseClock(limits)
  }

  package var workerCount: Int { workers.count }
  package var lastJob: UInt64 { session + jobCount }
  /// Whether the job is a training by all workers.
  package var trainsOneNetwork: Bool { assignments.first.map { $0.team == nil && $0.group != nil } ?? false }

  // MARK: What is wanted

  /// Begins a job that all workers work at; what was in hand is given up. ``lastJob`` is its number.
  /// - Parameter workers: how many to wait for.
  package mutating func start(
    _ work: Workload, description: [UInt8], awaiting workers: Int = 1, at now: Milliseconds
  ) -> [Action] {
    react(at: now) {
      $0.assignments = []
      $0.awaited = workers
      let hasAllWorkers = $0.awaitWorkers()
      $0.add(work, description, team: nil)
      for id in $0.workers.keys { $0.workers[id]!.forgetJob() }
      $0.staff()
      if hasAllWorkers { $0.expectMembers() }
      $0.instructAll()
      $0.endIfFinished($0.lastJob)
    }
  }

  /// From now on jobs are those of teams, which ``begin(_:description:team:at:)`` adds; what was in hand is given up.
  /// - Parameter workers: how many to wait for.
  package mutating func startTeams(awaiting workers: Int = 1, at now: Milliseconds) -> [Action] {
    react(at: now) {
      $0.assignments = []
      $0.awaited = workers
      $0.awaitWorkers()
      $0.instructAll()
    }
  }

  /// Begins a job for a team, beside those of others. ``lastJob`` is its number.
  package mutating func begin(_ work: Workload, description: [UInt8], team: Team, at now: Milliseconds) -> [Action] {
    react(at: now) {
      $0.add(work, description, team: team)
      $0.staff()
      $0.endIfFinished($0.lastJob)
    }
  }

  private mutating func add(_ work: Workload, _ description: [UInt8], team: Team?) {
    jobCount += 1
    let job = Job.with { [lastJob] in ($0.id, $0.description_p) = (lastJob, .init(description)) }
    var assignment = Assignment(job, work, team: team)
    assignment.pool?.maxFailures = limits.maxFailures
    assignments.append(assignment)
  }

  /// From now on, who gets ready for the job is told this; who is ready stays so.
  package mutating func describe(_ job: UInt64, _ description: [UInt8], at now: Milliseconds) -> [Action] {
    react(at: now) {
      guard let index = $0.index(ofJob: job) else { return }
      $0.assignments[index].job.description_p = .init(description)
      $0.instructAll(of: index)
    }
  }

  /// From now on these tasks of the job are handed out first, in this order.
  package mutating func reorder(_ tasks: [Int]) {
    if assignments.first?.team == nil, !assignments.isEmpty { assignments[0].pool?.reorder(tasks) }
  }

  /// Whether nothing of a job that may grow is left to be handed out, so that it is time for more; and whether nobody does anything of it either.
  package var needsMoreTasks: Bool { assignments.first?.pool.map { $0.canGrow && $0.isExhausted } ?? false }
  package var isIdle: Bool { assignments.first?.pool?.isIdle ?? true }

  /// The job has more tasks, numbered on from those before.
  /// - Parameter file: the name of what says what they are
  package mutating func add(_ tasks: Range<Int>, file: [UInt8], at now: Milliseconds) -> [Action] {
    react(at: now) {
      guard !$0.assignments.isEmpty else { return }
      $0.assignments[0].pool?.add(tasks, file: file)
      $0.instructAll()
    }
  }

  /// The job gets no more tasks, and ends when all are done.
  package mutating func stopGrowing(at now: Milliseconds) -> [Action] {
    react(at: now) {
      guard !$0.assignments.isEmpty else { return }
      $0.assignments[0].pool?.stopGrowing()
      $0.endIfFinished($0.assignments[0].job.id)
    }
  }

  /// All jobs are given up; workers drop what they have of them.
  package mutating func cancel(at now: Milliseconds) -> [Action] {
    react(at: now) {
      $0.assignments = []
      $0.instructAll()
    }
  }

  /// Asks the training for a checkpoint, and holds it there: at this very step if one worker trains alone, else at the next step whose state
  /// all have compared. ``isPauseComplete`` tells when there is one.
  package mutating func pause(at now: Milliseconds) -> [Action] {
    react(at: now) {
      for index in $0.assignments.indices { $0.updateGroup(index) { $0.hold() } }
    }
  }

  package var isPauseComplete: Bool { assignments.allSatisfy { $0.group?.isPauseComplete ?? true } }

  // MARK: Events

  package mutating func handle(_ event: Event, from worker: WorkerID, at now: Milliseconds) -> [Action] {
    react(at: now) {
      switch event {
      case .status(let status): $0.handle(status, from: worker)
      case .result(let result): $0.handle(result, from: worker)
      case .checkpoint(let checkpoint): $0.handle(checkpoint, from: worker)
      case .disconnected: if $0.now > $0.ignoresDisconnectionsUntil { $0.lose(worker, .disconnected) }
      }
    }
  }

  /// Time has passed. This is to be called several times in a heartbeat. When it was not, since the process was
  /// suspended, all deadlines move by the pause, so that nobody is lost by it; but hand over first all that has come
  /// meanwhile.
  package mutating func tick(at now: Milliseconds) -> [Action] {
    react(at: now, isTick: true) {
      for (id, worker) in $0.workers.sorted(by: { $0.key < $1.key }) {
        if $0.now - worker.lastSeen > $0.limits.workerTimeout {
          $0.lose(id, .silent)
        } else if let orders = worker.unconfirmed,
          $0.now - orders.since > $0.acknowledgementBackoffs[id, default: Backoff()].wait($0.limits.workerTimeout),
          $0.unresponsive.insert(id).inserted
        {
          $0.lose(id, .unresponsive)
        } else if $0.now - worker.lastSent >= $0.limits.heartbeat {
          $0.send(to: id)
        }
      }
      $0.quarantine()
      if $0.assignments.contains(where: { $0.team != nil }) { $0.staff() }
      $0.spread()
    }
  }

  mutating func react(
    at now: Milliseconds, isTick: Bool = false, _ change: (inout Self) -> Void
  ) -> [Action] {
    let (time, pause) = clock.read(now, isTick: isTick)
    if time > self.now, self.now > 0 { statistics.add(time: time - self.now, workers: workers.count) }
    self.now = time
    if pause > limits.workerTimeout / 2 { ignoresDisconnectionsUntil = time + limits.workerTimeout }
    change(&self)
    defer { actions.removeAll(keepingCapacity: true) }
    return actions
  }

  // MARK: Jobs

  var isAwaiting: Bool { workers.count < awaited }

  /// How many workers are there, of how many without which nothing is handed out; nil if enough are there.
  package var awaitedWorkers: (joined: Int, wanted: Int)? { isAwaiting ? (workers.count, awaited) : nil }

  /// Once those that are waited for are there, nobody is waited for any more.
  /// - Returns: whether that is so just now.
  @discardableResult mutating func awaitWorkers() -> Bool {
    guard !isAwaiting else { return false }
    defer { awaited = 1 }
    return awaited > 1
  }

  /// More workers than these will not come, so no more are waited for.
  package mutating func awaitAtMost(_ count: Int, at now: Milliseconds) -> [Action] {
    react(at: now) {
      guard $0.awaited > max(1, count) else { return }
      $0.awaited = max(1, count)
      guard !$0.isAwaiting else { return }
      $0.awaited = 1
      $0.staff()
      $0.expectMembers()
      $0.instructAll()
    }
  }

  /// Those that were waited for have joined. A training by all workers begins once they are ready as well.
  mutating func expectMembers() {
    for index in assignments.indices where assignments[index].team == nil {
      let workers = Set(assignments[index].workers.keys)
      assignments[index].group?.expect(workers)
    }
  }

  func index(ofJob job: UInt64) -> Int? { assignments.firstIndex { $0.job.id == job } }

  /// What the worker works at.
  func index(of worker: WorkerID) -> Int? { assignments.firstIndex { $0.workers[worker] != nil } }

  mutating func endIfFinished(_ job: UInt64) {
    guard let index = index(ofJob: job), let pool = assignments[index].pool, pool.isFinished else { return }
    end(index, .done(quarantined: pool.quarantined))
  }

  mutating func end(_ index: Int, _ end: JobEnd) {
    let ended = assignments.remove(at: index)
    actions.append(.end(end, job: ended.job.id))
    for id in ended.workers.keys { workers[id]?.forgetJob() }
    staff()
    if ended.team == nil { return instructAll() }
    for id in ended.workers.keys.sorted() { instruct(id) }
  }

  func name(_ id: WorkerID) -> String {
    guard let profile = workers[id]?.profile else { return "a worker that is gone" }
    return "\(profile.host), process \(profile.process)"
  }
}

extension Coordinator.WorkerRecord {
  /// What it told of another job says nothing about the next.
  mutating func forgetJob() {
    (membership, millisecondsPerTask, millisecondsPerChunk, tasksDone) = (nil, nil, nil, 0)
  }
}

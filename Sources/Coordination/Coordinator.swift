internal import Foundation
internal import SwiftProtobuf

/// The coordinator's side of the protocol: hands jobs out to workers until they are done, whatever fails. Events in,
/// actions out.
///
/// Either there is one job for all workers, or there are several jobs, each with a team. A coordinator reads no clock,
/// opens no socket and computes nothing, so that a test can drive it through any failure.
package struct Coordinator: Sendable {
  package enum Event: Sendable {
    case status(WorkerStatus)
    case result(ChunkResult)
    case checkpoint(Checkpoint)
    /// The connection was closed. No further messages arrive through it.
    case disconnected
  }

  package enum Action: Sendable, Equatable {
    case send(Orders, to: WorkerID)
    case refuse(WorkerID, reason: String)
    /// Keep the bytes that came with the result that is being handled.
    case keepResult(Chunk, job: UInt64)
    /// Keep the bytes that came with the checkpoint that is being handled.
    case keepCheckpoint(Checkpoint)
    case note(Note)
    case end(JobEnd, job: UInt64)
  }

  /// An occurrence to report to the user.
  package enum Note: Sendable, Equatable {
    case joined(WorkerID, Profile)
    case lost(WorkerID, Loss)
    /// The chunk's tasks are quarantined: workers crash whenever they compute them, the tasks fail, or no worker has
    /// enough memory for them.
    case quarantined(Chunk, job: UInt64, reason: String)
    /// The worker's host has too little memory for the chunk.
    case refused(Chunk, by: WorkerID, reason: String)
    case resultsDiffer(chunk: UInt64, between: WorkerID, and: WorkerID)
    case deviates(TrainingGroup.Deviation, job: UInt64)
    /// A worker has sent a result or checkpoint with invalid bytes.
    case unusable(WorkerID, reason: String)
    case begun(job: UInt64, generation: UInt64, step: UInt64, members: Int)
    case noWorkersLeft
  }

  package enum Loss: Sendable, Equatable {
    case leaving, disconnected, silent
    /// The worker sends its status, but does not receive its orders.
    case unresponsive
    case excluded(reason: String)
  }

  package enum JobEnd: Sendable, Equatable {
    /// All tasks are done except the quarantined ones.
    case done(quarantined: [Chunk])
    case trained
    /// No worker can do the job.
    case impossible(reason: String)
    /// Workers crash whenever they train for the team's job, or none has enough memory for it.
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
    /// The number of the newest status.
    var status: UInt64
    let joinTime: Milliseconds
    /// Whether the worker has completed a chunk.
    var hasCompleted = false
    /// The oldest orders that the worker has not acknowledged, and the time at which they were first sent.
    var unacknowledged: (number: UInt64, since: Milliseconds)?
    /// The time since which all statuses of the worker have reported that no orders arrive.
    var unreachedSince: Milliseconds?
    /// The newest orders.
    var orders = Orders()
    /// The time at which the worker was given its first chunk or its job.
    var startTime: Milliseconds = .min / 2
    /// The time at which the orders were last sent.
    var lastSent: Milliseconds = .min / 2
    var membership: Membership?
    /// The number of completed tasks of the chunk in progress.
    var tasksDone = 0
    /// The time per task in the worker's last chunk.
    var millisecondsPerTask: Double?
    /// The time that the worker's last chunk took.
    var millisecondsPerChunk: Milliseconds?

    var power: Double { Double(max(1, profile.threads)) }
  }

  let limits: Limits
  /// The numerics version. Only workers with the same version compute the same bits.
  let numerics: UInt32
  package let session: UInt64
  var workers: [WorkerID: WorkerRecord] = [:]
  /// The jobs, the oldest first. A worker works on one of them at most.
  var assignments: [Assignment] = []
  private var jobCount: UInt64 = 0
  /// The number of orders so far. No two orders of a coordinator have the same number, so that a worker that reconnects
  /// can tell new orders from old ones.
  var ordersCount: UInt64 = 0
  /// Workers that were expelled, with the reason.
  var expelled: [WorkerID: String] = [:]
  /// The number of invalid results and checkpoints of each worker.
  var faults: [WorkerID: Int] = [:]
  /// Workers that send their status but do not receive their orders. They are given no work until they do.
  var unresponsive: Set<WorkerID> = []
  /// The acknowledgment timeouts of workers that acknowledged orders only after the timeout: their links are slow.
  var acknowledgmentBackoffs: [WorkerID: Backoff] = [:]
  var statistics = CrashStatistics()
  /// The workers that were lost within the last worker timeout, and may reconnect, with the times.
  var lostWorkers: [WorkerID: Milliseconds] = [:]
  /// The number of workers that must join before any work is handed out.
  private var awaited = 1
  /// The time of ``clock``.
  var now: Milliseconds = 0
  private(set) var clock: PauseClock
  /// The end of the time after a long pause in which closed connections are ignored: the other side closed them during
  /// the pause, and those workers reconnect. A worker that does not reconnect is lost by its timeout.
  private var ignoresDisconnectionsUntil: Milliseconds = .min / 2
  var actions: [Action] = []

  package init(session: UInt64, numerics: UInt32, limits: Limits) {
    (self.session, self.numerics, self.limits) = (session, numerics, limits)
    clock = PauseClock(limits)
  }

  /// The number of workers that can be given work.
  package var workerCount: Int { unresponsive.isEmpty ? workers.count : responsiveWorkers.count }
  package var lastJob: UInt64 { session + jobCount }
  /// Whether the job is a training by all workers.
  package var trainsOneNetwork: Bool { assignments.first.map { $0.team == nil && $0.group != nil } ?? false }

  // MARK: Commands

  /// Starts a job for all workers, and cancels the current jobs. ``lastJob`` is the number of the new job.
  /// - Parameter workers: The number of workers to wait for.
  package mutating func start(
    _ workload: Workload, description: [UInt8], awaiting workers: Int = 1, at now: Milliseconds
  ) -> [Action] {
    react(at: now) {
      $0.assignments = []
      $0.awaited = workers
      let hasAllWorkers = $0.awaitWorkers()
      $0.add(workload, description, team: nil)
      for id in $0.workers.keys { $0.workers[id]!.forgetJob() }
      $0.assignWorkers()
      if hasAllWorkers { $0.expectMembers() }
      $0.instructAll()
      $0.endIfFinished($0.lastJob)
    }
  }

  /// Cancels the current jobs, and prepares for jobs of teams, which ``begin(_:description:team:at:)`` adds.
  /// - Parameter workers: The number of workers to wait for.
  package mutating func startTeams(awaiting workers: Int = 1, at now: Milliseconds) -> [Action] {
    react(at: now) {
      $0.assignments = []
      $0.awaited = workers
      $0.awaitWorkers()
      $0.instructAll()
    }
  }

  /// Starts a job for a team, in addition to the current jobs. ``lastJob`` is its number.
  package mutating func begin(
    _ workload: Workload, description: [UInt8], team: Team, at now: Milliseconds
  ) -> [Action] {
    react(at: now) {
      $0.add(workload, description, team: team)
      $0.assignWorkers()
      $0.endIfFinished($0.lastJob)
    }
  }

  private mutating func add(_ workload: Workload, _ description: [UInt8], team: Team?) {
    jobCount += 1
    let job = Job.with { [lastJob] in ($0.id, $0.description_p) = (lastJob, .init(description)) }
    var assignment = Assignment(job, workload, team: team)
    assignment.pool?.maxFailures = limits.maxFailures
    assignments.append(assignment)
  }

  /// Replaces the description of a job for workers that have yet to prepare for it.
  package mutating func describe(_ job: UInt64, _ description: [UInt8], at now: Milliseconds) -> [Action] {
    react(at: now) {
      guard let index = $0.index(ofJob: job) else { return }
      $0.assignments[index].job.description_p = .init(description)
      $0.instructAll(of: index)
    }
  }

  /// Moves these tasks of the job to the front, in this order, as far as they are not in a chunk yet.
  package mutating func reorder(_ tasks: [Int]) {
    if assignments.first?.team == nil, !assignments.isEmpty { assignments[0].pool?.reorder(tasks) }
  }

  /// Whether the job can grow, and has no tasks left to hand out.
  package var needsMoreTasks: Bool { assignments.first?.pool.map { $0.canGrow && $0.isExhausted } ?? false }
  /// Whether all tasks of the job so far are done.
  package var isIdle: Bool { assignments.first?.pool?.isIdle ?? true }

  /// Adds tasks to the job. Their numbers follow those of the existing tasks.
  /// - Parameter file: The digest of the file that describes them.
  package mutating func add(_ tasks: Range<Int>, file: [UInt8], at now: Milliseconds) -> [Action] {
    react(at: now) {
      guard !$0.assignments.isEmpty else { return }
      $0.assignments[0].pool?.add(tasks, file: file)
      $0.instructAll()
    }
  }

  /// Declares that the job gets no more tasks. It ends when all its tasks are done.
  package mutating func stopGrowing(at now: Milliseconds) -> [Action] {
    react(at: now) {
      guard !$0.assignments.isEmpty else { return }
      $0.assignments[0].pool?.stopGrowing()
      $0.endIfFinished($0.assignments[0].job.id)
    }
  }

  /// Cancels all jobs.
  package mutating func cancel(at now: Milliseconds) -> [Action] {
    react(at: now) {
      $0.assignments = []
      $0.instructAll()
    }
  }

  /// Requests a checkpoint of each training, and pauses it there: at the current step if one worker trains alone,
  /// otherwise after the next step whose states are compared. ``isPauseComplete`` becomes true when all trainings have
  /// paused.
  package mutating func pause(at now: Milliseconds) -> [Action] {
    react(at: now) {
      for index in $0.assignments.indices { $0.updateGroup(index) { $0.requestPause() } }
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

  /// Performs everything that has become due: heartbeats, timeouts, quarantines.
  ///
  /// Call this method several times per heartbeat. If it was not called for longer, the process was suspended: all
  /// deadlines move by the length of the pause, so that no worker is lost. Handle all messages that have arrived
  /// meanwhile before the call.
  package mutating func tick(at now: Milliseconds) -> [Action] {
    react(at: now, isTick: true) {
      for (id, worker) in $0.workers.sorted(by: { $0.key < $1.key }) {
        if $0.now - worker.lastSeen > $0.limits.workerTimeout {
          $0.lose(id, .silent)
        } else if $0.isUnresponsive(worker, id), $0.unresponsive.insert(id).inserted {
          $0.lose(id, .unresponsive)
        } else if $0.now - worker.lastSent >= $0.limits.heartbeat {
          $0.send(to: id)
        }
      }
      $0.quarantine()
      let expiry = $0.now - $0.limits.workerTimeout
      $0.lostWorkers = $0.lostWorkers.filter { $0.value >= expiry }
      $0.readmitExcluded()
      $0.assignIdleWorkers()
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

  var isAwaiting: Bool { workerCount < awaited }

  /// The number of workers that have joined, and the number that must join before work is handed out; nil if enough
  /// have joined.
  package var awaitedWorkers: (joined: Int, wanted: Int)? { isAwaiting ? (workerCount, awaited) : nil }

  /// Ends the wait for workers once enough have joined.
  /// - Returns: Whether the wait has just ended.
  @discardableResult mutating func awaitWorkers() -> Bool {
    guard !isAwaiting else { return false }
    defer { awaited = 1 }
    return awaited > 1
  }

  /// Waits for no more workers than `count`, because more cannot join.
  package mutating func awaitAtMost(_ count: Int, at now: Milliseconds) -> [Action] {
    react(at: now) {
      guard $0.awaited > max(1, count) else { return }
      $0.awaited = max(1, count)
      guard !$0.isAwaiting else { return }
      $0.awaited = 1
      $0.assignWorkers()
      $0.expectMembers()
      $0.instructAll()
    }
  }

  /// Makes a training by all workers wait until the workers that have joined are ready to be members.
  mutating func expectMembers() {
    for index in assignments.indices where assignments[index].team == nil {
      let workers = Set(assignments[index].workers.keys)
      assignments[index].group?.expect(workers)
    }
  }

  func index(ofJob job: UInt64) -> Int? { assignments.firstIndex { $0.job.id == job } }

  /// The index of the job that the worker works on.
  func index(of worker: WorkerID) -> Int? { assignments.firstIndex { $0.workers[worker] != nil } }

  mutating func endIfFinished(_ job: UInt64) {
    guard let index = index(ofJob: job), let pool = assignments[index].pool, pool.isFinished else { return }
    end(index, .done(quarantined: pool.quarantined))
  }

  mutating func end(_ index: Int, _ end: JobEnd) {
    let ended = assignments.remove(at: index)
    actions.append(.end(end, job: ended.job.id))
    for id in ended.workers.keys { workers[id]?.forgetJob() }
    assignWorkers()
    if ended.team == nil { return instructAll() }
    for id in ended.workers.keys.sorted() { instruct(id) }
  }

  func name(_ id: WorkerID) -> String {
    guard let profile = workers[id]?.profile else { return "a worker that has left" }
    return "\(profile.host), process \(profile.process)"
  }
}

extension Coordinator.WorkerRecord {
  /// Discards what is known of the worker's progress and speed, which belongs to the previous job.
  mutating func forgetJob() {
    (membership, millisecondsPerTask, millisecondsPerChunk, tasksDone) = (nil, nil, nil, 0)
  }
}

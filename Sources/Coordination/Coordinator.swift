internal import Foundation
internal import SwiftProtobuf

/// Hands a job out to workers, and sees to it that it is done whatever happens to them: events in, actions out.
///
/// It keeps no time, opens no socket and computes nothing, so that a test can drive it through any accident.
package struct Coordinator: Sendable {
  package enum Event: Sendable {
    case status(Status)
    case result(ChunkResult)
    case checkpoint(Checkpoint)
    /// The connection is gone; nothing more will come by it.
    case disconnected
  }

  package enum Action: Sendable, Equatable {
    case send(Orders, to: WorkerID)
    case refuse(WorkerID, reason: String)
    /// The bytes that came with the result at hand count.
    case keepResult(Chunk)
    /// The bytes that came with the checkpoint at hand count.
    case keepCheckpoint(Checkpoint)
    case note(Note)
    case end(JobEnd)
  }

  /// What people are told.
  package enum Note: Sendable, Equatable {
    case joined(WorkerID, Profile)
    case lost(WorkerID, Loss)
    /// Workers have died of these units one after the other.
    case setAside(Chunk, reason: String)
    case resultsDiffer(chunk: UInt64, between: WorkerID, and: WorkerID)
    case deviates(TrainingGroup.Deviation)
    case begun(generation: UInt64, step: UInt64, members: Int)
    case nobodyLeft
  }

  package enum Loss: Sendable, Equatable {
    case leaving, disconnected, silent
    case unfit(reason: String)
  }

  package enum JobEnd: Sendable, Equatable {
    /// All units are done but these.
    case done(setAside: [Chunk])
    case trained
    /// No worker can do it.
    case impossible(reason: String)
    case failed(reason: String)
  }

  package enum Work: Sendable {
    case tasks(TaskPool)
    case training(TrainingGroup)
  }

  struct WorkerRecord: Sendable {
    var profile: Profile
    var lastSeen: Milliseconds
    var status: UInt64
    /// The newest orders, and when they were last sent.
    var orders = Orders()
    var lastSent: Milliseconds = .min / 2
    /// Why it cannot do the job in hand.
    var unfit: String?
    var membership: Membership?
    /// Units done of the chunk in hand, and how long one took in the last chunk.
    var unitsDone = 0
    var millisecondsPerUnit: Double?
    /// How long the last chunk took.
    var millisecondsPerChunk: Milliseconds?
  }

  private let limits: Limits
  /// Workers must compute by the same rules, or they do not get the same bits.
  private let numerics: UInt32
  package let session: UInt64
  private(set) var workers: [WorkerID: WorkerRecord] = [:]
  /// Threads of all workers together.
  private var totalPower = 0.0
  package private(set) var work: Work?
  private var job: Job?
  private var jobCount: UInt64 = 0
  /// Orders of one coordinator never share a number, so that a worker that was lost and is back knows old from new.
  private var ordersCount: UInt64 = 0
  /// Workers that are no longer worked with, and why.
  private var refused: [WorkerID: String] = [:]
  /// Nothing is handed out before so many workers are there.
  private var awaited = 1
  private var now: Milliseconds = 0
  private var actions: [Action] = []

  package init(session: UInt64, numerics: UInt32, limits: Limits) {
    (self.session, self.numerics, self.limits) = (session, numerics, limits)
  }

  package var workerCount: Int { workers.count }

  // MARK: Events

  /// - Parameter workers: how many to wait for.
  package mutating func start(
    _ work: Work, description: [UInt8], awaiting workers: Int = 1, at now: Milliseconds
  ) -> [Action] {
    react(at: now) {
      $0.jobCount += 1
      $0.job = Job.with { [id = $0.session + $0.jobCount] in
        $0.id = id
        $0.description_p = .init(description)
      }
      $0.work = work
      $0.awaited = workers
      for id in $0.workers.keys {
        ($0.workers[id]!.unfit, $0.workers[id]!.membership) = (nil, nil)
        ($0.workers[id]!.millisecondsPerUnit, $0.workers[id]!.millisecondsPerChunk) = (nil, nil)
      }
      $0.instructAll()
      $0.endIfFinished()
    }
  }

  /// From now on, who gets ready for the job is told this; who is ready stays so.
  package mutating func describe(_ description: [UInt8], at now: Milliseconds) -> [Action] {
    react(at: now) {
      $0.job?.description_p = .init(description)
      $0.instructAll()
    }
  }

  /// From now on these units of the job are handed out first, in this order.
  package mutating func reorder(_ units: [Int]) { updatePool { $0.reorder(units) } }

  /// Whether nothing of a job that may grow is left to be handed out, so that it is time for more; and whether nobody does anything of it either.
  package var isDry: Bool { pool.map { $0.mayGrow && $0.isDry } ?? false }
  package var isIdle: Bool { pool?.isIdle ?? true }

  /// The job has more units, numbered on from those before.
  /// - Parameter file: the name of what says what they are
  package mutating func add(_ units: Range<Int>, file: [UInt8], at now: Milliseconds) -> [Action] {
    react(at: now) {
      $0.updatePool { $0.add(units, file: file) }
      $0.instructAll()
    }
  }

  /// The job gets no more units, and ends when all are done.
  package mutating func growNoMore(at now: Milliseconds) -> [Action] {
    react(at: now) {
      $0.updatePool { $0.growNoMore() }
      $0.endIfFinished()
    }
  }

  /// The job is given up; workers drop what they have of it.
  package mutating func cancel(at now: Milliseconds) -> [Action] {
    react(at: now) {
      ($0.job, $0.work) = (nil, nil)
      $0.instructAll()
    }
  }

  /// Asks the training for a checkpoint of this very step, and holds it there.
  package mutating func pause(at now: Milliseconds) -> [Action] {
    react(at: now) {
      $0.updateGroup { $0.isPaused = true }
    }
  }

  package mutating func handle(_ event: Event, from worker: WorkerID, at now: Milliseconds) -> [Action] {
    react(at: now) {
      switch event {
      case .status(let status): $0.handle(status, from: worker)
      case .result(let result): $0.handle(result, from: worker)
      case .checkpoint(let checkpoint): $0.handle(checkpoint, from: worker)
      case .disconnected: $0.lose(worker, .disconnected)
      }
    }
  }

  /// Time has passed.
  package mutating func tick(at now: Milliseconds) -> [Action] {
    react(at: now) {
      for (id, worker) in $0.workers.sorted(by: { $0.key < $1.key }) {
        if now - worker.lastSeen > $0.limits.silence {
          $0.lose(id, .silent)
        } else if now - worker.lastSent >= $0.limits.heartbeat {
          $0.send(to: id)
        }
      }
    }
  }

  private mutating func react(at now: Milliseconds, _ change: (inout Self) -> Void) -> [Action] {
    self.now = now
    change(&self)
    defer { actions.removeAll(keepingCapacity: true) }
    return actions
  }

  // MARK: Messages

  private mutating func handle(_ status: Status, from id: WorkerID) {
    if let known = workers[id] {
      guard status.number > known.status else { return }
    } else {
      guard !status.leaving, admit(id, status.profile) else { return }
    }
    workers[id]!.lastSeen = now
    workers[id]!.status = status.number
    workers[id]!.unitsDone = Int(clamping: status.unitsDone)
    if status.leaving { return lose(id, .leaving) }
    if !status.failure.isEmpty, isCurrent(status, of: id), workers[id]!.unfit == nil {
      workers[id]!.unfit = status.failure
      actions.append(.note(.lost(id, .unfit(reason: status.failure))))
      release(id, died: false)
      endIfNobodyCan()
    }
    if status.hasMembership { handle(status.membership, of: id) }
    instruct(id)
  }

  private mutating func admit(_ id: WorkerID, _ profile: Profile) -> Bool {
    if profile.numerics != numerics {
      refused[id] =
        "it computes by other rules (\(profile.numerics)) than the coordinator (\(numerics)): install the same version of Atelier on both"
    }
    if let reason = refused[id] {
      actions.append(.refuse(id, reason: reason))
      return false
    }
    workers[id] = WorkerRecord(profile: profile, lastSeen: now, status: 0)
    totalPower += power(of: workers[id]!)
    updatePool { $0.absolve(id) }
    actions.append(.note(.joined(id, profile)))
    if workers.count == awaited { instructAll() }
    return true
  }

  /// Whether the status was made under the newest orders.
  private func isCurrent(_ status: Status, of id: WorkerID) -> Bool {
    status.coordinator == session && status.orders == workers[id]?.orders.number
  }

  private mutating func handle(_ result: ChunkResult, from id: WorkerID) {
    guard workers[id] != nil, result.job == job?.id else { return }
    let chunk = pool?.chunk(result.chunk)
    if !result.failure.isEmpty {
      // Deterministic work fails everywhere alike.
      guard pool?.chunks(of: id).contains(where: { $0.id == result.chunk }) == true,
        let chunk = updatePool({ $0.putAside(result.chunk) }) ?? nil
      else { return }
      actions.append(.note(.setAside(chunk, reason: result.failure)))
      instructAll()
      return endIfFinished()
    }
    let completed = updatePool { $0.complete(result.chunk, by: id, digest: [UInt8](result.digest)) }
    guard let (outcome, holders) = completed else { return }
    switch outcome {
    case .accepted:
      if let chunk {
        actions.append(.keepResult(chunk))
        workers[id]!.unitsDone = 0
        workers[id]!.millisecondsPerUnit = Double(max(1, result.milliseconds)) / Double(chunk.count)
        workers[id]!.millisecondsPerChunk = Int(result.milliseconds)
      }
      for holder in holders.union([id]).sorted() { instruct(holder) }
      endIfFinished()
    case .known: break
    case .differs(let other):
      actions.append(.note(.resultsDiffer(chunk: result.chunk, between: other, and: id)))
      let reason = "two workers have computed different results for the same work: \(name(other)) and \(name(id))"
      end(.failed(reason: reason + "; one of them has bad memory or another build of Atelier"))
    }
  }

  private mutating func handle(_ checkpoint: Checkpoint, from id: WorkerID) {
    guard workers[id] != nil, case .training(let group)? = work, checkpoint.job == job?.id,
      group.members.contains(id)
    else { return }
    if checkpoint.step > group.savedStep || checkpoint.finished || group.isPaused {
      actions.append(.keepCheckpoint(checkpoint))
      updateGroup { $0.savedStep = max($0.savedStep, checkpoint.step) }
    }
    if checkpoint.finished { end(.trained) }
  }

  private mutating func handle(_ membership: Membership, of id: WorkerID) {
    guard case .training(var group)? = work, membership.job == job?.id, workers[id]!.unfit == nil else { return }
    workers[id]!.membership = membership
    if !group.members.contains(id) {
      guard workers.count >= awaited || group.generation > 0 else { return }
      return regroup(group.members + [id])
    }
    // It has begun from the start, and knows nothing of what it has done in this generation.
    if group.hasBegun, membership.generation < group.generation { return regroup(group.members) }
    if let cut = cutLink(from: id, membership, in: group) {
      workers[cut]!.unfit = "\(name(id)) has been waiting for it: no message passes between the two"
      actions.append(.note(.lost(cut, .unfit(reason: workers[cut]!.unfit!))))
      return regroup(group.members.filter { $0 != cut })
    }
    let begins = group.note(membership, of: id)
    let deviations = group.compare(membership, of: id)
    work = .training(group)
    if begins {
      let orders = group.orders(profiles: [:])
      actions.append(.note(.begun(generation: group.generation, step: orders.step, members: group.members.count)))
      for member in group.members { instruct(member) }
    }
    for deviation in deviations { expel(deviation) }
  }

  /// Two members that both wait, one for the other, for longer than patience lasts: nobody computes, so nothing passes between them. One of
  /// the two has to go.
  private func cutLink(from id: WorkerID, _ membership: Membership, in group: TrainingGroup) -> WorkerID? {
    func isWaiting(_ membership: Membership) -> Bool {
      membership.generation == group.generation && membership.waitingMilliseconds > limits.silence
    }
    let other = membership.waitingFor
    guard group.hasBegun, isWaiting(membership), group.members.contains(other),
      let known = workers[other]?.membership, isWaiting(known)
    else { return nil }
    // The larger share of the power stays.
    return power(of: workers[id]!) < power(of: workers[other]!) ? id : other
  }

  private mutating func expel(_ deviation: TrainingGroup.Deviation) {
    guard let worker = workers[deviation.worker] else { return }
    actions.append(.note(.deviates(deviation)))
    guard deviation.isOutvoted else {
      return end(
        .failed(
          reason:
            """
            workers disagree about the weights after step \(deviation.step), and nobody can tell who is right; one is \
            \(name(deviation.worker))
            """
        ))
    }
    let reason =
      "its weights after step \(deviation.step) are not those of the other workers: bad memory on \(worker.profile.host), or another build"
    refused[deviation.worker] = reason
    actions.append(.refuse(deviation.worker, reason: reason))
    forget(deviation.worker)
    release(deviation.worker, died: false)
  }

  // MARK: Workers that are lost

  private mutating func lose(_ id: WorkerID, _ loss: Loss) {
    guard workers[id] != nil else { return }
    forget(id)
    actions.append(.note(.lost(id, loss)))
    release(id, died: loss != .leaving)
    if workers.isEmpty, work != nil { actions.append(.note(.nobodyLeft)) }
  }

  private mutating func forget(_ id: WorkerID) {
    if let worker = workers.removeValue(forKey: id) { totalPower -= power(of: worker) }
  }

  /// What a worker had goes back, to be done by others.
  private mutating func release(_ id: WorkerID, died: Bool) {
    switch work {
    case .tasks?:
      let limit = limits.deaths
      if let setAside = updatePool({ $0.remove(id, died: died, limit: limit) }) ?? nil {
        actions.append(
          .note(.setAside(setAside, reason: "\(limits.deaths) workers have died of it, one after the other")))
      }
      instructAll()
      endIfFinished()
    case .training(let group)?:
      if group.members.contains(id) { regroup(group.members.filter { $0 != id }) }
    case nil: break
    }
  }

  /// For a look at it: whoever keeps it makes the next change copy it.
  private var pool: TaskPool? {
    if case .tasks(let pool)? = work { pool } else { nil }
  }

  /// nil if the job has no pool.
  @discardableResult private mutating func updatePool<Result>(_ change: (inout TaskPool) -> Result) -> Result? {
    guard case .tasks(var pool)? = work else { return nil }
    // Held once, it is changed in place; held twice, it would be copied.
    work = nil
    defer { work = .tasks(pool) }
    return change(&pool)
  }

  private mutating func regroup(_ members: [WorkerID]) {
    updateGroup { $0.regroup(members) }
  }

  private mutating func updateGroup(_ change: (inout TrainingGroup) -> Void) {
    guard case .training(var group)? = work else { return }
    let before = group.members
    change(&group)
    work = .training(group)
    for member in Set(before + group.members).sorted() { instruct(member) }
  }

  // MARK: Orders

  private mutating func instructAll() {
    for id in workers.keys.sorted() { instruct(id) }
  }

  /// Gives the worker what there is to do, and tells it if that is news.
  private mutating func instruct(_ id: WorkerID) {
    guard let worker = workers[id] else { return }
    var orders = Orders()
    orders.number = worker.orders.number
    if let job, worker.unfit == nil { orders.job = job }
    switch work {
    case .tasks? where worker.unfit == nil && workers.count >= awaited:
      awaited = 1
      orders.chunks = fillHands(of: worker, id)
    case .training(let group)? where group.members.contains(id):
      orders.group = group.orders(profiles: workers.mapValues(\.profile))
    default: break
    }
    guard orders != worker.orders || orders.number == 0 else { return }
    ordersCount += 1
    orders.number = ordersCount
    workers[id]!.orders = orders
    send(to: id)
  }

  /// Gives the worker chunks until it has enough.
  /// - Returns: all that it has
  private mutating func fillHands(of worker: WorkerRecord, _ id: WorkerID) -> [Chunk] {
    let share = power(of: worker) / max(1, totalPower)
    let longest = worker.millisecondsPerUnit.map { Int(Double(limits.chunk) / $0) }
    let wanted = chunksInHand(of: worker)
    var robbed: WorkerID?
    let chunks = updatePool { pool in
      while pool.chunks(of: id).count < wanted,
        let gift = pool.give(to: id, share: share, multiple: Int(max(1, worker.profile.threads)), atMost: longest)
      {
        if case .taken(let other) = gift { robbed = other }
      }
      return pool.chunks(of: id)
    }
    if let robbed { instruct(robbed) }
    return chunks ?? []
  }

  /// More of short ones, so that a worker is busy while word goes to and fro; but not where the next may be long for all that is known.
  private func chunksInHand(of worker: WorkerRecord) -> Int {
    if case .tasks(let pool)? = work, pool.isUneven { return limits.chunksInHand }
    guard let time = worker.millisecondsPerChunk else { return limits.chunksInHand }
    return max(limits.chunksInHand, limits.hand / max(1, time))
  }

  private func power(of worker: WorkerRecord) -> Double { Double(max(1, worker.profile.threads)) }

  private mutating func send(to id: WorkerID) {
    guard let worker = workers[id] else { return }
    workers[id]!.lastSent = now
    actions.append(.send(worker.orders, to: id))
  }

  // MARK: Ends

  private mutating func endIfFinished() {
    guard case .tasks(let pool)? = work, pool.isFinished else { return }
    end(.done(setAside: pool.setAside))
  }

  private mutating func endIfNobodyCan() {
    guard work != nil, let reason = workers.values.lazy.compactMap(\.unfit).first,
      workers.values.allSatisfy({ $0.unfit != nil })
    else { return }
    end(.impossible(reason: reason))
  }

  private mutating func end(_ end: JobEnd) {
    (job, work) = (nil, nil)
    actions.append(.end(end))
    instructAll()
  }

  private func name(_ id: WorkerID) -> String {
    guard let profile = workers[id]?.profile else { return "a worker that is gone" }
    return "\(profile.host), process \(profile.process)"
  }
}

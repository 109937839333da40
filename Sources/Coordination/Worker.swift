internal import Foundation
internal import SwiftProtobuf

/// A worker's side of the protocol: events in, actions out.
///
/// It follows the newest orders of the newest coordinator, and keeps each result until the orders no longer ask for it.
/// When the coordinator is silent, or its connection is closed, that changes nothing: the worker keeps its job, its
/// chunks, results and its part in a training until it gets other orders, and says how it stands as soon as anybody
/// listens. All chunks of the orders are started at once: whoever computes does them one after the other, and need not
/// ask for the next.
package struct Worker: Sendable {
  package enum Event: Sendable {
    case orders(Orders, coordinator: UInt64)
    case refusal(String)
    case disconnected
    /// The chunk that was started is done; its bytes are kept by whoever did it. `failure` says why there are none.
    case chunkEnded(UInt64, digest: [UInt8], milliseconds: Int, failure: String)
    /// So many tasks of the chunk that is being worked on are done.
    case progress(tasks: Int)
    /// The member of the training group has come further, or has stopped.
    case membership(Membership)
    /// The member has a checkpoint to send.
    case checkpoint(Checkpoint)
    /// The job cannot be done here at all.
    case jobFailed(job: UInt64, reason: String)
  }

  package enum Action: Sendable, Equatable {
    case send(WorkerStatus)
    case sendResult(ChunkResult)
    case sendCheckpoint(Checkpoint)
    /// Make ready for a job; what belongs to another one is given up.
    case prepare(Job)
    case dropJob
    /// Work on the chunk after those that were started before.
    case start(Chunk)
    /// Give up the chunk that was started, whether it waits or is being worked on.
    case cancel(chunk: UInt64)
    /// The bytes of the result are needed no longer.
    case forget(chunk: UInt64)
    case forgetCheckpoint
    case follow(Group?)
    /// The coordinator will not work with it.
    case end(reason: String)
  }

  package let id: WorkerID
  private let limits: Limits
  private let profile: Profile
  private var coordinator: UInt64 = 0
  private var orders = Orders()
  private var lastHeard: Milliseconds = 0
  /// Whether a coordinator has been heard within the limit, and its connection is open.
  package private(set) var isConnected = false
  private var lastSent: Milliseconds = .min / 2
  private var statusNumber: UInt64 = 0
  /// Chunks that have no result yet.
  private var started: Set<UInt64> = []
  private var results: [UInt64: (result: ChunkResult, sent: Milliseconds)] = [:]
  private var membership: Membership?
  private var checkpoint: (checkpoint: Checkpoint, sent: Milliseconds)?
  private var failure = ""
  private var tasksDone = 0
  /// Of ``clock``.
  private var now: Milliseconds = 0
  private var clock: PauseClock
  private var actions: [Action] = []

  package init(id: WorkerID, profile: Profile, limits: Limits) {
    (self.id, self.profile, self.limits) = (id, profile, limits)
    clock = PauseClock(limits)
  }

  package mutating func handle(_ event: Event, at now: Milliseconds) -> [Action] {
    react(at: now) {
      switch event {
      case .orders(let orders, let coordinator): $0.handle(orders, of: coordinator)
      case .refusal(let reason): $0.actions.append(.end(reason: reason))
      case .disconnected: $0.isConnected = false
      case .chunkEnded(let chunk, let digest, let milliseconds, let failure):
        $0.chunkEnded(chunk, digest: digest, milliseconds: milliseconds, failure: failure)
      case .progress(let tasks): $0.tasksDone = tasks
      case .membership(let membership):
        guard membership.job == $0.orders.job.id else { return }
        $0.membership = membership
        $0.sendStatus()
      case .checkpoint(let checkpoint):
        guard checkpoint.job == $0.orders.job.id else { return }
        $0.checkpoint = (checkpoint, $0.now)
        $0.actions.append(.sendCheckpoint(checkpoint))
      case .jobFailed(let job, let reason):
        guard job == $0.orders.job.id else { return }
        $0.failure = reason
        $0.sendStatus()
      }
    }
  }

  /// Does what has become due by `now`: a silent coordinator counts as gone, and what waits for an answer is sent
  /// again, if it can be. To be called several times in a heartbeat, after all that has come was handed over.
  package mutating func tick(at now: Milliseconds) -> [Action] {
    react(at: now, isTick: true) {
      if $0.isConnected, $0.now - $0.lastHeard > $0.limits.workerTimeout { $0.isConnected = false }
      if $0.now - $0.lastSent >= $0.limits.heartbeat { $0.sendStatus() }
      // What is sent to nobody would wait in the queue, one copy after the other.
      if $0.isConnected { $0.sendAgain(after: $0.limits.retryInterval) }
    }
  }

  private mutating func sendAgain(after age: Milliseconds) {
    for (id, entry) in results.sorted(by: { $0.key < $1.key }) where now - entry.sent >= age {
      results[id]!.sent = now
      actions.append(.sendResult(entry.result))
    }
    if let entry = checkpoint, now - entry.sent >= age {
      checkpoint!.sent = now
      actions.append(.sendCheckpoint(entry.checkpoint))
    }
  }

  /// - Returns: what to send before the worker ends of its own will.
  package mutating func leave(at now: Milliseconds) -> [Action] {
    react(at: now) { $0.sendStatus(leaving: true) }
  }

  private mutating func react(
    at now: Milliseconds, isTick: Bool = false, _ change: (inout Self) -> Void
  ) -> [Action] {
    self.now = clock.read(now, isTick: isTick).time
    change(&self)
    defer { actions.removeAll(keepingCapacity: true) }
    return actions
  }

  // MARK: Orders

  private mutating func handle(_ orders: Orders, of coordinator: UInt64) {
    // Of two that are there, the newer; but one that is gone may be followed by one whose clock is behind.
    guard coordinator >= self.coordinator || !isConnected else { return }
    lastHeard = now
    let isBack = !isConnected && coordinator == self.coordinator
    isConnected = true
    defer { if isBack { sendAgain(after: limits.heartbeat) } }
    if coordinator != self.coordinator {
      abandonJob()
      (self.coordinator, self.orders) = (coordinator, Orders())
    } else if orders.number <= self.orders.number {
      // The member may have been made ready after it was told for the first time.
      if orders.number == self.orders.number, orders.hasGroup { actions.append(.follow(orders.group)) }
      return
    }
    if orders.job.id != self.orders.job.id { abandonJob() }
    let isNewJob = orders.hasJob && !self.orders.hasJob
    let before = self.orders
    self.orders = orders
    if isNewJob { actions.append(.prepare(orders.job)) }
    followChunks()
    followGroup(before)
  }

  private mutating func followChunks() {
    let wanted = Set(orders.chunks.map(\.id))
    for id in results.keys.sorted() where !wanted.contains(id) {
      results[id] = nil
      actions.append(.forget(chunk: id))
    }
    for id in started.subtracting(wanted).sorted() { cancel(id) }
    for chunk in orders.chunks where results[chunk.id] == nil && started.insert(chunk.id).inserted {
      actions.append(.start(chunk))
    }
  }

  private mutating func followGroup(_ before: Orders) {
    if let entry = checkpoint, !entry.checkpoint.finished, entry.checkpoint.step <= orders.group.savedStep {
      checkpoint = nil
      actions.append(.forgetCheckpoint)
    }
    if orders.hasGroup != before.hasGroup || orders.group != before.group {
      actions.append(.follow(orders.hasGroup ? orders.group : nil))
    }
  }

  private mutating func cancel(_ chunk: UInt64) {
    started.remove(chunk)
    tasksDone = 0
    actions.append(.cancel(chunk: chunk))
  }

  private mutating func chunkEnded(_ chunk: UInt64, digest: [UInt8], milliseconds: Int, failure: String) {
    guard started.remove(chunk) != nil else {
      // Of one that was given up, and perhaps done again since.
      if results[chunk] == nil { actions.append(.forget(chunk: chunk)) }
      return
    }
    tasksDone = 0
    let result = ChunkResult.with {
      $0.job = orders.job.id
      $0.chunk = chunk
      $0.digest = .init(digest)
      $0.milliseconds = UInt32(clamping: milliseconds)
      $0.failure = failure
    }
    results[chunk] = (result, now)
    actions.append(.sendResult(result))
  }

  private mutating func abandonJob() {
    guard orders.hasJob else { return }
    for id in started.sorted() { cancel(id) }
    for id in results.keys.sorted() { actions.append(.forget(chunk: id)) }
    if checkpoint != nil { actions.append(.forgetCheckpoint) }
    (results, membership, checkpoint, failure) = ([:], nil, nil, "")
    (orders.chunks, orders.group) = ([], Group())
    orders.clearGroup()
    orders.clearJob()
    actions.append(.dropJob)
  }

  // MARK: Status

  private mutating func sendStatus(leaving: Bool = false) {
    statusNumber += 1
    lastSent = now
    let status = WorkerStatus.with {
      $0.number = statusNumber
      $0.orders = orders.number
      $0.coordinator = coordinator
      $0.profile = profile
      if let membership { $0.membership = membership }
      $0.leaving = leaving
      $0.failure = failure
      $0.tasksDone = UInt64(tasksDone)
    }
    actions.append(.send(status))
  }
}

internal import Foundation
internal import SwiftProtobuf

/// A worker's side of the protocol: events in, actions out.
///
/// A worker follows the newest orders of the newest coordinator, and keeps each result until the orders no longer
/// contain its chunk. A silent coordinator or a closed connection changes nothing: the worker keeps its job, chunks,
/// results and group until it receives other orders, and reports its status as soon as a coordinator listens. All
/// chunks of the orders are started at once; the caller computes them one after the other without asking for the next.
package struct Worker: Sendable {
  package enum Event: Sendable {
    case orders(Orders, coordinator: UInt64)
    case refusal(String)
    case disconnected
    /// A chunk has been computed, and the caller keeps the bytes of its result; or it has failed, and `error` says
    /// why.
    case chunkEnded(UInt64, digest: [UInt8], milliseconds: Int, error: WorkError?)
    /// The number of completed tasks of the chunk in progress.
    case progress(tasks: Int)
    /// The member of the training group has made progress or has stopped.
    case membership(Membership)
    /// The member of the training group has a checkpoint to send.
    case checkpoint(Checkpoint)
    /// This worker cannot do the job.
    case jobFailed(job: UInt64, WorkError)
  }

  package enum Action: Sendable, Equatable {
    case send(WorkerStatus)
    case sendResult(ChunkResult)
    case sendCheckpoint(Checkpoint)
    /// Prepare for a job.
    case prepare(Job)
    case dropJob
    /// Compute the chunk after the chunks that were started before.
    case start(Chunk)
    /// Cancel a chunk that was started, whether it waits or is in progress.
    case cancel(chunk: UInt64)
    /// Discard the bytes of the result.
    case forget(chunk: UInt64)
    case forgetCheckpoint
    case follow(Group?)
    /// End: the coordinator has refused the worker.
    case end(reason: String)
  }

  package let id: WorkerID
  private let limits: Limits
  private let profile: Profile
  private var coordinator: UInt64 = 0
  private var orders = Orders()
  private var lastHeard: Milliseconds = 0
  /// Whether the connection is open and the coordinator has sent orders within the worker timeout.
  package private(set) var isConnected = false
  private var lastSent: Milliseconds = .min / 2
  private var statusNumber: UInt64 = 0
  /// The chunks that were started and have no result yet.
  private var started: Set<UInt64> = []
  private var results: [UInt64: (result: ChunkResult, sent: Milliseconds)] = [:]
  private var membership: Membership?
  private var checkpoint: (checkpoint: Checkpoint, sent: Milliseconds)?
  private var error: WorkError?
  private var tasksDone = 0
  /// The time of ``clock``.
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
      case .chunkEnded(let chunk, let digest, let milliseconds, let error):
        $0.chunkEnded(chunk, digest: digest, milliseconds: milliseconds, error: error)
      case .progress(let tasks): $0.tasksDone = tasks
      case .membership(let membership):
        guard membership.job == $0.orders.job.id else { return }
        $0.membership = membership
        $0.sendStatus()
      case .checkpoint(let checkpoint):
        guard checkpoint.job == $0.orders.job.id else { return }
        $0.checkpoint = (checkpoint, $0.now)
        $0.actions.append(.sendCheckpoint(checkpoint))
      case .jobFailed(let job, let error):
        guard job == $0.orders.job.id else { return }
        $0.error = error
        $0.sendStatus()
      }
    }
  }

  /// Performs everything that has become due: heartbeats, the timeout of the coordinator, and sending unacknowledged
  /// results again.
  ///
  /// Call this method several times per heartbeat, after handling all messages that have arrived.
  package mutating func tick(at now: Milliseconds) -> [Action] {
    react(at: now, isTick: true) {
      if $0.isConnected, $0.now - $0.lastHeard > $0.limits.workerTimeout { $0.isConnected = false }
      if $0.now - $0.lastSent >= $0.limits.heartbeat { $0.sendStatus() }
      // Without a connection, the copies would pile up in the socket's queue.
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

  /// Leaves the cluster.
  /// - Returns: The messages to send before the worker ends.
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

  /// Notes a message of the coordinator that is not for the state machine, such as a part of a file. During a large
  /// download over a slow link, orders wait behind such messages.
  package mutating func noteMessage(of coordinator: UInt64, at now: Milliseconds) {
    self.now = clock.read(now, isTick: false).time
    if coordinator == self.coordinator { lastHeard = self.now }
  }

  private mutating func handle(_ orders: Orders, of coordinator: UInt64) {
    // The newer of two coordinators wins. A coordinator that is gone may be followed by one whose clock is behind.
    guard coordinator >= self.coordinator || !isConnected else { return }
    lastHeard = now
    let hasReconnected = !isConnected && coordinator == self.coordinator
    isConnected = true
    defer { if hasReconnected { sendAgain(after: limits.heartbeat) } }
    if coordinator != self.coordinator {
      abandonJob()
      (self.coordinator, self.orders) = (coordinator, Orders())
    } else if orders.number <= self.orders.number {
      // The member may have been created after the orders were first followed.
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

  private mutating func chunkEnded(_ chunk: UInt64, digest: [UInt8], milliseconds: Int, error: WorkError?) {
    guard started.remove(chunk) != nil else {
      // The chunk was cancelled. Unless it was started again and has a result, the bytes are not needed.
      if results[chunk] == nil { actions.append(.forget(chunk: chunk)) }
      return
    }
    tasksDone = 0
    let result = ChunkResult.with {
      $0.job = orders.job.id
      $0.chunk = chunk
      $0.digest = .init(digest)
      $0.milliseconds = UInt32(clamping: milliseconds)
      if let error { $0.error = error }
    }
    results[chunk] = (result, now)
    actions.append(.sendResult(result))
  }

  private mutating func abandonJob() {
    guard orders.hasJob else { return }
    for id in started.sorted() { cancel(id) }
    for id in results.keys.sorted() { actions.append(.forget(chunk: id)) }
    if checkpoint != nil { actions.append(.forgetCheckpoint) }
    (results, membership, checkpoint, error) = ([:], nil, nil, nil)
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
      if let error { $0.error = error }
      $0.tasksDone = UInt64(tasksDone)
      if coordinator != 0 { $0.millisecondsSinceOrders = UInt32(clamping: now - lastHeard) }
    }
    actions.append(.send(status))
  }
}

internal import Foundation
internal import SwiftProtobuf

/// The tasks of a job, cut into chunks, and the workers that have them. Each task's result counts exactly once,
/// whatever happens to the workers.
///
/// Chunks are cut when they are handed out: large ones first and smaller ones towards the end (guided self-scheduling:
/// Polychronopoulos and Kuck, 1987), in proportion to the worker's number of threads. When no tasks are left to cut,
/// open chunks are also given to idle workers; the first result counts, and a second one must have the same digest.
///
/// A pool may grow: the results of its tasks determine the next tasks. Such a pool ends only after ``stopGrowing()``,
/// and a late result of a quarantined task does not count, since the search may have continued without it.
package struct TaskPool: Sendable {
  private struct OpenChunk: Sendable {
    let chunk: Chunk
    var holders: Set<WorkerID> = []
    /// The failures in which workers were lost while they computed the chunk.
    var failures = FailureHistory()
    /// The holder that had proved itself before it was given the chunk.
    var provenHolder: WorkerID?
    /// The time since which the chunk is due to be quarantined, unless one of its lost workers reconnects in time.
    /// Until then no worker is given the chunk.
    var quarantinePendingSince: Milliseconds?
    /// The time before which no other worker begins the chunk. Without it, a failure of many workers would look like
    /// many failures of this chunk, as it passes from one crashed worker to the next.
    var notBefore: Milliseconds = .min
    /// The holder that was given the chunk only because it had nothing else to do.
    var helper: WorkerID?
    /// Workers that have sent an invalid result of the chunk. Other workers compute it, if there are any.
    var rejectedFrom: Set<WorkerID> = []
    /// The workers whose hosts have too little memory for the chunk, with the reason that each gave.
    var refusals: [WorkerID: String] = [:]
    /// The time at which a worker last refused the chunk.
    var lastRefusalTime: Milliseconds = .min / 2

    /// Returns whether the worker may be given the chunk.
    func isOpen(to worker: WorkerID) -> Bool { !rejectedFrom.contains(worker) && refusals[worker] == nil }
  }

  package enum Outcome: Sendable, Equatable {
    /// The first result of the chunk, which counts.
    case accepted
    /// A repeated or late result, or the same result from another worker.
    case known
    /// Another worker has sent a different result for the same tasks: one of the two computes wrongly.
    case differs(from: WorkerID)
  }

  /// Tasks that are not in a chunk yet, in the order in which they are handed out.
  private var uncut: [Range<Int>]
  /// Whether the lengths of the tasks differ much, and each task uses all threads of a worker.
  let isUneven: Bool
  private let largestChunk: Int
  private(set) var canGrow: Bool
  /// The first task of each addition, and the file that describes the added tasks.
  private var additions: [(first: Int, file: [UInt8])] = []
  /// The number of tasks that are not in a chunk yet.
  private var tasksLeft: Int
  private var open: [UInt64: OpenChunk] = [:]
  /// Open chunks without a holder.
  private var returned: Set<UInt64> = []
  /// The chunks of each worker, oldest first. The worker computes the first one, as far as the coordinator knows.
  private var queues: [WorkerID: [UInt64]] = [:]
  /// Workers that may still compute a chunk that was taken from them, because they have not received the new orders. If
  /// such a worker crashes, that chunk may be the cause.
  private var staleWorkers: Set<WorkerID> = []
  private var done: [UInt64: (worker: WorkerID, digest: [UInt8])] = [:]
  private var quarantinedChunks: [UInt64: OpenChunk] = [:]
  /// The queues of lost workers. A worker that reconnects gets its queue back.
  private var lostQueues: [WorkerID: [UInt64]] = [:]
  private static let maxLostQueues = 1_000
  /// The number of failures of a task before it may be quarantined.
  var maxFailures = Limits().maxFailures
  private var lastChunk: UInt64 = 0
  /// The number of tasks of each worker's last new chunk.
  private var lastCounts: [WorkerID: Int] = [:]
  package private(set) var tasksDone = 0

  /// - Parameters:
  ///   - tasks: The tasks to do, as ascending ranges that do not overlap.
  ///   - isUneven: Whether the lengths of the tasks differ much, with the longest tasks first, and each task uses all
  ///     threads of a worker. Chunks then begin with one task, grow slowly and stay short, so that little is lost with
  ///     a worker.
  ///   - largestChunk: The largest number of tasks of a chunk.
  ///   - canGrow: See ``add(_:file:)``.
  package init(tasks: [Range<Int>], isUneven: Bool = false, largestChunk: Int = .max, canGrow: Bool = false) {
    (self.isUneven, self.largestChunk, self.canGrow) = (isUneven, largestChunk, canGrow)
    uncut = tasks.filter { !$0.isEmpty }
    tasksLeft = tasks.reduce(0) { $0 + $1.count }
  }

  package var isFinished: Bool { !canGrow && uncut.isEmpty && open.isEmpty }

  /// Whether there are no tasks left to hand out, except those that only some workers may try.
  var isExhausted: Bool { uncut.isEmpty && returned.allSatisfy { needsProof($0) || !open[$0]!.refusals.isEmpty } }
  /// Whether all tasks so far are done or quarantined.
  var isIdle: Bool { uncut.isEmpty && open.isEmpty }

  /// The chunks that are quarantined: workers crash whenever they compute them, their tasks fail, or no worker has
  /// enough memory for them.
  package var quarantined: [Chunk] { quarantinedChunks.values.map(\.chunk).sorted { $0.first < $1.first } }

  /// Returns the chunks of a worker, oldest first.
  func chunks(of worker: WorkerID) -> [Chunk] { queues[worker, default: []].map { open[$0]!.chunk } }

  /// Returns a chunk whose result may still count.
  func chunk(_ id: UInt64) -> Chunk? { (open[id] ?? quarantinedChunks[id])?.chunk }

  // MARK: Growth

  /// Adds tasks whose numbers follow those of the existing tasks. Helpers of other chunks become free for them.
  /// - Parameter file: The digest of the file that describes the tasks; their chunks carry it.
  mutating func add(_ tasks: Range<Int>, file: [UInt8]) {
    guard !tasks.isEmpty else { return }
    uncut.append(tasks)
    additions.append((tasks.lowerBound, file))
    tasksLeft += tasks.count
    for (id, chunk) in open where chunk.holders.count > 1 {
      guard let helper = chunk.helper, chunk.holders.contains(helper) else { continue }
      dequeue(id, from: helper)
    }
  }

  mutating func stopGrowing() { canGrow = false }

  private func file(of task: Int) -> [UInt8] { additions.last { $0.first <= task }?.file ?? [] }

  // MARK: Chunks

  package enum Allocation: Sendable, Equatable {
    case chunk
    /// The chunk was waiting in the queue of another worker, and was taken from it.
    case moved(from: WorkerID)
  }

  /// Gives the worker a chunk: one that was returned, or a new one. A worker with an empty queue may also get a chunk
  /// that waits in the queue of another worker, or one that another worker computes.
  ///
  /// - Parameters:
  ///   - fraction: The worker's fraction of all threads, in 0...1.
  ///   - multiple: The number of tasks that the worker computes at the same time.
  ///   - limit: The number of tasks that the worker computes within the longest time of a chunk; nil if unknown.
  ///   - proof: The evidence that the worker is healthy, for chunks that have crashed workers.
  /// - Returns: nil if there is no chunk for the worker.
  mutating func allocate(
    to worker: WorkerID, fraction: Double, multiple: Int, atMost limit: Int?, proof: Proof, at now: Milliseconds
  ) -> Allocation? {
    let queue = queues[worker] ?? []
    if queue.contains(where: isSuspect) { return nil }
    let ready = returned.filter { open[$0]!.notBefore < now && open[$0]!.isOpen(to: worker) }.sorted()
    // A worker that has completed other work tries a chunk that needs proof at once; any other proven worker only if it
    // has nothing else to do.
    let next = ready.first { !needsProof($0) || proof.hasCompleted && isEnough(proof, for: $0) }
    if let next, isSuspect(next), !queue.isEmpty { return nil }
    if let new = next ?? cut(for: worker, fraction: fraction, multiple: multiple, atMost: limit) {
      assign(new, to: worker, isProven: isEnough(proof, for: new))
      return .chunk
    }
    guard queue.isEmpty else { return nil }
    if let last = ready.first(where: { isEnough(proof, for: $0) }) {
      assign(last, to: worker, isProven: true)
      return .chunk
    }
    if let (waiting, holder) = waitingChunk(for: worker) {
      dequeue(waiting, from: holder)
      enqueue(waiting, for: worker)
      return .moved(from: holder)
    }
    guard let other = chunkToShare(with: worker, at: now) else { return nil }
    enqueue(other, for: worker)
    open[other]!.helper = worker
    return .chunk
  }

  /// Returns whether a worker was lost while it computed the chunk. A suspect chunk is computed with an otherwise empty
  /// queue: of two short chunks, the second may crash the worker before the result of the first arrives, and the crash
  /// would count against the first.
  private func isSuspect(_ id: UInt64) -> Bool { open[id]!.failures.count > 0 }

  /// Returns whether only a proven worker may try the chunk: its next failure may be the one that quarantines it.
  private func needsProof(_ id: UInt64) -> Bool {
    open[id]!.chunk.count == 1 && open[id]!.failures.count >= max(1, maxFailures - 1)
  }

  private func isEnough(_ proof: Proof, for id: UInt64) -> Bool { proof.isEnough(for: open[id]!.failures) }

  private mutating func assign(_ id: UInt64, to worker: WorkerID, isProven: Bool) {
    returned.remove(id)
    enqueue(id, for: worker)
    open[id]!.provenHolder = isProven ? worker : nil
  }

  private mutating func enqueue(_ id: UInt64, for worker: WorkerID) {
    open[id]!.holders.insert(worker)
    queues[worker, default: []].append(id)
  }

  private mutating func dequeue(_ id: UInt64, from worker: WorkerID) {
    if queues[worker]!.first == id { staleWorkers.insert(worker) }
    open[id]!.holders.remove(worker)
    queues[worker]!.removeAll { $0 == id }
    if queues[worker]!.isEmpty { queues[worker] = nil }
  }

  /// Returns the last chunk of the longest queue, if no other worker has the chunk and its holder does not compute it
  /// yet.
  private func waitingChunk(for worker: WorkerID) -> (chunk: UInt64, holder: WorkerID)? {
    let candidates = queues.filter {
      $0.value.count > 1 && open[$0.value.last!]!.holders.count == 1 && open[$0.value.last!]!.isOpen(to: worker)
    }
    return candidates.max { ($0.value.count, $1.key) < ($1.value.count, $0.key) }.map { ($0.value.last!, $0.key) }
  }

  /// Moves these tasks to the front, in this order, as far as they are not in a chunk yet.
  mutating func reorder(_ tasks: [Int]) {
    var place: [Int: Int] = [:]
    for (index, task) in tasks.enumerated() { place[task] = index }
    let left = uncut.joined().enumerated().map { (place[$1] ?? tasks.count + $0, $1) }.sorted { $0 < $1 }.map(\.1)
    uncut = []
    // A chunk must not contain tasks of two files.
    let starts = Set(additions.map(\.first))
    for task in left {
      if let last = uncut.last, last.upperBound == task, !starts.contains(task) {
        uncut[uncut.count - 1] = last.lowerBound..<task + 1
      } else {
        uncut.append(task..<task + 1)
      }
    }
  }

  private mutating func cut(for worker: WorkerID, fraction: Double, multiple: Int, atMost limit: Int?) -> UInt64? {
    guard let range = uncut.first else { return nil }
    // The length of one uneven task says little about the next one.
    let cautious = min((limit ?? 0) / 4, 2 * lastCounts[worker, default: 0])
    let (multiple, limit) = isUneven ? (1, cautious) : (multiple, limit)
    // The first chunks measure the length of a task. A single worker needs no small chunks at the end, since there are
    // no other workers to finish at the same time.
    let guided = limit == nil ? multiple : fraction < 1 ? Int(Double(tasksLeft) * fraction / 3) : tasksLeft
    let wanted = min(guided, limit ?? guided) / multiple * multiple
    let size = min(range.count, max(multiple, wanted), largestChunk)
    tasksLeft -= size
    lastCounts[worker] = size
    lastChunk += 1
    let chunk = Chunk.with {
      ($0.id, $0.first, $0.count) = (lastChunk, UInt64(range.lowerBound), UInt64(size))
      $0.file = .init(file(of: range.lowerBound))
    }
    if size == range.count { uncut.removeFirst() } else { uncut[0] = range.lowerBound + size..<range.upperBound }
    open[chunk.id] = OpenChunk(chunk: chunk)
    return chunk.id
  }

  /// Returns the oldest chunk without failures that exactly one other worker has.
  private func chunkToShare(with worker: WorkerID, at now: Milliseconds) -> UInt64? {
    open.values
      .filter {
        $0.holders.count == 1 && !$0.holders.contains(worker) && $0.isOpen(to: worker)
          && $0.notBefore < now && $0.failures.count == 0
      }
      .map(\.chunk.id).min()
  }

  /// Handles a result.
  /// - Parameter statistics: Counts the failures of the chunk as unrelated to it, since it is done.
  /// - Returns: The outcome, and the workers that had the chunk in their queue.
  mutating func complete(
    _ id: UInt64, by worker: WorkerID, digest: [UInt8], _ statistics: inout CrashStatistics
  ) -> (Outcome, holders: Set<WorkerID>) {
    staleWorkers.remove(worker)
    if let first = done[id] { return (first.digest == digest ? .known : .differs(from: first.worker), []) }
    guard let found = open[id] ?? (canGrow ? nil : quarantinedChunks.removeValue(forKey: id)) else {
      return (.known, [])
    }
    close(id)
    statistics.noteDone(found.failures)
    done[id] = (worker, digest)
    tasksDone += Int(found.chunk.count)
    return (.accepted, found.holders)
  }

  /// Takes a chunk from a worker that has sent an invalid result of it. A worker that has not sent an invalid result is
  /// preferred from now on.
  /// - Parameter workers: All workers of the job.
  mutating func takeBack(_ id: UInt64, from worker: WorkerID, among workers: Set<WorkerID>) {
    guard open[id] != nil else { return }
    open[id]!.rejectedFrom.insert(worker)
    if !workers.contains(where: open[id]!.isOpen) { open[id]!.rejectedFrom = [] }
    if open[id]!.holders.contains(worker) { dequeue(id, from: worker) }
    release(id)
  }

  /// Takes a chunk from a worker whose host has too little memory for it. A chunk of several tasks is split: most of
  /// them may need less memory.
  mutating func refuse(_ id: UInt64, by worker: WorkerID, reason: String, at now: Milliseconds) {
    guard open[id] != nil else { return }
    // The worker no longer computes the chunk.
    defer { staleWorkers.remove(worker) }
    if open[id]!.chunk.count > 1 { return split(id) }
    open[id]!.refusals[worker] = reason
    open[id]!.lastRefusalTime = now
    open[id]!.rejectedFrom = []
    if open[id]!.holders.contains(worker) { dequeue(id, from: worker) }
    release(id)
  }

  /// Quarantines the open chunks if all of these workers have refused each of them. As long as there are other chunks,
  /// a worker with more memory may still join.
  /// - Parameters:
  ///   - lost: Workers that may reconnect. They must have refused the chunks as well.
  ///   - time: The time since which no chunk must have been refused: a pool that has no other tasks may grow first.
  /// - Returns: The chunks, each with the reason that one of the workers gave.
  mutating func quarantineRefused(
    byAllOf workers: [WorkerID], and lost: [WorkerID], before time: Milliseconds
  ) -> [(Chunk, reason: String)] {
    guard let first = workers.first, uncut.isEmpty, returned.count == open.count,
      open.values.allSatisfy({ chunk in
        chunk.lastRefusalTime < time && (workers + lost).allSatisfy { chunk.refusals[$0] != nil }
      })
    else { return [] }
    return returned.sorted().compactMap { id in
      let reason = open[id]!.refusals[first]!
      return quarantine(id).map { ($0, reason) }
    }
  }

  /// Removes a worker that was lost or has been assigned to another job. A crash counts as a failure of the chunk that
  /// the worker computed.
  /// - Parameter exposure: The time that the worker had spent on its first chunk, if it crashed; otherwise nil.
  /// - Returns: The chunk whose failures may now be significant. It has one task; a larger chunk is split first.
  mutating func remove(
    _ worker: WorkerID, exposure: Milliseconds?, at now: Milliseconds, window: Milliseconds,
    _ statistics: inout CrashStatistics
  ) -> UInt64? {
    lastCounts[worker] = nil
    // The remaining workers may all have sent invalid results.
    for id in returned { open[id]!.rejectedFrom = [] }
    let ids = queues.removeValue(forKey: worker) ?? []
    for id in ids {
      open[id]!.holders.remove(worker)
      // The remaining holder is no longer a mere helper.
      open[id]!.helper = nil
      release(id)
    }
    if lostQueues.count >= Self.maxLostQueues { lostQueues = [:] }
    if !ids.isEmpty { lostQueues[worker] = ids }
    guard staleWorkers.remove(worker) == nil, let exposure else { return nil }
    guard let running = ids.first else {
      statistics.noteUnrelatedLoss(of: worker, at: now, window: window)
      return nil
    }
    let isProven = open[running]!.provenHolder == worker
    open[running]!.failures.record(worker, at: now, window: window, after: exposure, isProven: isProven)
    open[running]!.notBefore = now + window
    for holder in open[running]!.holders { returnWaitingChunks(of: holder) }
    guard open[running]!.failures.count >= maxFailures else { return nil }
    if open[running]!.chunk.count > 1 {
      split(running)
      return nil
    }
    return open[running]!.failures.isProven ? running : nil
  }

  /// Returns the failures of each open chunk that has some.
  func failures(except id: UInt64? = nil) -> [FailureHistory] {
    open.filter { $0.key != id && $0.value.failures.count > 0 }.map(\.value.failures)
  }

  func failures(of id: UInt64) -> FailureHistory { open[id]!.failures }

  /// Schedules the quarantine of a chunk, which is cancelled if one of its lost workers reconnects.
  mutating func scheduleQuarantine(of id: UInt64, at now: Milliseconds) {
    open[id]!.quarantinePendingSince = now
    returned.remove(id)
  }

  /// Quarantines the chunks whose quarantine was scheduled at `time` or before.
  mutating func quarantine(pendingSince time: Milliseconds, _ statistics: inout CrashStatistics) -> [Chunk] {
    let due = open.values.filter { $0.quarantinePendingSince.map { $0 <= time } ?? false }
    return due.sorted { $0.chunk.id < $1.chunk.id }.compactMap {
      statistics.noteQuarantined($0.failures)
      return quarantine($0.chunk.id)
    }
  }

  /// Returns all chunks of a worker to the pool, except the one that the worker computes.
  private mutating func returnWaitingChunks(of worker: WorkerID) {
    for id in queues[worker]!.dropFirst() {
      dequeue(id, from: worker)
      release(id)
    }
  }

  /// Returns a chunk to the pool if no worker has it, and it is not due to be quarantined.
  private mutating func release(_ id: UInt64) {
    if open[id]!.holders.isEmpty, open[id]!.quarantinePendingSince == nil { returned.insert(id) }
  }

  /// Replaces a chunk by one chunk per task. Each begins without failures: most tasks did not cause them, and some
  /// crashes may have had another cause.
  private mutating func split(_ id: UInt64) {
    guard let found = open[id] else { return }
    withdraw(id)
    for task in found.chunk.first..<found.chunk.first + found.chunk.count {
      lastChunk += 1
      var chunk = found.chunk
      (chunk.id, chunk.first, chunk.count) = (lastChunk, task, 1)
      open[chunk.id] = OpenChunk(chunk: chunk)
      returned.insert(chunk.id)
    }
  }

  /// Notes that a worker that was lost has reconnected: no chunk has crashed it.
  mutating func noteReturn(of worker: WorkerID) {
    for id in open.keys where open[id]!.failures.remove(worker) && open[id]!.quarantinePendingSince != nil {
      open[id]!.quarantinePendingSince = nil
      release(id)
    }
  }

  /// Gives a worker that has reconnected and works on this job again the open chunks of its former queue, even if other
  /// workers have begun them: the worker may already have computed them.
  mutating func restoreQueue(of worker: WorkerID) {
    for id in lostQueues.removeValue(forKey: worker) ?? [] where open[id]?.quarantinePendingSince == nil {
      guard let chunk = open[id], !isSuspect(id) || chunk.holders.isEmpty && queues[worker] == nil else { continue }
      returned.remove(id)
      enqueue(id, for: worker)
      open[id]!.provenHolder = nil
      open[id]!.helper = chunk.holders.isEmpty ? nil : worker
      if isSuspect(id) { return }
    }
  }

  /// Quarantines an open chunk: no worker is given it any more.
  /// - Parameter worker: The worker that has reported an error of the chunk, and no longer computes it.
  mutating func quarantine(_ id: UInt64, reportedBy worker: WorkerID? = nil) -> Chunk? {
    guard let found = open[id] else { return nil }
    withdraw(id)
    if let worker { staleWorkers.remove(worker) }
    quarantinedChunks[id] = found
    return found.chunk
  }

  /// Takes an open chunk from its holders and removes it.
  private mutating func withdraw(_ id: UInt64) {
    staleWorkers.formUnion(open[id]!.holders.filter { queues[$0]!.first == id })
    close(id)
  }

  private mutating func close(_ id: UInt64) {
    guard let chunk = open.removeValue(forKey: id) else { return }
    returned.remove(id)
    for holder in chunk.holders {
      queues[holder]!.removeAll { $0 == id }
      if queues[holder]!.isEmpty { queues[holder] = nil }
    }
  }
}

internal import Foundation
internal import SwiftProtobuf

/// The tasks of a job, cut into chunks, and who has which. Every task's result counts exactly once, whatever happens to the workers.
///
/// Chunks are cut when they are handed out: large ones first, smaller ones towards the end (guided self-scheduling: Polychronopoulos and
/// Kuck, 1987), in proportion to the worker's share of the power. When nothing is left to cut, the chunks that are still open are also
/// given to idle workers; the first result counts, and a second one must have the same digest.
///
/// A pool may grow: what comes of its tasks says which come next. Then it ends only when it is told that it grows no more, and what was set
/// aside stays so, since others may have been chosen therefore.
package struct TaskPool: Sendable {
  private struct OpenChunk: Sendable {
    let chunk: Chunk
    var holders: Set<WorkerID> = []
    /// Workers that were lost while they worked on it.
    var failures = FailureHistory()
    /// The holder that had proved itself before it was given this.
    var proven: WorkerID?
    /// Since when it is to be quarantined: that is done when none of its victims has come back for a while. Until then
    /// nobody is given it.
    var quarantinePendingSince: Milliseconds?
    /// Nobody else begins it before. Else all that die of one accident would die of this chunk: one after the other is given it, and is lost.
    var notBefore: Milliseconds = .min
    /// The holder that has it for want of anything else to do.
    var spare: WorkerID?
    /// Who has sent a result of it that was of no use: others try it, as long as there are any.
    var rejectedFrom: Set<WorkerID> = []
  }

  package enum Outcome: Sendable, Equatable {
    /// The first result: its bytes count.
    case accepted
    /// Nobody waits for it: doubled, late, or the same that another worker has sent.
    case known
    /// Another worker has sent something else for the same tasks: one of the two computes wrongly.
    case differs(from: WorkerID)
  }

  /// Units that belong to no chunk yet, in the order in which they are handed out.
  private var uncut: [Range<Int>]
  /// Whether tasks differ much in length, and each keeps a whole worker busy.
  let isUneven: Bool
  private let largestChunk: Int
  private(set) var canGrow: Bool
  /// Of tasks that were added: where they begin, and the file that says what they are.
  private var additions: [(first: Int, file: [UInt8])] = []
  private var tasksLeft: Int
  private var open: [UInt64: OpenChunk] = [:]
  /// Open chunks that nobody has.
  private var returned: Set<UInt64> = []
  /// What each worker has, oldest first: the first is the one that it works on, for all that is known.
  private var held: [WorkerID: [UInt64]] = [:]
  /// Workers that may still work on a chunk which they have no longer, since word has not reached them: if they die, it may be of that one.
  private var staleWorkers: Set<WorkerID> = []
  private var done: [UInt64: (worker: WorkerID, digest: [UInt8])] = [:]
  private var quarantinedChunks: [UInt64: OpenChunk] = [:]
  /// What workers that were lost had in hand: if one comes back, it goes on with that.
  private var former: [WorkerID: [UInt64]] = [:]
  private static let maxLostQueues = 1_000
  /// FailureHistory before a task may be quarantined.
  var maxFailures = Limits().maxFailures
  private var lastChunk: UInt64 = 0
  /// Units of the last new chunk of each worker.
  private var lastCounts: [WorkerID: Int] = [:]
  package private(set) var tasksDone = 0

  /// - Parameters:
  ///   - tasks: what is to be done; ranges in ascending order, not overlapping.
  ///   - isUneven: tasks differ much in length, the longest first, and each keeps a whole worker busy. Then chunks begin with one task,
  ///     grow slowly, and stay short: what a worker has in hand when it dies is lost.
  ///   - largestChunk: tasks that a chunk has at most, whatever else speaks for more
  ///   - canGrow: see ``add(_:file:)``
  package init(tasks: [Range<Int>], isUneven: Bool = false, largestChunk: Int = .max, canGrow: Bool = false) {
    (self.isUneven, self.largestChunk, self.canGrow) = (isUneven, largestChunk, canGrow)
    uncut = tasks.filter { !$0.isEmpty }
    tasksLeft = tasks.reduce(0) { $0 + $1.count }
  }

  package var isFinished: Bool { !canGrow && uncut.isEmpty && open.isEmpty }

  /// Nothing is left that nobody has, but for what seems to kill, which only few may try; and nobody has anything
  /// either.
  var isExhausted: Bool { uncut.isEmpty && returned.allSatisfy(needsProof) }
  var isIdle: Bool { uncut.isEmpty && open.isEmpty }

  /// Chunks that are quarantined since workers crash whenever they work on them, or that no worker can do.
  package var quarantined: [Chunk] { quarantinedChunks.values.map(\.chunk).sorted { $0.first < $1.first } }

  /// The chunks that a worker has, oldest first.
  func chunks(of worker: WorkerID) -> [Chunk] { held[worker, default: []].map { open[$0]!.chunk } }

  /// A chunk that still counts.
  func chunk(_ id: UInt64) -> Chunk? { (open[id] ?? quarantinedChunks[id])?.chunk }

  // MARK: Growth

  /// More tasks, numbered on from those before. Who was helping others for want of anything else is free for them.
  /// - Parameter file: the name of what says what they are, which their chunks carry
  mutating func add(_ tasks: Range<Int>, file: [UInt8]) {
    guard !tasks.isEmpty else { return }
    uncut.append(tasks)
    additions.append((tasks.lowerBound, file))
    tasksLeft += tasks.count
    for (id, chunk) in open where chunk.holders.count > 1 {
      guard let spare = chunk.spare, chunk.holders.contains(spare) else { continue }
      take(id, from: spare)
    }
  }

  mutating func stopGrowing() { canGrow = false }

  private func file(of task: Int) -> [UInt8] { additions.last { $0.first <= task }?.file ?? [] }

  // MARK: Chunks

  package enum Allocation: Sendable, Equatable {
    case chunk
    /// One that waited in the hand of another worker, which has it no more.
    case taken(from: WorkerID)
  }

  /// Gives the worker a chunk: one that was given back, else a new one. If it has nothing to do, else one that waits in the hand of another
  /// worker, or one that another worker works on.
  ///
  /// - Parameters:
  ///   - share: the worker's share of all workers' power, in 0...1
  ///   - multiple: tasks that it does at a time
  ///   - limit: tasks that it does within the longest time that a chunk shall take; nil: not known yet
  ///   - proof: what speaks for the worker, if it is to try what seems to kill
  /// - Returns: nil if there was none.
  mutating func give(
    to worker: WorkerID, share: Double, multiple: Int, atMost limit: Int?, proof: Proof, at now: Milliseconds
  ) -> Allocation? {
    let inHand = held[worker] ?? []
    if inHand.contains(where: isSuspect) { return nil }
    let ready = returned.filter { open[$0]!.notBefore < now && !open[$0]!.rejectedFrom.contains(worker) }.sorted()
    // Whoever has completed other work tries at once what seems to kill; else only who has nothing else to do.
    let next = ready.first { !needsProof($0) || proof.hasCompleted && isEnough(proof, for: $0) }
    if let next, isSuspect(next), !inHand.isEmpty { return nil }
    if let new = next ?? cut(for: worker, share: share, multiple: multiple, atMost: limit) {
      take(new, for: worker, isProven: isEnough(proof, for: new))
      return .chunk
    }
    guard inHand.isEmpty else { return nil }
    if let last = ready.first(where: { isEnough(proof, for: $0) }) {
      take(last, for: worker, isProven: true)
      return .chunk
    }
    if let (waiting, holder) = waiting() {
      take(waiting, from: holder)
      put(waiting, into: worker)
      return .taken(from: holder)
    }
    guard let other = shared(with: worker, at: now) else { return nil }
    put(other, into: worker)
    open[other]!.spare = worker
    return .chunk
  }

  /// A worker was lost at it. It is tried with nothing else in hand: of two short chunks, the second may kill before
  /// word of the first has come, and each time the first would be blamed.
  private func isSuspect(_ id: UInt64) -> Bool { open[id]!.failures.count > 0 }

  /// The next accident may be the one that it is quarantined for: only a worker that has proved itself tries it.
  private func needsProof(_ id: UInt64) -> Bool {
    open[id]!.chunk.count == 1 && open[id]!.failures.count >= max(1, maxFailures - 1)
  }

  private func isEnough(_ proof: Proof, for id: UInt64) -> Bool { proof.isEnough(for: open[id]!.failures) }

  private mutating func take(_ id: UInt64, for hand: WorkerID, isProven: Bool) {
    returned.remove(id)
    put(id, into: hand)
    open[id]!.proven = isProven ? hand : nil
  }

  private mutating func put(_ id: UInt64, into hand: WorkerID) {
    open[id]!.holders.insert(hand)
    held[hand, default: []].append(id)
  }

  private mutating func take(_ id: UInt64, from hand: WorkerID) {
    if held[hand]!.first == id { staleWorkers.insert(hand) }
    open[id]!.holders.remove(hand)
    held[hand]!.removeAll { $0 == id }
    if held[hand]!.isEmpty { held[hand] = nil }
  }

  /// The last chunk in the fullest hand that only this worker has, and does not work on yet.
  private func waiting() -> (chunk: UInt64, holder: WorkerID)? {
    let hands = held.filter { $0.value.count > 1 && open[$0.value.last!]!.holders.count == 1 }
    return hands.max { ($0.value.count, $1.key) < ($1.value.count, $0.key) }.map { ($0.value.last!, $0.key) }
  }

  /// From now on, of the tasks that belong to no chunk yet, these are handed out first, in this order.
  mutating func reorder(_ tasks: [Int]) {
    var place: [Int: Int] = [:]
    for (index, task) in tasks.enumerated() { place[task] = index }
    let left = uncut.joined().enumerated().map { (place[$1] ?? tasks.count + $0, $1) }.sorted { $0 < $1 }.map(\.1)
    uncut = []
    // No chunk has tasks of two files.
    let starts = Set(additions.map(\.first))
    for task in left {
      if let last = uncut.last, last.upperBound == task, !starts.contains(task) {
        uncut[uncut.count - 1] = last.lowerBound..<task + 1
      } else {
        uncut.append(task..<task + 1)
      }
    }
  }

  private mutating func cut(for worker: WorkerID, share: Double, multiple: Int, atMost limit: Int?) -> UInt64? {
    guard let range = uncut.first else { return nil }
    // A task that was over at once says little about the next one.
    let cautious = min((limit ?? 0) / 4, 2 * lastCounts[worker, default: 0])
    let (multiple, limit) = isUneven ? (1, cautious) : (multiple, limit)
    // A worker that is alone need not leave small chunks for the others to finish with it.
    // Nobody knows yet how long a task takes: the first chunks find out.
    let guided = limit == nil ? multiple : share < 1 ? Int(Double(tasksLeft) * share / 3) : tasksLeft
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

  /// The oldest chunk that only one other worker has.
  private func shared(with worker: WorkerID, at now: Milliseconds) -> UInt64? {
    open.values
      .filter {
        $0.holders.count == 1 && !$0.holders.contains(worker) && !$0.rejectedFrom.contains(worker)
          && $0.notBefore < now && $0.failures.count == 0
      }
      .map(\.chunk.id).min()
  }

  /// - Parameter statistics: is told of those that were lost at the chunk, which was not to blame
  /// - Returns: what to make of a result, and the workers that had the chunk in hand.
  mutating func complete(
    _ id: UInt64, by worker: WorkerID, digest: [UInt8], _ statistics: inout CrashStatistics
  ) -> (Outcome, holders: Set<WorkerID>) {
    staleWorkers.remove(worker)
    if let first = done[id] { return (first.digest == digest ? .known : .differs(from: first.worker), []) }
    guard let found = open[id] ?? (canGrow ? nil : quarantinedChunks.removeValue(forKey: id)) else { return (.known, []) }
    close(id)
    statistics.noteDone(found.failures)
    done[id] = (worker, digest)
    tasksDone += Int(found.chunk.count)
    return (.accepted, found.holders)
  }

  /// The worker's result of the chunk is of no use: another one does it, one that has not spoiled it as well if there is any.
  /// - Parameter workers: all that there are
  mutating func takeBack(_ id: UInt64, from worker: WorkerID, among workers: Set<WorkerID>) {
    guard open[id] != nil else { return }
    open[id]!.rejectedFrom.insert(worker)
    if workers.isSubset(of: open[id]!.rejectedFrom) { open[id]!.rejectedFrom = [] }
    if open[id]!.holders.contains(worker) { take(id, from: worker) }
    if open[id]!.holders.isEmpty { returned.insert(id) }
  }

  /// A worker is gone, or has another session. If it crashed, then perhaps because of the chunk that it was working on.
  /// - Parameter exposure: how long it had worked on what it began with, if it crashed
  /// - Returns: the chunk that is to be judged therefore. It has one task: those of a larger chunk are tried one by one
  ///   before.
  mutating func remove(
    _ worker: WorkerID, exposure: Milliseconds?, at now: Milliseconds, window: Milliseconds,
    _ statistics: inout CrashStatistics
  ) -> UInt64? {
    lastCounts[worker] = nil
    // Those that are left may be all that have spoiled it.
    for id in returned { open[id]!.rejectedFrom = [] }
    let ids = held.removeValue(forKey: worker) ?? []
    for id in ids {
      open[id]!.holders.remove(worker)
      // Whoever is left has it as its own.
      open[id]!.spare = nil
      if open[id]!.holders.isEmpty { returned.insert(id) }
    }
    if former.count >= Self.maxLostQueues { former = [:] }
    if !ids.isEmpty { former[worker] = ids }
    guard staleWorkers.remove(worker) == nil, let exposure else { return nil }
    guard let running = ids.first else {
      statistics.noteIdleLoss(of: worker, at: now, window: window)
      return nil
    }
    let isProven = open[running]!.proven == worker
    open[running]!.failures.note(worker, at: now, window: window, after: exposure, isProven: isProven)
    open[running]!.notBefore = now + window
    for holder in open[running]!.holders { giveBackWhatWaits(in: holder) }
    guard open[running]!.failures.count >= maxFailures else { return nil }
    if open[running]!.chunk.count > 1 {
      split(running)
      return nil
    }
    return open[running]!.failures.isProven ? running : nil
  }

  /// Of each chunk that is not done, if there are any.
  func failures(except id: UInt64? = nil) -> [FailureHistory] {
    open.filter { $0.key != id && $0.value.failures.count > 0 }.map(\.value.failures)
  }

  func failures(of id: UInt64) -> FailureHistory { open[id]!.failures }

  /// The chunk is to be quarantined, unless one of its victims comes back.
  mutating func condemn(_ id: UInt64, at now: Milliseconds) {
    open[id]!.quarantinePendingSince = now
    returned.remove(id)
  }

  /// Quarantines what was condemned before a time.
  mutating func quarantine(pendingSince time: Milliseconds, _ statistics: inout CrashStatistics) -> [Chunk] {
    let condemned = open.values.filter { $0.quarantinePendingSince.map { $0 <= time } ?? false }
    return condemned.sorted { $0.chunk.id < $1.chunk.id }.compactMap {
      statistics.noteQuarantined($0.failures)
      return quarantine($0.chunk.id)
    }
  }

  /// All but what the worker works on is handed out again.
  private mutating func giveBackWhatWaits(in hand: WorkerID) {
    for id in held[hand]!.dropFirst() {
      take(id, from: hand)
      if open[id]!.holders.isEmpty { returned.insert(id) }
    }
  }

  /// Makes a chunk of each task. Each begins without failures: most are innocent, and a worker may have crashed
  /// because of another one than it seemed.
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

  /// A worker that seemed to have crashed is back: what it was lost at is not to blame for it.
  mutating func absolve(_ worker: WorkerID) {
    for id in open.keys where open[id]!.failures.absolve(worker) && open[id]!.quarantinePendingSince != nil {
      open[id]!.quarantinePendingSince = nil
      if open[id]!.holders.isEmpty { returned.insert(id) }
    }
  }

  /// A worker that was lost is back, and works at this again: it has what it had, as far as that is not done. What
  /// others have begun with meanwhile may be done here already.
  mutating func restoreQueue(of worker: WorkerID) {
    for id in former.removeValue(forKey: worker) ?? [] where open[id]?.quarantinePendingSince == nil {
      guard let chunk = open[id], !isSuspect(id) || chunk.holders.isEmpty && held[worker] == nil else { continue }
      returned.remove(id)
      put(id, into: worker)
      open[id]!.proven = nil
      open[id]!.spare = chunk.holders.isEmpty ? nil : worker
      if isSuspect(id) { return }
    }
  }

  /// Takes an open chunk out of the job, because no worker can do it.
  mutating func quarantine(_ id: UInt64) -> Chunk? {
    guard let found = open[id] else { return nil }
    withdraw(id)
    quarantinedChunks[id] = found
    return found.chunk
  }

  /// Nobody shall work on the chunk any longer.
  private mutating func withdraw(_ id: UInt64) {
    staleWorkers.formUnion(open[id]!.holders.filter { held[$0]!.first == id })
    close(id)
  }

  private mutating func close(_ id: UInt64) {
    guard let chunk = open.removeValue(forKey: id) else { return }
    returned.remove(id)
    for holder in chunk.holders {
      held[holder]!.removeAll { $0 == id }
      if held[holder]!.isEmpty { held[holder] = nil }
    }
  }
}

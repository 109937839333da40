internal import SwiftProtobuf

/// How many workers a job is for, if not for all.
package struct Team: Sendable, Equatable {
  /// It begins with so many, if there are so many.
  package let size: Int
  /// More than these would be of no use to it.
  package let most: Int

  package init(of size: Int, atMost most: Int = .max) { (self.size, self.most) = (size, max(size, most)) }
}

/// A job, how far it is, and who works at it.
struct Assignment: Sendable {
  var job: Job
  /// One of the two: work in independent tasks, or a training. Two variables, so that the pool is changed in place.
  var pool: TaskPool?
  var group: TrainingGroup?
  /// nil: all workers.
  let team: Team?
  /// With the threads of each.
  private(set) var workers: [WorkerID: Double] = [:]
  /// Threads of all its workers together.
  private(set) var power = 0.0
  /// Who cannot do it, or shall not, and why.
  private(set) var excluded: [WorkerID: String] = [:]
  /// Of those, who have said so themselves. Nobody takes their seats: what they met the others are likely to meet as well.
  private var failed: Set<WorkerID> = []
  /// The step that its training has reached, when it did, and failures since then.
  private var reached: UInt64 = 0
  private var reachedAt: Milliseconds = .min / 2
  private(set) var failures = FailureHistory()
  /// Since when the training is to be given up: that is done when none of the victims has come back for a while.
  var quarantinePendingSince: Milliseconds?
  /// Workers that were lost from it: if one comes back, it has the state still.
  private(set) var former: Set<WorkerID> = []

  init(_ job: Job, _ work: Coordinator.Workload, team: Team?) {
    (self.job, self.team) = (job, team)
    switch work {
    case .tasks(let pool): self.pool = pool
    case .training(let group): self.group = group
    }
  }

  /// How many workers it wants beside those that it has.
  var lack: Int {
    guard let team else { return .max }
    return max(team.size - workers.count - failed.count, workers.isEmpty ? 1 : 0)
  }

  /// How many it could do without.
  var surplus: Int { team.map { max(0, workers.count - $0.size) } ?? 0 }

  /// Whether one more would speed it up. Blocks of images are soon done.
  var hasRoom: Bool { team.map { workers.count < $0.most && failed.isEmpty && group != nil } ?? false }

  /// Whether `other` needs a worker more. What is short comes first: it is the end of a trial.
  func needsMore(than other: Assignment) -> Bool {
    let (isShort, isOtherShort) = (pool != nil, other.pool != nil)
    return isShort == isOtherShort ? lack > other.lack : isShort
  }

  mutating func add(_ worker: WorkerID, power: Double) {
    workers[worker] = power
    self.power += power
    former.remove(worker)
    pool?.restoreQueue(of: worker)
  }

  /// - Returns: whether it worked at this.
  mutating func remove(_ worker: WorkerID) -> Bool {
    guard let power = workers.removeValue(forKey: worker) else { return false }
    self.power -= power
    former.insert(worker)
    return true
  }

  mutating func bar(_ worker: WorkerID, reason: String, hasFailed: Bool) {
    if hasFailed { failed.insert(worker) }
    excluded[worker] = reason
  }

  /// Nobody else is left. Who was excluded because of a link to another can work alone.
  mutating func readmitUnlinked() { excluded = excluded.filter { failed.contains($0.key) } }

  /// The training has come so far: nothing before that is to blame for any crash.
  mutating func note(step: UInt64, at now: Milliseconds, _ statistics: inout CrashStatistics) {
    guard step > reached else { return }
    statistics.noteDone(failures)
    (reached, reachedAt, failures, quarantinePendingSince) = (step, now, FailureHistory(), nil)
  }

  /// A worker has crashed while it trained.
  /// - Returns: whether the training is to be judged therefore.
  mutating func noteCrash(
    of worker: WorkerID, _ crash: Coordinator.Crash, limits: Limits, at now: Milliseconds
  ) -> Bool {
    // It has lived through what came before the newest step.
    let begun = max(crash.given, reachedAt)
    let exposure = crash.time - begun
    let proof = Proof(time: begun - crash.joined, hasCompleted: true, least: limits.workerTimeout)
    let isProven = proof.isEnough(for: failures)
    failures.note(worker, at: now, window: limits.heartbeat, after: exposure, isProven: isProven)
    return failures.count >= limits.maxFailures && failures.isProven
  }

  /// Whether a worker may work at this that has been there for so long: a training that seems to kill is tried by those
  /// that have proved themselves.
  func canJoin(after time: Milliseconds, _ limits: Limits) -> Bool {
    guard team != nil, group != nil, failures.count >= max(1, limits.maxFailures - 1) else { return true }
    return quarantinePendingSince == nil
      && Proof(time: time, hasCompleted: true, least: limits.workerTimeout).isEnough(for: failures)
  }

  /// A worker that seemed to have crashed is back.
  mutating func absolve(_ worker: WorkerID) {
    pool?.absolve(worker)
    if failures.absolve(worker) { quarantinePendingSince = nil }
  }
}

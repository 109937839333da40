internal import SwiftProtobuf

/// The size of a job's team.
package struct Team: Sendable, Equatable {
  /// The number of workers to start with, if as many are available.
  package let size: Int
  /// The largest number of workers that the job can use.
  let maxSize: Int

  package init(of size: Int, atMost maxSize: Int = .max) { (self.size, self.maxSize) = (size, max(size, maxSize)) }
}

/// A job with its state and its workers.
struct Assignment: Sendable {
  var job: Job
  /// Either the pool (independent tasks) or the group (a training) is set. Two variables instead of an enumeration, so
  /// that the pool is changed in place.
  var pool: TaskPool?
  var group: TrainingGroup?
  /// The team of the job; nil if all workers work on it.
  let team: Team?
  /// The workers, with the number of threads of each.
  private(set) var workers: [WorkerID: Double] = [:]
  /// The total number of threads of the workers.
  private(set) var power = 0.0

  /// Why a worker is excluded from the job.
  enum Exclusion: Sendable {
    /// The link to another worker is broken. The worker can still train alone.
    case unlinked
    /// The worker has reported that it cannot do the job. It is not replaced: another worker would probably fail for
    /// the same reason.
    case unable
    /// The worker's host has too little memory. Another worker may have enough.
    case insufficientMemory
  }
  /// The workers that cannot or must not work on the job, each with the reason.
  private(set) var excluded: [WorkerID: (exclusion: Exclusion, reason: String)] = [:]
  /// The last step of the training, the time at which it was reached, and the failures since then.
  private var lastStep: UInt64 = 0
  private var lastStepTime: Milliseconds = .min / 2
  private(set) var failures = FailureHistory()
  /// The time since which the training is due to be abandoned, unless one of its lost workers reconnects in time.
  var quarantinePendingSince: Milliseconds?
  /// Workers that were lost from the job. One that reconnects still has the state.
  private(set) var formerWorkers: Set<WorkerID> = []

  init(_ job: Job, _ workload: Coordinator.Workload, team: Team?) {
    (self.job, self.team) = (job, team)
    switch workload {
    case .tasks(let pool): self.pool = pool
    case .training(let group): self.group = group
    }
  }

  /// The number of workers that the job needs in addition to those that it has.
  var missingCount: Int {
    guard let team else { return .max }
    return max(team.size - workers.count - unableCount, workers.isEmpty ? 1 : 0)
  }

  /// The number of workers in excess of the team's size.
  var surplus: Int { team.map { max(0, workers.count - $0.size) } ?? 0 }

  /// Whether another worker would speed up the job. Jobs of tasks do not count: a team's blocks of images take a short
  /// time.
  var hasRoom: Bool { team.map { workers.count < $0.maxSize && unableCount == 0 && group != nil } ?? false }

  private var unableCount: Int { excluded.values.count { $0.exclusion == .unable } }

  /// Returns whether the job needs a worker more urgently than `other`. Jobs of tasks come first: they are short, and
  /// complete the fit of a team.
  func needsMore(than other: Assignment) -> Bool {
    let (isShort, isOtherShort) = (pool != nil, other.pool != nil)
    return isShort == isOtherShort ? missingCount > other.missingCount : isShort
  }

  mutating func add(_ worker: WorkerID, power: Double) {
    workers[worker] = power
    self.power += power
    formerWorkers.remove(worker)
    pool?.restoreQueue(of: worker)
  }

  /// - Returns: Whether the worker worked on the job.
  mutating func remove(_ worker: WorkerID) -> Bool {
    guard let power = workers.removeValue(forKey: worker) else { return false }
    self.power -= power
    formerWorkers.insert(worker)
    return true
  }

  mutating func exclude(_ worker: WorkerID, _ exclusion: Exclusion, reason: String) {
    excluded[worker] = (exclusion, reason)
  }

  /// Readmits the workers that were excluded because of a broken link to another worker.
  mutating func readmitUnlinked() { excluded = excluded.filter { $0.value.exclusion != .unlinked } }

  /// Returns how the job ends without having been done; nil if one of these workers may be able to do it.
  func endIfExcluded(_ candidates: [WorkerID]) -> Coordinator.JobEnd? {
    let exclusions = candidates.sorted().compactMap { excluded[$0] }
    guard let first = exclusions.first, exclusions.count == candidates.count,
      !exclusions.contains(where: { $0.exclusion == .unlinked })
    else { return nil }
    if let unable = exclusions.first(where: { $0.exclusion == .unable }) { return .impossible(reason: unable.reason) }
    // Whether memory is sufficient depends on the hosts: this is no result of a team's fit.
    return team == nil ? .impossible(reason: first.reason) : .abandoned(reason: first.reason)
  }

  /// Whether workers are excluded because of too little memory.
  var lacksMemory: Bool { excluded.values.contains { $0.exclusion == .insufficientMemory } }

  /// Notes the step that the training has reached. The rounds before it are not the cause of later crashes.
  mutating func note(step: UInt64, at now: Milliseconds, _ statistics: inout CrashStatistics) {
    guard step > lastStep else { return }
    statistics.noteDone(failures)
    (lastStep, lastStepTime, failures, quarantinePendingSince) = (step, now, FailureHistory(), nil)
  }

  /// Notes that a worker has crashed during the training.
  /// - Returns: Whether the failures may now be significant.
  mutating func noteCrash(
    of worker: WorkerID, _ crash: Coordinator.Crash, limits: Limits, at now: Milliseconds,
    _ statistics: inout CrashStatistics
  ) -> Bool {
    // The worker was lost before the others reached the newest step: the rounds that it worked on are done. The step
    // becomes known only some time after it was reached. A crash early in the next round can therefore be attributed to
    // the previous one; a second crash in that round is not.
    guard crash.time > lastStepTime else {
      statistics.noteUnrelatedLoss(of: worker, at: now, window: limits.heartbeat)
      return false
    }
    // The worker survived the rounds before the newest step.
    let start = max(crash.startTime, lastStepTime)
    let exposure = crash.time - start
    let proof = Proof(time: start - crash.joinTime, hasCompleted: true, minimumTime: limits.workerTimeout)
    let isProven = proof.isEnough(for: failures)
    failures.record(worker, at: now, window: limits.heartbeat, after: exposure, isProven: isProven)
    return failures.count >= limits.maxFailures && failures.isProven
  }

  /// The time that all workers of the training together have spent since its newest step.
  /// - Parameter startTimes: The time at which each worker got its job.
  func runningTime(startTimes: [WorkerID: Milliseconds], at now: Milliseconds) -> Milliseconds {
    workers.keys.reduce(0) { $0 + max(0, now - max(startTimes[$1] ?? now, lastStepTime)) }
  }

  /// Returns whether a worker that joined the cluster `time` ago may work on the job. A training in which workers have
  /// crashed repeatedly is given to proven workers only.
  func canJoin(after time: Milliseconds, _ limits: Limits) -> Bool {
    guard team != nil, group != nil, failures.count >= max(1, limits.maxFailures - 1) else { return true }
    return quarantinePendingSince == nil
      && Proof(time: time, hasCompleted: true, minimumTime: limits.workerTimeout).isEnough(for: failures)
  }

  /// Notes that a worker that was lost has reconnected: it had not crashed.
  mutating func noteReturn(of worker: WorkerID) {
    pool?.noteReturn(of: worker)
    if failures.remove(worker) { quarantinePendingSince = nil }
  }
}

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
  /// One of the two: work in independent units, or a training. Two variables, so that the pool is changed in place.
  var pool: TaskPool?
  var group: TrainingGroup?
  /// nil: all workers.
  let team: Team?
  /// With the threads of each.
  private(set) var workers: [WorkerID: Double] = [:]
  /// Threads of all its workers together.
  private(set) var power = 0.0
  /// Who cannot do it, or shall not, and why.
  private(set) var barred: [WorkerID: String] = [:]
  /// Of those, who have said so themselves. Nobody takes their seats: what they met the others are likely to meet as well.
  private var failed: Set<WorkerID> = []
  /// The step that its training has reached, and accidents since then.
  private var reached: UInt64 = 0
  private var accidents = Accidents()

  init(_ job: Job, _ work: Coordinator.Work, team: Team?) {
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
  }

  /// - Returns: whether it worked at this.
  mutating func remove(_ worker: WorkerID) -> Bool {
    guard let power = workers.removeValue(forKey: worker) else { return false }
    self.power -= power
    return true
  }

  mutating func bar(_ worker: WorkerID, reason: String, hasFailed: Bool) {
    if hasFailed { failed.insert(worker) }
    barred[worker] = reason
  }

  /// Nobody else is left. Who was barred because of a link to another can work alone.
  mutating func admitThoseWithoutLinks() { barred = barred.filter { failed.contains($0.key) } }

  /// The training has come so far: nobody has died of what comes before.
  mutating func note(step: UInt64) {
    guard step > reached else { return }
    (reached, accidents) = (step, Accidents())
  }

  /// A worker has died while it worked at this.
  /// - Returns: how many accidents there were since it last came further.
  mutating func noteDeath(of worker: WorkerID, at now: Milliseconds, window: Milliseconds) -> Int {
    accidents.note(worker, at: now, window: window)
    return accidents.count
  }

  /// A worker that seemed to have died is back.
  mutating func absolve(_ worker: WorkerID) {
    pool?.absolve(worker)
    accidents.absolve(worker)
  }
}

/// The state of the workers and of the job, for display.
extension Coordinator {
  package struct WorkerOverview: Sendable {
    package let id: WorkerID
    package let profile: Profile
    package let lastSeen: Milliseconds
    /// The number of the job that the worker works on; nil if it is idle.
    package let job: UInt64?
    /// The chunks in the worker's queue; the worker computes the first one.
    package let chunks: [Chunk]
    /// The number of completed tasks of the first chunk.
    package let tasksDone: Int
    package let membership: Membership?
    /// Why the worker is given no work; nil if it can work.
    package let exclusionReason: String?
  }

  /// The workers, sorted by ID.
  package var overview: [WorkerOverview] {
    workers.sorted { $0.key < $1.key }.map { id, worker in
      let assignment = index(of: id).map { assignments[$0] }
      return WorkerOverview(
        id: id, profile: worker.profile, lastSeen: clock.externalTime(of: worker.lastSeen), job: assignment?.job.id,
        chunks: assignment?.pool?.chunks(of: id) ?? [], tasksDone: worker.tasksDone, membership: worker.membership,
        exclusionReason: assignment == nil ? exclusionReason(of: id) : nil)
    }
  }

  private func exclusionReason(of id: WorkerID) -> String? {
    if unresponsive.contains(id) { return "receives no orders" }
    return assignments.lazy.compactMap { $0.excluded[id]?.reason }.first
  }

  /// The number of completed tasks of the job, including those of chunks in progress.
  package var tasksDone: Int {
    guard let assignment = assignments.first, let pool = assignment.pool else { return 0 }
    // A chunk that two workers compute is counted once.
    var inProgress: [UInt64: Int] = [:]
    for id in assignment.workers.keys {
      guard let worker = workers[id], let chunk = pool.chunks(of: id).first else { continue }
      inProgress[chunk.id] = max(inProgress[chunk.id] ?? 0, min(worker.tasksDone, Int(chunk.count)))
    }
    return pool.tasksDone + inProgress.values.reduce(0, +)
  }
}

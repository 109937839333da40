/// How things stand, for people.
extension Coordinator {
  package struct WorkerOverview: Sendable {
    package let id: WorkerID
    package let profile: Profile
    package let lastSeen: Milliseconds
    /// That it works at.
    package let job: UInt64?
    /// What it has in hand; the first is being worked on, and so many of its tasks are done.
    package let chunks: [Chunk]
    package let tasksDone: Int
    package let membership: Membership?
    /// Why it cannot do what is to be done.
    package let exclusionReason: String?
  }

  /// In the order of their numbers.
  package var overview: [WorkerOverview] {
    workers.sorted { $0.key < $1.key }.map { id, worker in
      let assignment = index(of: id).map { assignments[$0] }
      return WorkerOverview(
        id: id, profile: worker.profile, lastSeen: clock.outside(worker.lastSeen), job: assignment?.job.id,
        chunks: assignment?.pool?.chunks(of: id) ?? [], tasksDone: worker.tasksDone, membership: worker.membership,
        exclusionReason: assignment == nil ? assignments.lazy.compactMap { $0.excluded[id] }.first : nil)
    }
  }

  /// Units of the job that are done, those of chunks in hand included.
  package var tasksDone: Int {
    guard let assignment = assignments.first, let pool = assignment.pool else { return 0 }
    // A chunk that two workers have is counted once.
    var inHand: [UInt64: Int] = [:]
    for id in assignment.workers.keys {
      guard let worker = workers[id], let chunk = pool.chunks(of: id).first else { continue }
      inHand[chunk.id] = max(inHand[chunk.id] ?? 0, min(worker.tasksDone, Int(chunk.count)))
    }
    return pool.tasksDone + inHand.values.reduce(0, +)
  }
}

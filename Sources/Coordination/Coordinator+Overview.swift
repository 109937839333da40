/// How things stand, for people.
extension Coordinator {
  package struct WorkerOverview: Sendable {
    package let id: WorkerID
    package let profile: Profile
    package let lastSeen: Milliseconds
    /// What it has in hand; the first is being worked on, and so many of its units are done.
    package let chunks: [Chunk]
    package let unitsDone: Int
    package let membership: Membership?
    /// Why it cannot do the job.
    package let unfit: String?
  }

  /// In the order of their numbers.
  package var overview: [WorkerOverview] {
    workers.sorted { $0.key < $1.key }.map { id, worker in
      var chunks: [Chunk] = []
      if case .tasks(let pool)? = work { chunks = pool.chunks(of: id) }
      return WorkerOverview(
        id: id, profile: worker.profile, lastSeen: worker.lastSeen, chunks: chunks, unitsDone: worker.unitsDone,
        membership: worker.membership, unfit: worker.unfit)
    }
  }

  /// Units of the job that are done, those of chunks in hand included.
  package var unitsDone: Int {
    guard case .tasks(let pool)? = work else { return 0 }
    // A chunk that two workers have is counted once.
    var inHand: [UInt64: Int] = [:]
    for (id, worker) in workers {
      guard let chunk = pool.chunks(of: id).first else { continue }
      inHand[chunk.id] = max(inHand[chunk.id] ?? 0, min(worker.unitsDone, Int(chunk.count)))
    }
    return pool.unitsDone + inHand.values.reduce(0, +)
  }
}

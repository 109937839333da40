import Coordination

/// What must hold at every moment, whatever happens.
extension Simulation {
  /// Who may be blamed for what: workers that were lost while they had been told to do a unit. Kept apart from what the coordinator itself keeps.
  struct Blame {
    private struct Unit: Hashable {
      let job: UInt64
      let number: Int
    }

    private var told: [WorkerID: Orders] = [:]
    private var lost: [Unit: Set<WorkerID>] = [:]
    /// Of each chunk that is done, the digest that counts.
    fileprivate var digests: [[UInt64]: [UInt8]] = [:]

    mutating func note(_ orders: Orders, to worker: WorkerID) { told[worker] = orders }

    mutating func noteLoss(of worker: WorkerID) {
      guard let orders = told.removeValue(forKey: worker) else { return }
      for unit in orders.chunks.flatMap(\.units) {
        lost[Unit(job: orders.job.id, number: unit), default: []].insert(worker)
      }
    }

    /// It was not dead.
    mutating func noteReturn(of worker: WorkerID) {
      for unit in lost.keys { lost[unit]!.remove(worker) }
    }

    func victims(of unit: Int, job: UInt64) -> Int { lost[Unit(job: job, number: unit)]?.count ?? 0 }
  }

  func check(_ note: Coordinator.Note) {
    switch note {
    case .joined(let worker, _): blame.noteReturn(of: worker)
    case .lost(let worker, .silent), .lost(let worker, .disconnected): blame.noteLoss(of: worker)
    case .setAside(let chunk, let job, let reason):
      guard reason.contains("died") else { return }
      if chunk.count > 1 || blame.victims(of: Int(chunk.first), job: job) < limits.deaths {
        violate(
          "units \(chunk.units) are set aside, of which \(blame.victims(of: Int(chunk.first), job: job)) have died")
      }
    case .deviates(let deviation, _):
      if !liars.contains(deviation.worker) {
        violate("an honest worker is said to deviate")
      }
    case .resultsDiffer(_, let one, let other):
      if liars.isDisjoint(with: [one, other]) { violate("results of honest workers differ") }
    case .lost(let worker, .unfit(let reason)):
      if reason.contains("bad memory"), !liars.contains(worker) { violate("an honest worker is expelled: \(reason)") }
    default: break
    }
  }

  // MARK: Lies

  /// Whether the result is not the one that counts for the same chunk.
  func isProofOfALie(_ event: Coordinator.Event, from worker: WorkerID) -> Bool {
    guard case .result(let result) = event, let known = blame.digests[[result.job, result.chunk]],
      result.failure.isEmpty, known != Array(result.digest)
    else { return false }
    return coordinator!.overview.contains { $0.id == worker }
  }

  /// Two results for the same work end it, and those who have sent them are named.
  func checkLies(_ event: Coordinator.Event, of worker: WorkerID, hasToFail: Bool, _ actions: [Coordinator.Action]) {
    for action in actions {
      if case .keepResult(let chunk, let job) = action, case .result(let result) = event {
        blame.digests[[job, chunk.id]] = Array(result.digest)
      }
      if case .end(_, let job) = action { blame.digests = blame.digests.filter { $0.key[0] != job } }
    }
    let isNamed = actions.contains {
      if case .note(.resultsDiffer(_, _, worker)) = $0 { true } else { false }
    }
    if hasToFail != isNamed { violate("two results for the same work are \(isNamed ? "not " : "")there") }
  }

  // MARK: Weights

  /// Whoever has taken so many steps must have the weights of one process that takes them alone.
  func check(_ weights: UInt64, after step: UInt64, of network: SimulatedNetwork) {
    let history = histories[network.number] ?? network.history
    histories[network.number] = history
    if step >= history.count || history[Int(step)] != weights {
      violate("network \(network.number) has other weights after step \(step) than one process comes to")
    }
  }
}

import Coordination

/// What must hold at every moment, whatever happens.
extension Simulation {
  /// Knows what kills, since the test has said so: whatever the coordinator concludes from what it sees is compared
  /// with that.
  struct Oracle {
    /// A task of a job, or a network.
    enum Work: Hashable {
      case task(Int)
      case network(UInt64)
    }

    /// Deaths that work has caused. What kills is known by this alone, not by what workers had in hand when they were
    /// lost.
    private(set) var kills: [Work: Int] = [:]

    mutating func noteKill(by work: Work) { kills[work, default: 0] += 1 }
  }

  /// Quarantined as the cause of crashes: it must have caused some.
  private func checkQuarantine(of chunk: Chunk) {
    guard chunk.count == 1 else { return violate("tasks \(chunk.tasks) are quarantined together") }
    let kills = oracle.kills[.task(Int(chunk.first))] ?? 0
    if kills == 0 { return violate("task \(chunk.first) is quarantined, and has killed nobody") }
  }

  func check(_ note: Coordinator.Note) {
    switch note {
    case .quarantined(let chunk, _, let reason): if reason.contains("crash") { checkQuarantine(of: chunk) }
    case .deviates(let deviation, _):
      if !liars.contains(deviation.worker) {
        violate("an honest worker is said to deviate")
      }
    case .resultsDiffer(_, let one, let other):
      if liars.isDisjoint(with: [one, other]) { violate("results of honest workers differ") }
    case .lost(let worker, .excluded(let reason)):
      if reason.contains("bad memory"), !liars.contains(worker) { violate("an honest worker is expelled: \(reason)") }
    default: break
    }
  }

  // MARK: Lies

  /// Whether the result is not the one that counts for the same chunk.
  func isProofOfALie(_ event: Coordinator.Event, from worker: WorkerID) -> Bool {
    guard case .result(let result) = event, let known = digests[[result.job, result.chunk]],
      result.failure.isEmpty, known != Array(result.digest)
    else { return false }
    return coordinator!.overview.contains { $0.id == worker }
  }

  /// Two results for the same work end it, and those who have sent them are named.
  func checkLies(_ event: Coordinator.Event, of worker: WorkerID, hasToFail: Bool, _ actions: [Coordinator.Action]) {
    for action in actions {
      if case .keepResult(let chunk, let job) = action, case .result(let result) = event {
        digests[[job, chunk.id]] = Array(result.digest)
      }
      if case .end(_, let job) = action { digests = digests.filter { $0.key[0] != job } }
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

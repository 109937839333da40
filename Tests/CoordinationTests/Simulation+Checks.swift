import Coordination

/// The invariants of a simulation.
extension Simulation {
  /// The true causes of crashes, which the test has defined. The conclusions of the coordinator are compared with them.
  struct Oracle {
    /// A task or a network that crashes workers.
    enum Cause: Hashable {
      case task(Int)
      case network(UInt64)
    }

    /// The number of crashes by cause. It does not depend on the chunks that workers had when they were lost.
    private(set) var crashes: [Cause: Int] = [:]

    mutating func noteCrash(by cause: Cause) { crashes[cause, default: 0] += 1 }
  }

  /// Checks that a chunk that is quarantined as the cause of crashes has caused some.
  private func checkQuarantine(of chunk: Chunk) {
    guard chunk.count == 1 else { return violate("tasks \(chunk.tasks) are quarantined together") }
    let crashes = oracle.crashes[.task(Int(chunk.first))] ?? 0
    if crashes == 0 { return violate("task \(chunk.first) is quarantined, but has crashed no worker") }
  }

  func check(_ note: Coordinator.Note) {
    switch note {
    case .quarantined(let chunk, _, let reason): if reason.contains("crash") { checkQuarantine(of: chunk) }
    case .deviates(let deviation, _):
      if !corruptWorkers.contains(deviation.worker) {
        violate("a correct worker is reported as deviating")
      }
    case .resultsDiffer(_, let one, let other):
      if corruptWorkers.isDisjoint(with: [one, other]) { violate("results of correct workers differ") }
    case .lost(let worker, .excluded(let reason)):
      if reason.contains("bad memory"), !corruptWorkers.contains(worker) {
        violate("a correct worker is expelled: \(reason)")
      }
    default: break
    }
  }

  // MARK: Contradictions

  /// Returns whether the result differs from the accepted result of the same chunk.
  func contradictsKnownResult(_ event: Coordinator.Event, from worker: WorkerID) -> Bool {
    guard case .result(let result) = event, let known = digests[[result.job, result.chunk]],
      !result.hasError, known != Array(result.digest)
    else { return false }
    return coordinator!.overview.contains { $0.id == worker }
  }

  /// Checks that two different results of the same chunk are reported, and no other results.
  func checkContradictions(
    _ event: Coordinator.Event, of worker: WorkerID, isContradiction: Bool, _ actions: [Coordinator.Action]
  ) {
    for action in actions {
      if case .keepResult(let chunk, let job) = action, case .result(let result) = event {
        digests[[job, chunk.id]] = Array(result.digest)
      }
      if case .end(_, let job) = action { digests = digests.filter { $0.key[0] != job } }
    }
    let isNamed = actions.contains {
      if case .note(.resultsDiffer(_, _, worker)) = $0 { true } else { false }
    }
    if isContradiction != isNamed {
      violate(isNamed ? "equal results are reported as different" : "different results are not reported")
    }
  }

  // MARK: Weights

  /// Checks that the weights after a step are those of a training in one process.
  func check(_ weights: UInt64, after step: UInt64, of network: SimulatedNetwork) {
    let history = histories[network.number] ?? network.history
    histories[network.number] = history
    if step >= history.count || history[Int(step)] != weights {
      violate("network \(network.number) has wrong weights after step \(step)")
    }
  }
}

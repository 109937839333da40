import Coordination
import Testing

/// Trainings in which a host computes wrongly. An error of one member reaches the weights of all members within a
/// round.
struct CorruptionTests {
  /// Limits with a check every few rounds, since simulated trainings are short.
  private static var limits: Limits {
    var limits = Limits()
    limits.checkedFraction = 0.2
    return limits
  }

  enum Fault: CaseIterable {
    case weights, gradients, sums

    func corruption(after step: UInt64) -> Corruption {
      switch self {
      case .weights: .weights(after: step)
      case .gradients: .gradients(after: step)
      case .sums: .sums(after: step)
      }
    }
  }

  private func deviating(in simulation: Simulation) -> Set<WorkerID> {
    Set(simulation.notes.compactMap { if case .deviates(let deviation, _) = $0 { deviation.worker } else { nil } })
  }

  /// The weights are those of a training in one process, or the training fails; and only corrupt members are expelled.
  @Test(arguments: 0..<6) func corruptMembersNeverChangeWeights(block: Int) {
    var (trained, expelled) = (0, 0)
    for seed in seeds(block, of: 100) {
      var random = SplitMix(state: seed)
      var faults = seed % 2 == 0 ? Faults.random(&random) : Faults()
      faults.corruptWorkers = 0.15
      let training = SimulatedTraining(SimulatedNetwork(number: seed, rounds: 80, shards: 8))
      let simulation = Simulation(seed: seed, training, workers: 5, faults: faults, limits: Self.limits)
      #expect(simulation.run(), "seed \(seed): the training never ended")
      #expect(simulation.violations.isEmpty, "seed \(seed)")
      if simulation.ended == .trained {
        #expect(training.weights == training.expectedWeights, "seed \(seed)")
        trained += 1
        expelled += deviating(in: simulation).count
      } else if case .failed(let reason) = simulation.ended {
        #expect(reason.contains("no majority") && !simulation.corruptWorkers.isEmpty, "seed \(seed): \(reason)")
      } else {
        Issue.record("seed \(seed): \(String(describing: simulation.ended))")
      }
    }
    #expect(trained > 35 && expelled > 10, "\(trained) trained, \(expelled) expelled")
  }

  /// The other members finish the training.
  @Test(arguments: Fault.allCases) func expelsCorruptMember(fault: Fault) {
    for seed in UInt64(0)..<80 {
      let training = SimulatedTraining(SimulatedNetwork(number: seed, rounds: 80, shards: 8))
      let simulation = Simulation(
        seed: seed, training, workers: 3 + Int(seed % 3), faults: Faults(end: 0, corruptWorkers: 0),
        limits: Self.limits)
      let faulty = simulation.workers.keys.sorted()[Int(seed) % simulation.workers.count]
      simulation.corrupt(faulty, fault.corruption(after: seed % 70))
      #expect(simulation.run() && simulation.violations.isEmpty && simulation.ended == .trained, "seed \(seed)")
      #expect(training.weights == training.expectedWeights, "seed \(seed): wrong weights")
      #expect(deviating(in: simulation) == [faulty], "seed \(seed)")
    }
  }

  /// A single wrong gradient is found if all gradients are computed more than once.
  @Test func fullChecksFindEveryWrongGradient() {
    var limits = Limits()
    limits.checkedFraction = 1
    for seed in UInt64(0)..<60 {
      let training = SimulatedTraining(SimulatedNetwork(number: seed, rounds: 120, shards: 8))
      let simulation = Simulation(
        seed: seed, training, workers: 3, faults: Faults(end: 0, corruptWorkers: 0), limits: limits)
      let faulty = simulation.workers.keys.sorted()[Int(seed % 3)]
      simulation.corrupt(faulty, .oneGradient(after: seed % 40))
      #expect(simulation.run() && simulation.violations.isEmpty && simulation.ended == .trained, "seed \(seed)")
      #expect(training.weights == training.expectedWeights, "seed \(seed)")
      #expect(deviating(in: simulation) == [faulty], "seed \(seed)")
    }
  }

  /// Two members have no majority. The checkpoints that were kept before are correct.
  @Test(arguments: Fault.allCases) func twoDifferentMembersEndTraining(fault: Fault) {
    for seed in UInt64(0)..<100 {
      let training = SimulatedTraining(SimulatedNetwork(number: seed, rounds: 80, shards: 8))
      let simulation = Simulation(
        seed: seed, training, workers: 2, faults: Faults(end: 0, corruptWorkers: 0), limits: Self.limits)
      let faulty = simulation.workers.keys.sorted()[Int(seed % 2)]
      simulation.corrupt(faulty, fault.corruption(after: 20 + seed % 50))
      #expect(simulation.run() && simulation.violations.isEmpty, "seed \(seed)")
      guard case .failed(let reason) = simulation.ended else {
        Issue.record("seed \(seed): \(String(describing: simulation.ended))")
        continue
      }
      #expect(reason.contains("no majority") && reason.components(of: "simulated, process") == 2, "\(reason)")
      #expect(training.savedStep > 0, "seed \(seed): there is a checkpoint")
      let resumed = Simulation(seed: seed, training, workers: 2, faults: Faults(end: 0), limits: Self.limits)
      #expect(resumed.run() && resumed.violations.isEmpty && resumed.ended == .trained, "seed \(seed)")
      #expect(training.weights == training.expectedWeights, "seed \(seed)")
    }
  }
}

extension String {
  /// Returns the number of occurrences of `text`.
  fileprivate func components(of text: String) -> Int {
    var (count, rest) = (0, self[...])
    while let range = rest.firstRange(of: text) {
      count += 1
      rest = rest[range.upperBound...]
    }
    return count
  }
}

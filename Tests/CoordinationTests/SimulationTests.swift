import Coordination
import Foundation
import Testing

/// `deploy/soak` goes on from ever new seeds.
let firstSeed = ProcessInfo.processInfo.environment["ATELIER_FIRST_SEED"].flatMap { UInt64($0) } ?? 0

func seeds(_ block: Int, of count: UInt64) -> Range<UInt64> {
  firstSeed + UInt64(block) * count..<firstSeed + UInt64(block + 1) * count
}

/// A test of faults that had none would show nothing.
/// - Parameter kinds: that there need not be
func expectAll(_ injected: [FaultKind: Int], but kinds: Set<FaultKind> = [.voidRound]) {
  for kind in FaultKind.allCases where !kinds.contains(kind) {
    #expect(injected[kind, default: 0] > 0, "no \(kind) was injected: \(injected)")
  }
}

/// Thousands of clusters with failures, each wholly determined by its seed.
struct SimulationTests {
  /// Checks what holds whatever happens. - Returns: whether the tasks have come to their end
  private func check(_ tasks: SimulatedTasks, _ simulation: Simulation, _ seed: UInt64) -> Bool {
    #expect(simulation.run(), "seed \(seed): the job never ended")
    #expect(simulation.violations.isEmpty, "seed \(seed)")
    guard case .done(let chunks) = simulation.ended else { return false }
    let quarantined = chunks.flatMap(\.tasks)
    #expect((tasks.done + quarantined).sorted() == Array(tasks.milliseconds.indices), "seed \(seed): each has one end")
    #expect(Set(quarantined).isSuperset(of: tasks.crashing.union(tasks.failing)), "seed \(seed): these give no result")
    #expect(
      Set(tasks.quarantined.flatMap(\.chunk.tasks)).isSuperset(of: quarantined), "seed \(seed): what is set aside is told")
    for (chunk, reason) in tasks.quarantined where reason == SimulatedTasks.failure {
      #expect(chunk.tasks.contains(where: tasks.failing.contains), "seed \(seed): nothing else fails")
    }
    let killers = tasks.quarantined.filter { $0.reason != SimulatedTasks.failure }.flatMap(\.chunk.tasks)
    #expect(Set(killers) == tasks.crashing, "seed \(seed): the innocent come through")
    return true
  }

  @Test(arguments: 0..<8) func everyTaskCountsOnceDespiteFailures(block: Int) {
    var injected: [FaultKind: Int] = [:]
    for seed in seeds(block, of: 300) {
      var random = SplitMix(state: seed)
      let faults = Faults.random(&random)
      let taskCount = Int.random(in: 1...400, using: &random)
      let workers = Int.random(in: 1...(seed % 20 == 0 ? 50 : 6), using: &random)
      let tasks = SimulatedTasks(
        milliseconds: [Int](repeating: 30, count: taskCount), isUneven: seed.isMultiple(of: 3))
      func some() -> Set<Int> {
        guard random.chance(0.2) else { return [] }
        return Set((0..<2).map { _ in Int.random(in: 0..<taskCount, using: &random) })
      }
      tasks.crashing = some()
      tasks.failing = some().subtracting(tasks.crashing)
      let simulation = Simulation(
        seed: seed, tasks, workers: workers, faults: faults,
        limits: seed.isMultiple(of: 2) ? Limits() : .random(&random))
      #expect(check(tasks, simulation, seed), "seed \(seed): \(String(describing: simulation.ended))")
      injected.merge(simulation.injected, uniquingKeysWith: +)
    }
    expectAll(injected)
  }

  @Test(arguments: 0..<8) func trainingEndsWithCorrectWeightsDespiteFailures(block: Int) {
    var injected: [FaultKind: Int] = [:]
    for seed in seeds(block, of: 150) {
      var random = SplitMix(state: seed)
      let faults = Faults.random(&random)
      let workers = Int.random(in: 1...(seed % 25 == 0 ? 20 : 5), using: &random)
      let shards = [1, 4, 8, 8, 12][Int.random(in: 0..<5, using: &random)]
      let training = SimulatedTraining(
        SimulatedNetwork(number: seed, rounds: UInt64.random(in: 1...120, using: &random), shards: shards))
      let simulation = Simulation(
        seed: seed, training, workers: workers, faults: faults,
        limits: seed.isMultiple(of: 2) ? Limits() : .random(&random))
      #expect(simulation.run(), "seed \(seed): the training never ended")
      #expect(simulation.violations.isEmpty, "seed \(seed)")
      #expect(simulation.ended == .trained, "seed \(seed)")
      #expect(training.weights == training.expectedWeights, "seed \(seed): not what one process comes to")
      injected.merge(simulation.injected, uniquingKeysWith: +)
    }
    expectAll(injected, but: [])
  }

  enum BadMember: CaseIterable { case cut, doesNotSend, doesNotReceive, doesNotReceiveFromCoordinator, doesNotSendToCoordinator, sendsInvalid }

  /// Two members that never hear of each other, of which one does not hear the other or the coordinator, or one that
  /// sends the others what is of no use: the others go on, or one goes on alone.
  @Test(arguments: BadMember.allCases) func oneFaultyMemberDoesNotStopTraining(kind: BadMember) {
    for seed in UInt64(0)..<60 {
      let training = SimulatedTraining(SimulatedNetwork(number: seed, rounds: 120, shards: 8))
      let simulation = Simulation(seed: seed, training, workers: 2 + Int(seed % 4), faults: Faults(end: 0))
      let workers = simulation.workers.keys.sorted()
      switch kind {
      case .cut: simulation.cut(workers[0], workers[1], for: 1_000_000)
      case .doesNotSend: simulation.cutOneWay(from: workers[0], to: workers[1], for: 1_000_000)
      case .doesNotReceive: simulation.cutOneWay(from: workers[1], to: workers[0], for: 1_000_000)
      case .doesNotReceiveFromCoordinator: simulation.cutOneWay(from: 0, to: workers[0], for: 1_000_000)
      case .doesNotSendToCoordinator: simulation.cutOneWay(from: workers[0], to: 0, for: 1_000_000)
      case .sendsInvalid: simulation.workers[workers[0]]!.sendsInvalid = true
      }
      #expect(simulation.run(limit: 400_000), "seed \(seed): the training never ended")
      #expect(simulation.violations.isEmpty && simulation.ended == .trained, "seed \(seed)")
      #expect(training.weights == training.expectedWeights, "seed \(seed): not what one process comes to")
    }
  }

  @Test func simulationIsDeterministic() {
    func trace(_ seed: UInt64) -> (Milliseconds, Int) {
      var random = SplitMix(state: seed)
      let training = SimulatedTraining(SimulatedNetwork(number: seed, rounds: 40, shards: 8))
      let simulation = Simulation(seed: seed, training, workers: 4, faults: .random(&random))
      _ = simulation.run()
      return (simulation.now, simulation.coordinatorMessages)
    }
    for seed in UInt64(1)...5 { #expect(trace(seed) == trace(seed)) }
  }

  @Test func crashingTaskIsQuarantined() {
    for seed in UInt64(0)..<50 {
      let tasks = SimulatedTasks(milliseconds: [Int](repeating: 30, count: 200), isUneven: seed.isMultiple(of: 3))
      tasks.crashing = [117]
      let simulation = Simulation(seed: seed, tasks, workers: 20)
      #expect(check(tasks, simulation, seed))
      #expect(tasks.quarantined.map(\.chunk.tasks) == [117..<118], "seed \(seed)")
      // Of the task's chunk and then of the task alone, three times each, two at a time.
      let dead = simulation.notes.count { if case .lost = $0 { true } else { false } }
      #expect(dead <= 12, "seed \(seed): \(dead) have died of it")
    }
  }

  /// A switch fails, or the coordinator stands still; or, once, half of all workers die: no work is to blame, though
  /// all are lost that have it.
  @Test(arguments: [
    Faults(blackouts: 0.3), Faults(coordinatorSuspensions: 0.3), Faults(loss: 0.1, blackouts: 0.3, coordinatorSuspensions: 0.3),
    Faults(end: 1_200, hostCrashes: 4),
  ]) func simultaneousLossesCauseNoQuarantine(faults: Faults) {
    for seed in UInt64(0)..<100 {
      let tasks = SimulatedTasks(milliseconds: [3_000, 3_000, 3_000, 20_000, 20_000], isUneven: true)
      let simulation = Simulation(seed: seed, tasks, workers: 6, faults: faults)
      #expect(check(tasks, simulation, seed) && tasks.quarantined.isEmpty, "seed \(seed)")
    }
  }

  /// Where nobody dies of it, nobody is blamed for who cannot do it.
  @Test func unableWorkersAreExcluded() {
    for seed in UInt64(0)..<200 {
      let tasks = SimulatedTasks(milliseconds: [Int](repeating: 30, count: 50), isUneven: false, awaiting: 4)
      let simulation = Simulation(seed: seed, tasks, workers: 4, faults: Faults(loss: 0.2, unableWorkers: 0.6))
      let fit = simulation.workers.values.count { !$0.isUnable }
      #expect(check(tasks, simulation, seed) == (fit > 0), "seed \(seed): \(fit) of 4 can")
      if fit == 0 { #expect(simulation.ended == .impossible(reason: "it cannot do any job"), "seed \(seed)") }
    }
  }

  /// Of what two workers have done, who computes something else is found out, and named.
  @Test func differentResultsAreDetected() {
    var failed = 0
    for seed in UInt64(0)..<400 {
      var random = SplitMix(state: seed)
      var faults = seed % 2 == 0 ? Faults.random(&random) : Faults()
      faults.corruptWorkers = 0.3
      let tasks = SimulatedTasks(milliseconds: [Int](repeating: 30, count: 20), isUneven: true)
      let simulation = Simulation(seed: seed, tasks, workers: 4, faults: faults)
      if check(tasks, simulation, seed) { continue }
      guard case .failed(let reason) = simulation.ended else {
        Issue.record("seed \(seed): \(String(describing: simulation.ended))")
        continue
      }
      #expect(reason.contains("different results") && !simulation.corruptWorkers.isEmpty, "seed \(seed)")
      failed += 1
    }
    #expect(failed > 20)
  }
}

import Coordination
import Foundation
import Testing

/// Sweeps with failures, each determined by its seed: fits of very different length, which are reordered while they run
/// and some of which crash workers; and searches whose fits depend on the results of others.
struct SweepSimulationTests {
  // MARK: Fits known from the start

  /// - Parameter faults: The failures; nil for random ones.
  private func sweep(
    _ seed: UInt64, faults: Faults? = nil, crashing count: ClosedRange<Int>
  ) -> (SimulatedTasks, Simulation) {
    var random = SplitMix(state: seed)
    let faults = faults ?? .random(&random)
    // From 5 ms to 5 s, log-uniformly. The longest fits come first, as in a plan, or not: estimates may be wrong.
    var milliseconds = (0..<Int.random(in: 1...60, using: &random)).map { _ in
      Int(5 * pow(1_000, Double.random(in: 0...1, using: &random)))
    }
    if random.chance(0.5) { milliseconds.sort(by: >) }
    let tasks = SimulatedTasks(milliseconds: milliseconds, isUneven: true)
    tasks.crashing = Set(
      (0..<Int.random(in: count, using: &random)).map { _ in Int.random(in: milliseconds.indices, using: &random) })
    let simulation = Simulation(
      seed: seed, tasks, workers: Int.random(in: 1...6, using: &random), faults: faults,
      limits: seed.isMultiple(of: 2) ? Limits() : .random(&random))
    Self.reorderNowAndThen(simulation, taskCount: milliseconds.count)
    return (tasks, simulation)
  }

  /// Reorders the tasks from time to time, as a search does that has learned the costs of fits. Some tasks may be done
  /// or in progress, or be left out.
  private static func reorderNowAndThen(_ simulation: Simulation, taskCount: Int) {
    simulation.schedule(after: Int.random(in: 50...4_000, using: &simulation.random)) { simulation in
      let order = Array(0..<taskCount).shuffled(using: &simulation.random)
      simulation.reorder(Array(order.prefix(Int.random(in: 0...taskCount, using: &simulation.random))))
      reorderNowAndThen(simulation, taskCount: taskCount)
    }
  }

  /// Checks the properties that hold despite all failures.
  /// - Returns: The quarantined tasks.
  private func check(_ tasks: SimulatedTasks, _ simulation: Simulation, _ seed: UInt64) -> Set<Int> {
    #expect(simulation.run(), "seed \(seed): the sweep never ended")
    #expect(simulation.violations.isEmpty, "seed \(seed): \(simulation.violations)")
    guard case .done(let chunks) = simulation.ended else {
      Issue.record("seed \(seed): \(String(describing: simulation.ended))")
      return []
    }
    let quarantined = chunks.flatMap(\.tasks)
    #expect(
      (tasks.done + quarantined).sorted() == Array(tasks.milliseconds.indices), "seed \(seed): each fit ends once")
    #expect(
      Set(tasks.quarantined.flatMap(\.chunk.tasks)).isSuperset(of: quarantined),
      "seed \(seed): quarantined fits are reported")
    #expect(Set(quarantined) == tasks.crashing, "seed \(seed): only crashing fits are quarantined")
    return Set(quarantined)
  }

  @Test(arguments: 0..<20) func everyFitEndsOnceDespiteFailures(block: Int) {
    var injected: [FaultKind: Int] = [:]
    for seed in seeds(block, of: 100) {
      let (tasks, simulation) = sweep(seed, crashing: 0...2)
      _ = check(tasks, simulation, seed)
      injected.merge(simulation.injected, uniquingKeysWith: +)
    }
    expectAll(injected)
  }

  /// A worker that receives nothing any more kept a chunk whose result was lost.
  @Test func chunkOfAWorkerThatReceivesNothingIsMoved() {
    let seed: UInt64 = 1_795_737_681
    let (tasks, simulation) = sweep(seed, crashing: 0...2)
    _ = check(tasks, simulation, seed)
  }

  @Test(arguments: 0..<10) func crashingFitsAreQuarantinedAndOthersFinish(block: Int) {
    var crashes: [Int] = []
    for seed in seeds(block, of: 100) {
      let (tasks, simulation) = sweep(seed, faults: Faults(), crashing: 1...3)
      _ = check(tasks, simulation, seed)
      crashes.append(simulation.oracle.crashes.values.max() ?? 0)
    }
    // The median is 6, and one fit in a hundred crashes more than 15 workers: the less other work there is to compare
    // with, the more crashes are significant.
    crashes.sort()
    #expect(crashes[crashes.count / 2] <= 8 && crashes[crashes.count * 9 / 10] <= 14, "\(crashes)")
    #expect(crashes.last! <= 40, "\(crashes)")
  }

  /// Workers live half or twice as long as the longest fits take: each fit is repeated until it is done, and only
  /// crashing fits are quarantined.
  @Test(arguments: [20.0, 80]) func longFitsOnUnreliableWorkersAreNotQuarantined(life: Double) {
    var crashes = 0
    for seed in firstSeed..<firstSeed + 60 {
      var random = SplitMix(state: seed)
      let workers = Int.random(in: 2...8, using: &random)
      let tasks = SimulatedTasks(
        milliseconds: (0..<20).map { _ in Int.random(in: 1_000...40_000, using: &random) }, isUneven: true)
      if seed.isMultiple(of: 2) { tasks.crashing = [Int.random(in: 0..<20, using: &random)] }
      let faults = Faults(end: .max, workerCrashes: Double(workers) / life)
      let simulation = Simulation(seed: seed, tasks, workers: workers, faults: faults)
      // With two workers, it can take days until a worker has lived long enough to prove that the fit crashes it.
      #expect(simulation.run(limit: 1_000_000_000), "seed \(seed): the sweep never ended")
      #expect(simulation.violations.isEmpty, "seed \(seed): \(simulation.violations)")
      #expect(Set(tasks.quarantined.flatMap(\.chunk.tasks)) == tasks.crashing, "seed \(seed)")
      #expect(tasks.done.count == 20 - tasks.crashing.count, "seed \(seed)")
      crashes += simulation.injected[.workerCrash] ?? 0
    }
    #expect(Double(crashes) > 60 * 800 / life, "\(crashes)")
  }

  @Test func simulationIsDeterministic() {
    func trace(_ seed: UInt64) -> [Int] {
      let (tasks, simulation) = sweep(seed, crashing: 0...2)
      _ = simulation.run()
      return [simulation.now, simulation.coordinatorMessages] + tasks.done.sorted()
    }
    for seed in UInt64(1)...5 { #expect(trace(seed) == trace(seed)) }
  }

  // MARK: Fits that depend on others

  /// The table does not depend on the number of workers or on failures.
  @Test(arguments: 0..<20) func tableOfGrowingSweepIsIndependentOfWorkers(block: Int) {
    var grown = 0
    var injected: [FaultKind: Int] = [:]
    for seed in seeds(block, of: 10) {
      var random = SplitMix(state: seed)
      let definition = SimulatedSearch.forests(&random)
      let expected = SimulatedSweep(definition).expected
      for workers in 1...8 {
        let sweep = SimulatedSweep(definition)
        let limits = workers.isMultiple(of: 2) ? Limits() : .random(&random)
        let simulation = Simulation(
          seed: mixed(seed, UInt64(workers)), sweep, workers: workers, faults: .random(&random), limits: limits)
        #expect(
          simulation.run() && simulation.violations.isEmpty,
          "seed \(seed), \(workers) workers: \(simulation.violations)")
        #expect(simulation.ended == .done(quarantined: []), "seed \(seed), \(workers) workers")
        #expect(sweep.search.result == expected, "seed \(seed), \(workers) workers")
        grown = max(grown, sweep.grown)
        injected.merge(simulation.injected, uniquingKeysWith: +)
      }
    }
    expectAll(injected)
    #expect(grown > 1, "later fits depend on earlier results")
  }

  /// Only crashing configurations have no scores, whatever they are grouped with and however many workers there are.
  @Test func tableOfSweepWithCrashingFitsIsIndependentOfWorkers() {
    var lost = 0
    for seed in firstSeed..<firstSeed + 60 {
      var random = SplitMix(state: seed)
      let definition = SimulatedSearch.forests(&random)
      let tables = (1...4).map { workers in
        let sweep = SimulatedSweep(definition, crashingOneIn: 8)
        let simulation = Simulation(seed: mixed(seed, UInt64(workers)), sweep, workers: workers)
        #expect(
          simulation.run() && simulation.violations.isEmpty,
          "seed \(seed), \(workers) workers: \(simulation.violations)")
        #expect(sweep.lost == (areCrashing: true, areAll: true), "seed \(seed), \(workers) workers")
        #expect(sweep.search.result == sweep.expected, "seed \(seed), \(workers) workers")
        lost += sweep.search.failed.count
        return sweep.search.result
      }
      #expect(Set(tables).count == 1, "seed \(seed)")
    }
    #expect(lost > 100)
  }

  /// Crashing configurations have no scores. All others have the same scores as without them.
  @Test(arguments: 0..<20) func crashingFitsDoNotAffectOthers(block: Int) {
    for seed in seeds(block, of: 40) {
      var random = SplitMix(state: seed)
      let sweep = SimulatedSweep(SimulatedSearch.forests(&random), crashingOneIn: [0, 3, 12][Int(seed % 3)])
      let faults = Faults.random(&random)
      let simulation = Simulation(
        seed: seed, sweep, workers: Int.random(in: 1...8, using: &random), faults: faults,
        limits: seed.isMultiple(of: 2) ? Limits() : .random(&random))
      #expect(simulation.run() && simulation.violations.isEmpty, "seed \(seed): \(simulation.violations)")
      #expect(sweep.search.result == sweep.expected, "seed \(seed)")
      #expect(sweep.lost.areCrashing, "seed \(seed): only crashing fits are lost")
      #expect(sweep.lost.areAll, "seed \(seed): crashing fits have no scores")
    }
  }
}

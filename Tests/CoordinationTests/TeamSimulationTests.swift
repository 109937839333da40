import Coordination
import Selection
import Testing

/// Searches whose networks are trained by teams, with failures, each determined by its seed.
struct TeamSimulationTests {
  /// The table does not depend on the number of workers, the size of the teams, or failures.
  @Test(arguments: 0..<20) func tableOfTeamsIsIndependentOfWorkers(block: Int) {
    var injected: [FaultKind: Int] = [:]
    for seed in seeds(block, of: 5) {
      var random = SplitMix(state: seed)
      let definition = SimulatedSearch.networks(&random)
      let blocks = Int.random(in: 1...12, using: &random)
      let faultyOneIn: UInt64 = 0
      let expected = SimulatedTeams(definition, size: 1, blocks: blocks, faultyOneIn: faultyOneIn).expected
      for workers in 1...8 {
        let teams = SimulatedTeams(
          definition, size: Int.random(in: 1...4, using: &random), blocks: blocks, faultyOneIn: faultyOneIn)
        let limits = workers.isMultiple(of: 2) ? Limits() : .random(&random)
        let simulation = Simulation(
          seed: mixed(seed, UInt64(workers)), teams, workers: workers, faults: .random(&random), limits: limits)
        #expect(simulation.run() && simulation.violations.isEmpty, "seed \(seed), \(workers) workers")
        #expect(simulation.ended == .done(quarantined: []), "seed \(seed), \(workers) workers")
        #expect(teams.search.result == expected, "seed \(seed), \(workers) workers")
        injected.merge(simulation.injected, uniquingKeysWith: +)
      }
    }
    expectAll(injected, but: [])
  }

  /// Runs a search of the seed's networks, workers, limits and failures.
  private func checkSearch(_ seed: UInt64) -> SimulatedTeams {
    var random = SplitMix(state: seed)
    let faults = Faults.random(&random)
    let workers = Int.random(in: 1...(seed % 25 == 0 ? 20 : 7), using: &random)
    let teams = SimulatedTeams(
      SimulatedSearch.networks(&random), size: Int.random(in: 1...4, using: &random),
      blocks: Int.random(in: 1...12, using: &random), faultyOneIn: [0, 4][Int(seed % 2)])
    let simulation = Simulation(
      seed: seed, teams, workers: workers, faults: faults,
      limits: seed.isMultiple(of: 4) ? .random(&random) : Limits())
    #expect(simulation.run(), "seed \(seed): the search never ended")
    #expect(simulation.violations.isEmpty, "seed \(seed)")
    #expect(teams.search.result == teams.expected, "seed \(seed)")
    #expect(teams.lost.areAll, "seed \(seed): crashing networks have no scores")
    #expect(teams.lost.areCrashing, "seed \(seed): only crashing networks are lost")
    return teams
  }

  @Test(arguments: 0..<20) func teamsTrainEachNetworkOnce(block: Int) {
    var (count, lost) = (0, 0)
    for seed in seeds(block, of: 50) {
      let teams = checkSearch(seed)
      count += teams.search.search.tasks.count
      lost += teams.search.failed.count
    }
    #expect(lost > 0 && lost < count, "\(lost) of \(count)")
  }

  /// Seeds that have failed: the only workers that had not failed received nothing, the timeouts of silent workers were
  /// counted as running time, a loss before the newest step was attributed to that step, and the time of the members
  /// that survived was counted as that of other work.
  @Test(arguments: [UInt64(1_795_747_505), 1_795_757_602, 1_795_758_291, 1_795_801_400])
  func seedsThatHaveFailedPass(seed: UInt64) { _ = checkSearch(seed) }

  @Test func crashingFitIsAbandonedAndOthersContinue() {
    var abandoned = 0
    for seed in UInt64(0)..<50 {
      var random = SplitMix(state: seed)
      let teams = SimulatedTeams(SimulatedSearch.networks(&random), size: 2, blocks: 4, faultyOneIn: 3)
      let simulation = Simulation(seed: seed, teams, workers: 4)
      #expect(simulation.run() && simulation.violations.isEmpty, "seed \(seed)")
      #expect(teams.search.result == teams.expected, "seed \(seed)")
      #expect(teams.lost.areAll && teams.lost.areCrashing, "seed \(seed)")
      if teams.search.search.configurations.count > 1 { #expect(teams.maxConcurrent >= 2, "seed \(seed)") }
      abandoned += teams.search.failed.count
    }
    #expect(abandoned > 50)
  }
}

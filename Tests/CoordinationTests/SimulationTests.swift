import Coordination
import Foundation
import Testing

/// Thousands of clusters with accidents, each wholly determined by its seed.
struct SimulationTests {
  /// `deploy/soak` goes on from ever new seeds.
  private let firstSeed = ProcessInfo.processInfo.environment["ATELIER_FIRST_SEED"].flatMap { UInt64($0) } ?? 0

  @Test(arguments: 0..<20) func everyUnitCountsOnceWhateverHappens(block: Int) {
    for seed in firstSeed + UInt64(block * 500)..<firstSeed + UInt64(block * 500 + 500) {
      var random = SplitMix(state: seed)
      let faults = Faults.random(&random)
      let units = Int.random(in: 1...400, using: &random)
      let workers = Int.random(in: 1...(seed % 20 == 0 ? 50 : 6), using: &random)
      let simulation = Simulation(seed: seed, kind: .tasks(units: units), workers: workers, faults: faults)
      #expect(simulation.run(), "seed \(seed): the job never ended")
      #expect(simulation.violations.isEmpty, "seed \(seed)")
      if case .done(let setAside) = simulation.ended {
        let missing = setAside.flatMap { Array(Int($0.first)..<Int($0.first + $0.count)) }
        #expect(
          simulation.unitsDone.count + missing.count == units, "seed \(seed): \(simulation.unitsDone.count) of \(units)"
        )
      } else {
        Issue.record("seed \(seed): \(String(describing: simulation.ended))")
      }
    }
  }

  @Test(arguments: 0..<20) func membersAlwaysAgreeAndTheTrainingEnds(block: Int) {
    for seed in firstSeed + UInt64(block * 250)..<firstSeed + UInt64(block * 250 + 250) {
      var random = SplitMix(state: seed)
      let faults = Faults.random(&random)
      let workers = Int.random(in: 1...(seed % 25 == 0 ? 20 : 5), using: &random)
      let shards = [1, 4, 8, 8, 12][Int.random(in: 0..<5, using: &random)]
      let kind = Simulation.Kind.training(rounds: UInt64.random(in: 1...120, using: &random), shards: shards)
      let simulation = Simulation(seed: seed, kind: kind, workers: workers, faults: faults)
      #expect(simulation.run(), "seed \(seed): the training never ended")
      #expect(simulation.violations.isEmpty, "seed \(seed)")
      #expect(simulation.ended == .trained, "seed \(seed)")
    }
  }

  @Test(arguments: 0..<20) func teamsTrainEachNetworkOnce(block: Int) {
    var (count, givenUp) = (0, 0)
    for seed in firstSeed + UInt64(block * 150)..<firstSeed + UInt64(block * 150 + 150) {
      var random = SplitMix(state: seed)
      let faults = Faults.random(&random)
      let workers = Int.random(in: 1...(seed % 25 == 0 ? 20 : 7), using: &random)
      let trials = SimulatedTrials(
        count: Int.random(in: 1...8, using: &random), size: Int.random(in: 1...4, using: &random),
        lookAhead: random.chance(0.5) ? Int.random(in: 0...3, using: &random) : .max / 2, random: &random)
      let simulation = Simulation(seed: seed, kind: .trials(trials), workers: workers, faults: faults)
      #expect(simulation.run(), "seed \(seed): the search never ended")
      #expect(simulation.violations.isEmpty, "seed \(seed)")
      #expect(simulation.trials!.ends.values.allSatisfy { $0 == 1 }, "seed \(seed)")
      let isPeaceful = faults.workerCrashes == 0 && faults.freezes == 0 && faults.partitions == 0
      #expect(!isPeaceful || simulation.trials!.givenUp.isEmpty, "seed \(seed): nobody has died")
      count += simulation.trials!.ends.count
      givenUp += simulation.trials!.givenUp.count
    }
    // Where two workers die in each second, three may die before the next step is taken; most trials survive even that.
    #expect(givenUp * 4 < count, "\(givenUp) of \(count)")
  }

  @Test func whatKillsItsTeamIsGivenUpAndTheOthersGoOn() {
    for seed in UInt64(0)..<50 {
      var random = SplitMix(state: seed)
      let trials = SimulatedTrials(count: 6, size: 2, random: &random)
      let simulation = Simulation(
        seed: seed, kind: .trials(trials), workers: 4, faults: Faults(end: 0, poisonedTrial: 2))
      #expect(simulation.run(limit: 600_000), "seed \(seed)")
      let isLong = simulation.trials!.rounds(of: 2) > 3
      #expect(simulation.trials!.givenUp.keys.sorted() == (isLong ? [2] : []), "seed \(seed)")
      #expect(simulation.trials!.ends.count == 6 && simulation.trials!.mostAtOnce >= 2, "seed \(seed)")
    }
  }

  /// Two members that never hear of each other, or one that sends the others what is of no use: the others go on, or one goes on alone.
  @Test(arguments: [Faults(end: 0, cutsALinkForGood: true), Faults(end: 0, sendsUnfit: true)])
  func oneBadMemberDoesNotStopATraining(faults: Faults) {
    for seed in UInt64(0)..<200 {
      let simulation = Simulation(
        seed: seed, kind: .training(rounds: 120, shards: 8), workers: 2 + Int(seed % 4), faults: faults)
      #expect(simulation.run(limit: 400_000), "seed \(seed): the training never ended")
      #expect(simulation.violations.isEmpty && simulation.ended == .trained, "seed \(seed)")
    }
  }

  @Test func theSameSeedIsTheSameStory() {
    func story(_ seed: UInt64) -> (Milliseconds, Int) {
      var random = SplitMix(state: seed)
      let simulation = Simulation(
        seed: seed, kind: .training(rounds: 40, shards: 8), workers: 4, faults: .random(&random))
      _ = simulation.run()
      return (simulation.now, simulation.coordinatorMessages)
    }
    for seed in UInt64(1)...5 { #expect(story(seed) == story(seed)) }
  }

  @Test func whatKillsThreeWorkersIsSetAside() {
    for seed in UInt64(0)..<50 {
      let simulation = Simulation(
        seed: seed, kind: .tasks(units: 200), workers: 3, faults: Faults(end: .max / 2, poison: 117))
      #expect(simulation.run(limit: 600_000), "seed \(seed)")
      guard case .done(let setAside) = simulation.ended else {
        Issue.record("seed \(seed)")
        continue
      }
      #expect(setAside.count == 1)
      #expect(setAside.allSatisfy { $0.first == 117 && $0.count == 1 }, "seed \(seed): the innocent come through")
    }
  }
}

import Coordination
import Testing

/// Pauses of the coordinator's process, or of its links to all workers. A pause of any length costs at most its own
/// time.
struct SuspensionSimulationTests {
  static let pauses: [Milliseconds] = [1_000, 6_000, 20_000, 120_000, 1_800_000]

  private func tasks(_ seed: UInt64) -> (SimulatedTasks, Simulation) {
    let tasks = SimulatedTasks(milliseconds: (0..<60).map { 200 + 40 * $0 % 700 }, isUneven: seed.isMultiple(of: 2))
    return (tasks, Simulation(seed: seed, tasks, workers: 4, faults: Faults(end: 0)))
  }

  private func losses(_ simulation: Simulation) -> Int {
    simulation.notes.count { if case .lost = $0 { true } else { false } }
  }

  /// Checks that chunks are not repeated, except by idle workers that share the chunks of others at the end or after a
  /// pause.
  private func checkTasks(_ tasks: SimulatedTasks, _ simulation: Simulation, _ name: String) {
    #expect(simulation.run(limit: 100_000_000) && simulation.violations.isEmpty, "\(name)")
    #expect(simulation.ended == .done(quarantined: []) && tasks.done.count == 60, "\(name)")
    #expect(simulation.droppedJobs == 0, "\(name): workers keep the job")
    let repeated = simulation.begunChunks - tasks.keptChunks
    #expect(repeated <= 16, "\(name): \(repeated) of \(tasks.keptChunks)")
  }

  @Test(arguments: pauses) func suspensionOfCoordinatorRepeatsNoTask(pause: Milliseconds) {
    for seed in UInt64(0)..<12 {
      let (tasks, simulation) = tasks(seed)
      simulation.schedule(after: 1_500 + 100 * Int(seed)) { $0.suspendCoordinator(for: pause) }
      checkTasks(tasks, simulation, "seed \(seed)")
      #expect(losses(simulation) == 0, "seed \(seed): no worker is lost")
      #expect(simulation.now > pause)
    }
  }

  /// The coordinator is not suspended, and declares all workers lost.
  @Test(arguments: pauses) func cutLinksRepeatNoTask(pause: Milliseconds) {
    for seed in UInt64(0)..<12 {
      let (tasks, simulation) = tasks(seed)
      simulation.schedule(after: 1_500 + 100 * Int(seed)) { simulation in
        for worker in simulation.workers.keys { simulation.cut(worker, 0, for: pause) }
      }
      checkTasks(tasks, simulation, "seed \(seed)")
      #expect(losses(simulation) == (pause > Limits().workerTimeout ? 4 : 0), "seed \(seed)")
    }
  }

  private func training(_ seed: UInt64) -> (SimulatedTraining, Simulation) {
    let training = SimulatedTraining(SimulatedNetwork(number: seed, rounds: 120, shards: 8))
    return (training, Simulation(seed: seed, training, workers: 3, faults: Faults(end: 0)))
  }

  /// Members continue without the coordinator. After a long pause they only have to send the trained network.
  @Test(arguments: pauses) func suspensionOfCoordinatorRepeatsNoRound(pause: Milliseconds) {
    for seed in UInt64(0)..<12 {
      let (_, undisturbed) = training(seed)
      #expect(undisturbed.run())
      let (training, simulation) = training(seed)
      let begin = 1_500 + 100 * Int(seed)
      // Some rounds are repeated when the first members join.
      var repeatedBefore = 0
      simulation.schedule(after: begin) { simulation in
        repeatedBefore = simulation.repeatedRounds
        simulation.suspendCoordinator(for: pause)
      }
      #expect(simulation.run(limit: 100_000_000) && simulation.violations.isEmpty, "seed \(seed)")
      #expect(simulation.ended == .trained && training.weights == training.expectedWeights, "seed \(seed)")
      #expect(simulation.repeatedRounds == repeatedBefore && simulation.droppedJobs == 0, "seed \(seed)")
      #expect(losses(simulation) == 0, "seed \(seed): no worker is lost")
      #expect(simulation.now <= max(2 * undisturbed.now, begin + pause) + 4_000, "seed \(seed): \(simulation.now)")
    }
  }

  /// All members are lost, and reconnect with their states. Each repeats at most one round per generation.
  @Test(arguments: pauses) func cutLinksLoseNoState(pause: Milliseconds) {
    for seed in UInt64(0)..<12 {
      let (training, simulation) = training(seed)
      simulation.schedule(after: 1_500 + 100 * Int(seed)) { simulation in
        for worker in simulation.workers.keys { simulation.cut(worker, 0, for: pause) }
      }
      #expect(simulation.run(limit: 100_000_000) && simulation.violations.isEmpty, "seed \(seed)")
      #expect(simulation.ended == .trained && training.weights == training.expectedWeights, "seed \(seed)")
      let generations = simulation.notes.count { if case .begun = $0 { true } else { false } }
      #expect(simulation.droppedJobs == 0, "seed \(seed)")
      #expect(simulation.repeatedRounds <= 3 * generations, "seed \(seed): \(simulation.repeatedRounds)")
    }
  }
}

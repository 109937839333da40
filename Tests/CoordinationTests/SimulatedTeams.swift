import Coordination
import Models
import Selection

/// A search whose networks are trained by teams, and then judged by them.
final class SimulatedTeams: SimulatedJob {
  private struct Open {
    let task: Int
    let team: Team
    var network: SimulatedNetwork
    /// Of blocks of images.
    var judged: [Int: UInt64] = [:]
    var quarantined: String?
  }

  let size: Int
  private(set) var search: SimulatedSearch
  /// Blocks of images that judge each network.
  private let blocks: Int
  /// One of so many networks kills whoever trains it, or cannot be trained; 0: none.
  private let fatefulOneIn: UInt64
  private var open: [UInt64: Open] = [:]
  private var ends: [(job: UInt64, end: Coordinator.JobEnd)] = []
  /// Planned, and not begun; the next is the last.
  private var waiting: [Int] = []
  private var hasMore = true
  private(set) var mostAtOnce = 0

  init(_ definition: SweepDefinition, size: Int, blocks: Int, fatefulOneIn: UInt64 = 0) {
    (search, self.size, self.blocks, self.fatefulOneIn) = (SimulatedSearch(definition), size, blocks, fatefulOneIn)
  }

  func network(of group: FitGroup) -> SimulatedNetwork {
    let number = group.number(of: 0)
    let fate: SimulatedNetwork.Fate =
      fatefulOneIn == 0 || mixed(number, 1) % fatefulOneIn > 0 ? .trains : mixed(number, 2) % 2 == 0 ? .dies : .fails
    return SimulatedNetwork(
      number: number, rounds: UInt64(group.members[0]["epochs"]!)!, shards: Int(group.members[0]["shards"]!)!,
      fate: fate)
  }

  private func outcome(_ judged: [UInt64]) -> FitOutcome { FitOutcome(value: judged.reduce(0) { mixed($0, $1) }) }

  var expected: [String] {
    search.expected { group, _ in
      var network = network(of: group)
      if network.isFateful, network.fate == .fails { return FitOutcome(failure: SimulatedNetwork.failure) }
      network.weights = network.history.last!
      return outcome((0..<blocks).map(network.judgement))
    }
  }

  var lost: (areDeadly: Bool, areAll: Bool) {
    search.lostTasks { group in
      let network = network(of: group)
      return network.isFateful && network.fate == .dies
    }
  }

  // MARK: What begins

  func begin(in simulation: Simulation) {
    (open, ends, waiting, hasMore) = ([:], [], [], true)
    search.beginAnew()
    simulation.command { $0.startTeams(at: $1) }
  }

  func goOn(in simulation: Simulation) {
    while !ends.isEmpty {
      let (job, end) = ends.removeFirst()
      take(end, of: job, in: simulation)
    }
    while open.isEmpty || simulation.coordinator!.hasWorkers(forTeamOf: size) {
      if waiting.isEmpty { waiting = search.plan().reversed() }
      guard let task = waiting.popLast() else {
        hasMore = false
        break
      }
      hasMore = true
      let network = network(of: search.search.tasks[task].group)
      let team = Team(of: size, atMost: network.shards)
      begin(
        Open(task: task, team: team, network: network),
        .training(TrainingGroup(savedStep: 0, rounds: network.rounds, shards: network.shards)), in: simulation)
    }
    if open.isEmpty, !hasMore { simulation.ended = .done(quarantined: []) }
  }

  private func begin(_ trial: Open, _ work: Coordinator.Workload, in simulation: Simulation) {
    simulation.command { $0.begin(work, description: trial.network.description, team: trial.team, at: $1) }
    open[simulation.coordinator!.lastJob] = trial
    mostAtOnce = max(mostAtOnce, open.count)
  }

  // MARK: What comes

  func work(on chunk: Chunk, _ description: [UInt8]) -> SimulatedWork {
    let network = SimulatedNetwork(description)!
    return SimulatedWork(milliseconds: 30 * Int(chunk.count), body: chunk.tasks.map(network.judgement))
  }

  func keep(_ checkpoint: Checkpoint, weights: UInt64, in simulation: Simulation) {
    guard var network = open[checkpoint.job]?.network else {
      return simulation.violate("a checkpoint of no job counts")
    }
    simulation.check(weights, after: checkpoint.step, of: network)
    (network.step, network.weights) = (checkpoint.step, weights)
    open[checkpoint.job]!.network = network
    if checkpoint.finished { return }
    simulation.command { $0.describe(checkpoint.job, network.description, at: $1) }
  }

  func keep(_ chunk: Chunk, of job: UInt64, _ body: [UInt64], in simulation: Simulation) {
    guard open[job]?.network.isTrained == true else { return simulation.violate("a job that judges nothing is judged") }
    for (block, value) in zip(chunk.tasks, body) {
      if open[job]!.judged.updateValue(value, forKey: block) != nil { simulation.violate("block \(block) counts twice") }
    }
  }

  func noteQuarantined(_ chunk: Chunk, of job: UInt64, reason: String, in simulation: Simulation) {
    open[job]?.quarantined = reason
  }

  // MARK: What ends

  func end(_ job: UInt64, _ end: Coordinator.JobEnd, in simulation: Simulation) { ends.append((job, end)) }

  private func take(_ end: Coordinator.JobEnd, of job: UInt64, in simulation: Simulation) {
    guard var trial = open.removeValue(forKey: job) else { return simulation.violate("job \(job) ends twice") }
    switch end {
    case .trained:
      trial.network.isTrained = true
      begin(trial, .tasks(TaskPool(tasks: [0..<blocks])), in: simulation)
    case .done:
      if let reason = trial.quarantined { return fail(trial, reason) }
      keep(outcome((0..<blocks).map { trial.judged[$0] ?? 0 }), of: trial, in: simulation)
    case .impossible(let reason): keep(FitOutcome(failure: reason), of: trial, in: simulation)
    case .abandoned(let reason): fail(trial, reason)
    case .failed: simulation.ended = end
    }
  }

  private func keep(_ outcome: FitOutcome, of trial: Open, in simulation: Simulation) {
    hasMore = true
    search.keep(trial.task, [outcome], seconds: Double.random(in: 1...10, using: &simulation.random))
  }

  private func fail(_ trial: Open, _ reason: String) {
    hasMore = true
    search.fail(trial.task, reason: reason)
  }
}

import Coordination
import Models
import Selection

/// A search whose networks are trained and evaluated by teams.
final class SimulatedTeams: SimulatedJob {
  private struct OpenFit {
    let task: Int
    let team: Team
    var network: SimulatedNetwork
    /// The results of the blocks of images.
    var evaluated: [Int: UInt64] = [:]
    var quarantined: String?
  }

  let size: Int
  private(set) var search: SimulatedSearch
  /// The number of blocks of images that evaluate each network.
  private let blocks: Int
  /// One of this number of networks crashes its members or fails; 0: none.
  private let faultyOneIn: UInt64
  private var open: [UInt64: OpenFit] = [:]
  private var ends: [(job: UInt64, end: Coordinator.JobEnd)] = []
  /// The planned tasks that have not begun, in reverse order.
  private var waiting: [Int] = []
  private var hasMore = true
  private(set) var maxConcurrent = 0

  init(_ definition: SweepDefinition, size: Int, blocks: Int, faultyOneIn: UInt64 = 0) {
    (search, self.size, self.blocks, self.faultyOneIn) = (SimulatedSearch(definition), size, blocks, faultyOneIn)
  }

  func network(of group: FitGroup) -> SimulatedNetwork {
    let number = group.number(of: 0)
    let behavior: SimulatedNetwork.Behavior =
      faultyOneIn == 0 || mixed(number, 1) % faultyOneIn > 0 ? .trains : mixed(number, 2) % 2 == 0 ? .crashes : .fails
    return SimulatedNetwork(
      number: number, rounds: UInt64(group.members[0]["epochs"]!)!, shards: Int(group.members[0]["shards"]!)!,
      behavior: behavior)
  }

  private func outcome(_ evaluated: [UInt64]) -> FitOutcome { FitOutcome(value: evaluated.reduce(0) { mixed($0, $1) }) }

  var expected: [String] {
    search.expected { group, _ in
      var network = network(of: group)
      if network.isFaulty, network.behavior == .fails { return FitOutcome(failure: SimulatedNetwork.failure) }
      network.weights = network.history.last!
      return outcome((0..<blocks).map(network.evaluation))
    }
  }

  var lost: (areCrashing: Bool, areAll: Bool) {
    search.lostTasks { group in
      let network = network(of: group)
      return network.isFaulty && network.behavior == .crashes
    }
  }

  // MARK: Jobs that begin

  func begin(in simulation: Simulation) {
    (open, ends, waiting, hasMore) = ([:], [], [], true)
    search.restart()
    simulation.command { $0.startTeams(at: $1) }
  }

  func advance(in simulation: Simulation) {
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
        OpenFit(task: task, team: team, network: network),
        .training(TrainingGroup(savedStep: 0, rounds: network.rounds, shards: network.shards)), in: simulation)
    }
    if open.isEmpty, !hasMore { simulation.ended = .done(quarantined: []) }
  }

  private func begin(_ fit: OpenFit, _ work: Coordinator.Workload, in simulation: Simulation) {
    simulation.command { $0.begin(work, description: fit.network.description, team: fit.team, at: $1) }
    open[simulation.coordinator!.lastJob] = fit
    maxConcurrent = max(maxConcurrent, open.count)
  }

  // MARK: Results

  func work(on chunk: Chunk, _ description: [UInt8]) -> SimulatedWork {
    let network = SimulatedNetwork(description)!
    return SimulatedWork(milliseconds: 30 * Int(chunk.count), body: chunk.tasks.map(network.evaluation))
  }

  func keep(_ checkpoint: Checkpoint, weights: UInt64, in simulation: Simulation) {
    guard var network = open[checkpoint.job]?.network else {
      return simulation.violate("a checkpoint of an unknown job is kept")
    }
    simulation.check(weights, after: checkpoint.step, of: network)
    (network.step, network.weights) = (checkpoint.step, weights)
    open[checkpoint.job]!.network = network
    if checkpoint.finished { return }
    simulation.command { $0.describe(checkpoint.job, network.description, at: $1) }
  }

  func keep(_ chunk: Chunk, of job: UInt64, _ body: [UInt64], in simulation: Simulation) {
    guard open[job]?.network.isTrained == true else { return simulation.violate("a training has results of chunks") }
    for (block, value) in zip(chunk.tasks, body) {
      if open[job]!.evaluated.updateValue(value, forKey: block) != nil {
        simulation.violate("block \(block) counts twice")
      }
    }
  }

  func noteQuarantined(_ chunk: Chunk, of job: UInt64, reason: String, in simulation: Simulation) {
    open[job]?.quarantined = reason
  }

  // MARK: Jobs that end

  func end(_ job: UInt64, _ end: Coordinator.JobEnd, in simulation: Simulation) { ends.append((job, end)) }

  private func take(_ end: Coordinator.JobEnd, of job: UInt64, in simulation: Simulation) {
    guard var fit = open.removeValue(forKey: job) else { return simulation.violate("job \(job) ends twice") }
    switch end {
    case .trained:
      fit.network.isTrained = true
      begin(fit, .tasks(TaskPool(tasks: [0..<blocks])), in: simulation)
    case .done:
      if let reason = fit.quarantined { return fail(fit, reason) }
      keep(outcome((0..<blocks).map { fit.evaluated[$0] ?? 0 }), of: fit, in: simulation)
    case .impossible(let reason): keep(FitOutcome(failure: reason), of: fit, in: simulation)
    case .abandoned(let reason): fail(fit, reason)
    case .failed: simulation.ended = end
    }
  }

  private func keep(_ outcome: FitOutcome, of fit: OpenFit, in simulation: Simulation) {
    hasMore = true
    search.keep(fit.task, [outcome], seconds: Double.random(in: 1...10, using: &simulation.random))
  }

  private func fail(_ fit: OpenFit, _ reason: String) {
    hasMore = true
    search.fail(fit.task, reason: reason)
  }
}

import Coordination
import Selection

/// A search whose fits are one job, which grows whenever no tasks are left to hand out.
final class SimulatedSweep: SimulatedJob {
  private(set) var search: SimulatedSearch
  /// One of this number of configurations crashes workers; 0: none.
  private let crashingOneIn: UInt64
  /// The files that workers download.
  private var files: [[UInt8]: FitGroups] = [:]
  private var undone: Set<Int> = []
  private var plans: UInt64 = 0
  private(set) var grown = 0

  init(_ definition: SweepDefinition, crashingOneIn: UInt64 = 0) {
    (search, self.crashingOneIn) = (SimulatedSearch(definition), crashingOneIn)
  }

  var expected: [String] { search.expected { FitOutcome(value: $0.number(of: $1)) } }

  private func isCrashing(_ group: FitGroup) -> Bool {
    crashingOneIn > 0 && group.members.indices.contains { mixed(group.number(of: $0), 1) % crashingOneIn == 0 }
  }

  var lost: (areCrashing: Bool, areAll: Bool) { search.lostTasks(isCrashing: isCrashing) }

  func begin(in simulation: Simulation) {
    (undone, grown) = ([], 0)
    search.restart()
    simulation.command {
      $0.start(.tasks(TaskPool(tasks: [], isUneven: true, canGrow: true)), description: [], at: $1)
    }
  }

  func advance(in simulation: Simulation) {
    guard simulation.ended == nil, simulation.coordinator!.needsMoreTasks else { return }
    let tasks = search.plan()
    if tasks.isEmpty {
      if simulation.coordinator!.isIdle { simulation.command { $0.stopGrowing(at: $1) } }
      return
    }
    plans += 1
    grown += 1
    let name = withUnsafeBytes(of: plans) { Array($0) }
    files[name] = FitGroups(
      search.search.tasks[tasks].map(\.group), from: tasks.lowerBound, splits: search.definition.splits, seed: 0)
    undone.formUnion(tasks)
    simulation.command { $0.add(tasks, file: name, at: $1) }
  }

  func work(on chunk: Chunk, _ description: [UInt8]) -> SimulatedWork {
    let groups = files[[UInt8](chunk.file)]!
    var work = SimulatedWork()
    for task in chunk.tasks {
      let group = groups[task]
      work.body += group.members.indices.map(group.number)
      work.milliseconds += 5 << Int(group.number(of: 0) % 9)
      if work.cause == nil, isCrashing(group) { work.cause = task }
    }
    return work
  }

  func keep(_ chunk: Chunk, of job: UInt64, _ body: [UInt64], in simulation: Simulation) {
    let counts = chunk.tasks.map { search.search.tasks[$0].configurations.count }
    guard body.count == counts.reduce(0, +) else {
      return simulation.violate("the result of \(chunk.tasks) has a wrong size")
    }
    var left = body[...]
    for (task, count) in zip(chunk.tasks, counts) {
      if undone.remove(task) == nil { simulation.violate("task \(task) has two ends") }
      // Estimates may be wrong.
      let seconds = Double.random(in: 0.01...10, using: &simulation.random)
      search.keep(task, left.prefix(count).map { FitOutcome(value: $0) }, seconds: seconds)
      left = left.dropFirst(count)
    }
    if simulation.random.chance(0.3) { reorder(in: simulation) }
  }

  /// Reorders the tasks, as a search does that has learned the costs of fits. Some tasks have already begun, or are
  /// left out.
  private func reorder(in simulation: Simulation) {
    let costs = search.search.tasks.map(search.search.costs.seconds)
    let order = FitPlan.order(undone.sorted(), of: search.search.tasks, seconds: costs)
    simulation.reorder(Array(order.prefix(Int.random(in: 0...order.count, using: &simulation.random))))
  }

  func noteQuarantined(_ chunk: Chunk, of job: UInt64, reason: String, in simulation: Simulation) {
    for task in chunk.tasks {
      if undone.remove(task) == nil { simulation.violate("task \(task) has two ends") }
      search.fail(task, reason: reason)
    }
  }

  func end(_ job: UInt64, _ end: Coordinator.JobEnd, in simulation: Simulation) { simulation.ended = end }
}

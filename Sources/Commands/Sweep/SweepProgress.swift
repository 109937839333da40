internal import Compute
internal import Evaluation
internal import Selection

/// How far a search is: configuration by configuration, while fits come in.
struct SweepProgress {
  /// As people and machines are told.
  struct Snapshot: Encodable, Equatable {
    let configurations: Int
    /// That nothing more is asked of: judged on the last rung, or stopped early, or failed.
    let done: Int
    /// Of those that are not done, how many somebody works on.
    let running: Int
    /// Of halving: those that certainly do not go on to a higher rung.
    let stoppedEarly: Int
    let metric: String
    /// The best mean over the splits; nil while none is known.
    let best: Double?
    /// By what the fits that are left will cost; nil while nothing is known.
    let secondsLeft: Double?

    var text: String {
      var parts = ["\(done) of \(counted(configurations, "configuration")) done", "\(running) running"]
      if stoppedEarly > 0 { parts.append("\(stoppedEarly) stopped early") }
      if let best { parts.append("best \(metric) \(formatted(best, digits: 4))") }
      return parts.joined(separator: ", ")
    }
  }

  private let start = ContinuousClock.now
  /// Of each task: what it costs, and whether it is done.
  private var seconds: [Double] = []
  private var isDone: [Bool] = []
  private var (secondsDone, secondsLeft) = (0.0, 0.0)
  private(set) var tasksDone = 0
  private var nextUpdate = 1

  /// These tasks are planned.
  mutating func add(_ tasks: Range<Int>, of search: SweepSearch) {
    for task in tasks {
      seconds.append(search.costs.seconds(search.tasks[task]))
      isDone.append(false)
      secondsLeft += seconds[task]
    }
  }

  /// The fits of a task have come in, or never will.
  /// - Returns: the order for the tasks that are left, the costliest first, when enough has been learned for a new one
  mutating func note(_ task: Int, of search: SweepSearch) -> [Int]? {
    isDone[task] = true
    secondsLeft -= seconds[task]
    secondsDone += seconds[task]
    tasksDone += 1
    // As often as there is twice as much to learn from.
    guard tasksDone >= nextUpdate else { return nil }
    nextUpdate = 2 * tasksDone
    return updateEstimates(search)
  }

  private mutating func updateEstimates(_ search: SweepSearch) -> [Int]? {
    seconds = search.tasks.map(search.costs.seconds)
    (secondsDone, secondsLeft) = (0, 0)
    for (seconds, isDone) in zip(seconds, isDone) {
      if isDone { secondsDone += seconds } else { secondsLeft += seconds }
    }
    // Where many are done within a moment, it does not matter which come first.
    guard secondsDone / Double(tasksDone) > 0.05 else { return nil }
    return FitPlan.order(isDone.indices.filter { !isDone[$0] }, of: search.tasks, seconds: seconds)
  }

  /// - Parameter tasks: that somebody works on
  func snapshot(_ search: SweepSearch, running tasks: [Range<Int>]) -> Snapshot {
    let trials = Set(
      tasks.joined().filter { search.tasks.indices.contains($0) }.flatMap { search.tasks[$0].configurations })
    let stopped = search.rungs.indices.map { search.decisions.count(of: $0).stopped }
    let elapsed = (ContinuousClock.now - start) / .seconds(1)
    let left = max(secondsLeft, 0) + futureSeconds(search)
    return Snapshot(
      configurations: search.configurations.count, done: stopped.reduce(0, +),
      running: trials.count { search.isRunning($0) }, stoppedEarly: stopped.dropLast().reduce(0, +),
      metric: search.definition.scoring.rawValue, best: search.best?.score,
      secondsLeft: secondsDone > 0 ? elapsed * left / secondsDone : nil)
  }

  /// Of trials that have not begun: as much as those that have, for so much of the resource.
  private func futureSeconds(_ search: SweepSearch) -> Double {
    var (begun, toCome) = (0.0, 0.0)
    for (rung, resource) in search.rungs.enumerated() {
      let count = search.begunCount(of: rung)
      begun += Double(count * (resource ?? 1))
      toCome += Double((search.decisions.count(of: rung).atMost - count) * (resource ?? 1))
    }
    return begun > 0 ? seconds.reduce(0, +) * toCome / begun : 0
  }
}

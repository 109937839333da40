internal import Selection
internal import Text

/// The progress of a search, and an estimate of the time left.
package struct SweepProgress {
  /// The progress at one moment, as it is shown and written to the event log.
  package struct Snapshot: Encodable, Equatable {
    package let configurations: Int
    /// Configurations that need no more fits: scored on the last rung, stopped early, or failed.
    package let done: Int
    /// Configurations that workers are fitting.
    package let running: Int
    /// With successive halving: configurations that cannot be promoted to a higher rung any more.
    package let stoppedEarly: Int
    package let metric: String
    /// The best mean score over the splits; nil before the first.
    package let best: Double?
    /// Estimated from the costs of the remaining fits; nil before the first fit.
    package let secondsLeft: Double?

    package var text: String {
      var parts = ["\(done) of \(counted(configurations, "configuration")) done", "\(running) running"]
      if stoppedEarly > 0 { parts.append("\(stoppedEarly) stopped early") }
      if let best { parts.append("best \(metric) \(formatted(best, digits: 4))") }
      return parts.joined(separator: ", ")
    }
  }

  private let start = ContinuousClock.now
  /// For each task: its estimated seconds, and whether it is done.
  private var seconds: [Double] = []
  private var isDone: [Bool] = []
  private var (secondsDone, secondsLeft) = (0.0, 0.0)
  private(set) var tasksDone = 0
  private var nextUpdate = 1

  /// Adds planned tasks.
  mutating func add(_ tasks: Range<Int>, of search: SweepSearch) {
    for task in tasks {
      seconds.append(search.costs.seconds(search.tasks[task]))
      isDone.append(false)
      secondsLeft += seconds[task]
    }
  }

  /// Marks a task as done, whether it has results or was quarantined.
  /// - Returns: a new order for the remaining tasks, the most expensive first, if the estimates were updated
  mutating func note(_ task: Int, of search: SweepSearch) -> [Int]? {
    isDone[task] = true
    secondsLeft -= seconds[task]
    secondsDone += seconds[task]
    tasksDone += 1
    // Estimates are updated whenever the number of completed tasks has doubled.
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
    // If tasks are very short, their order does not matter.
    guard secondsDone / Double(tasksDone) > 0.05 else { return nil }
    return FitPlan.order(isDone.indices.filter { !isDone[$0] }, of: search.tasks, seconds: seconds)
  }

  /// - Parameter tasks: the tasks that workers are computing
  func snapshot(_ search: SweepSearch, running tasks: [Range<Int>]) -> Snapshot {
    let trials = Set(
      tasks.joined().filter { search.tasks.indices.contains($0) }.flatMap { search.tasks[$0].configurations })
    let stopped = search.rungs.indices.map { search.count(of: $0).stopped }
    let elapsed = (ContinuousClock.now - start) / .seconds(1)
    let left = max(secondsLeft, 0) + futureSeconds(search)
    return Snapshot(
      configurations: search.count(of: 0).atMost, done: stopped.reduce(0, +),
      running: trials.count { search.isRunning($0) }, stoppedEarly: stopped.dropLast().reduce(0, +),
      metric: search.definition.scoring.rawValue, best: search.best?.score,
      secondsLeft: secondsDone > 0 ? elapsed * left / secondsDone : nil)
  }

  /// Estimates the seconds of trials that have not begun, in proportion to the resource that they will use.
  private func futureSeconds(_ search: SweepSearch) -> Double {
    var (begun, toCome) = (0.0, 0.0)
    for (rung, resource) in search.rungs.enumerated() {
      let count = search.begunCount(of: rung)
      begun += Double(count * (resource ?? 1))
      toCome += Double((search.count(of: rung).atMost - count) * (resource ?? 1))
    }
    return begun > 0 ? seconds.reduce(0, +) * toCome / begun : 0
  }
}

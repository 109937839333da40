internal import Evaluation
internal import Selection

/// How far a search, or a rung of halving, is: configuration by configuration, while fits come in.
struct SweepProgress {
  /// As people and machines are told.
  struct Status: Encodable, Equatable {
    let configurations: Int
    let done: Int
    /// Of those that are not done, how many somebody works on.
    let running: Int
    /// Of halving: those that did not go on to this rung.
    let stoppedEarly: Int
    let metric: String
    /// The best mean over the splits; nil while none is known.
    let best: Double?
    /// By what the fits that are left will cost; nil while nothing is known.
    let secondsLeft: Double?

    var text: String {
      var parts = ["\(done) of \(configurations) configurations done", "\(running) running"]
      if stoppedEarly > 0 { parts.append("\(stoppedEarly) stopped early") }
      if let best { parts.append("best \(metric) \(formatted(best, digits: 4))") }
      return parts.joined(separator: ", ")
    }
  }

  private let plan: FitPlan
  private let metric: ScoreMetric
  private let splits: Int
  private let stoppedEarly: Int
  private let start = ContinuousClock.now
  /// Of each configuration: the splits that are missing, and the sum of the scores of the others.
  private var missing: [Int]
  private var sums: [Double]
  private var done = 0
  private(set) var best: (configuration: Int, score: Double)?
  private(set) var costs: FitCosts
  /// Of each task: what it costs, and whether it was known before, is done now, or is left.
  private var seconds: [Double]
  private var states: [TaskState]
  private var (secondsDone, secondsLeft, tasksDone) = (0.0, 0.0, 0)

  private enum TaskState { case known, done, left }

  /// - Parameters:
  ///   - failed: configurations that are no part of the plan
  ///   - stoppedEarly: by rungs before
  init(
    _ plan: FitPlan, count: Int, failed: Int, splits: Int, metric: ScoreMetric, stoppedEarly: Int, costs: FitCosts
  ) {
    (self.plan, self.metric, self.splits, self.stoppedEarly) = (plan, metric, splits, stoppedEarly)
    missing = [Int](repeating: splits, count: count)
    sums = [Double](repeating: 0, count: count)
    done = failed
    self.costs = costs
    seconds = plan.tasks.map(costs.seconds)
    states = plan.tasks.map { _ in .left }
    secondsLeft = seconds.reduce(0, +)
  }

  /// What came of a task is known from before.
  mutating func noteKnown(_ task: Int, _ result: FitResults) {
    states[task] = .known
    secondsLeft -= seconds[task]
    _ = add(task, result)
  }

  /// The fits of a task have come in.
  /// - Returns: whether a configuration is now known to be better than all before; and the order for the tasks that are left, the costliest
  ///   first, when enough has been learned for a new one
  mutating func note(_ task: Int, _ result: FitResults) -> (isBetter: Bool, order: [Int]?) {
    costs.note(plan.tasks[task], result)
    states[task] = .done
    secondsLeft -= seconds[task]
    secondsDone += seconds[task]
    tasksDone += 1
    // As often as there is twice as much to learn from.
    return (add(task, result), tasksDone & (tasksDone - 1) == 0 ? learn() : nil)
  }

  private mutating func learn() -> [Int]? {
    seconds = plan.tasks.map(costs.seconds)
    func sum(_ state: TaskState) -> Double {
      seconds.indices.reduce(0) { $0 + (states[$1] == state ? seconds[$1] : 0) }
    }
    (secondsDone, secondsLeft) = (sum(.done), sum(.left))
    // Where many are done within a moment, it does not matter which come first.
    guard secondsDone / Double(tasksDone) > 0.05 else { return nil }
    return plan.order(states.indices.filter { states[$0] == .left }, seconds: seconds)
  }

  private mutating func add(_ task: Int, _ result: FitResults) -> Bool {
    var isBetter = false
    for (member, index) in plan.tasks[task].configurations.enumerated() {
      sums[index] += result.outcomes[0][member].scores[metric.rawValue] ?? .nan
      missing[index] -= 1
      guard missing[index] == 0 else { continue }
      done += 1
      let score = sums[index] / Double(splits)
      guard score > best?.score ?? -.infinity else { continue }
      best = (index, score)
      isBetter = true
    }
    return isBetter
  }

  /// - Parameter tasks: that somebody works on
  func status(running tasks: [Range<Int>]) -> Status {
    let indices = Set(
      tasks.joined().filter { plan.tasks.indices.contains($0) }.flatMap { plan.tasks[$0].configurations })
    let elapsed = (ContinuousClock.now - start) / .seconds(1)
    return Status(
      configurations: missing.count, done: done, running: indices.count { missing[$0] > 0 },
      stoppedEarly: stoppedEarly, metric: metric.rawValue, best: best?.score,
      secondsLeft: secondsDone > 0 ? elapsed * max(secondsLeft, 0) / secondsDone : nil)
  }
}

internal import Foundation

/// A model of how long tasks take: an estimate from the settings, corrected by the times of finished tasks. It
/// determines the order of tasks and the reported remaining time, never a result.
///
/// The model is additive: log(seconds / estimate) is the sum of one effect for each value of each parameter. In a grid,
/// where every value is combined with all others, the effect of a value is the mean over the tasks that have it.
package struct FitCosts: Sendable {
  private struct Mean: Sendable {
    var count = 0.0
    var sum = 0.0

    mutating func add(_ value: Double) {
      count += 1
      sum += value
    }
  }

  private var all = Mean()
  private var byValue: [Configuration.Parameter: Mean] = [:]

  /// Creates a model without observations, whose estimates follow from the settings alone.
  package init() {}

  /// Learns from a finished task; a failed one is ignored.
  package mutating func note(_ task: FitPlan.Task, _ results: FitResults) {
    let seconds = results.times.joined().reduce(0) { $0 + $1.fitSeconds + $1.scoreSeconds }
    guard seconds > 0, task.cost > 0, results.outcomes.joined().contains(where: { $0.failure == nil }) else { return }
    let factor = log(seconds / task.cost)
    all.add(factor)
    for parameter in task.common { byValue[parameter, default: Mean()].add(factor) }
  }

  /// Returns the estimated time of a task, in seconds of one worker (in arbitrary units before the first observation).
  package func seconds(_ task: FitPlan.Task) -> Double {
    guard all.count > 0 else { return task.cost }
    let mean = all.sum / all.count
    let effects = task.common.reduce(0) { sum, parameter in
      guard let found = byValue[parameter] else { return sum }
      // Shrinks effects that rest on few tasks: that of a single task is halved.
      return sum + (found.sum / found.count - mean) * found.count / (found.count + 1)
    }
    return task.cost * exp(mean + effects)
  }
}

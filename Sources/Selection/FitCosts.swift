internal import Foundation

/// How long tasks take: the settings' own estimate, times what finished tasks have taught about each value of each parameter. It decides what
/// is begun first, and what people are told is left; never a result.
///
/// The logarithm of seconds over estimate is taken for a sum of effects, one for each value. In a grid, where every value meets all others,
/// the mean over the tasks with a value tells its effect.
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

  /// Nothing is known yet: estimates are the settings' own.
  package init() {}

  /// A task is done. One that has failed says nothing.
  package mutating func note(_ task: FitPlan.Task, _ results: FitResults) {
    let seconds = results.times.joined().reduce(0) { $0 + $1.fitSeconds + $1.scoreSeconds }
    guard seconds > 0, task.cost > 0, results.outcomes.joined().contains(where: { $0.failure == nil }) else { return }
    let factor = log(seconds / task.cost)
    all.add(factor)
    for parameter in task.common { byValue[parameter, default: Mean()].add(factor) }
  }

  /// In seconds of one worker, as soon as anything is known.
  package func seconds(_ task: FitPlan.Task) -> Double {
    guard all.count > 0 else { return task.cost }
    let mean = all.sum / all.count
    let effects = task.common.reduce(0) { sum, parameter in
      guard let found = byValue[parameter] else { return sum }
      // One task alone is half believed.
      return sum + (found.sum / found.count - mean) * found.count / (found.count + 1)
    }
    return task.cost * exp(mean + effects)
  }
}

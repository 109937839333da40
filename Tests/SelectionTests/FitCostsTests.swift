import Models
import Selection
import Testing

/// Tasks are ordered by times that are estimated from finished fits, the longest first.
@Suite struct FitCostsTests {
  private func settings(_ space: [String: [String]]) throws -> [ModelSettings] {
    let space = ParameterSpace(space.mapValues { .list($0) })
    return try SweepDefinition(.tree, spaces: [space]).configurations().map { try $0.settings(seed: 0) }
  }

  private func results(_ task: FitPlan.Task, seconds: Double) -> FitResults {
    var results = FitResults()
    results.add(
      task.configurations.map { _ in
        (
          FitOutcome(scores: ["accuracy": 0.5]),
          FitTime(fitSeconds: seconds / Double(task.configurations.count), scoreSeconds: 0)
        )
      })
    return results
  }

  /// Entropy takes four times as long as Gini, and half the features half as long; the estimates must learn both.
  private func seconds(_ task: FitPlan.Task) -> Double {
    let text = task.group.members[0]
    return (text["criterion"] == "entropy" ? 4 : 1) * (text["max-features"] == "0.5" ? 0.5 : 1)
  }

  @Test func effectsOfValuesAreLearned() throws {
    let settings = try settings(["criterion": ["gini", "entropy"], "max-features": ["0.5", "all"]])
    let plan = FitPlan(settings, splits: 20)
    var costs = FitCosts()
    for task in plan.tasks { costs.note(task, results(task, seconds: seconds(task))) }
    for task in plan.tasks {
      #expect(abs(costs.seconds(task) / seconds(task) - 1) < 0.1)
    }
    let order = FitPlan(settings, splits: 20, costs: costs).tasks.map(seconds)
    #expect(order == order.sorted(by: >))
  }

  @Test func costsChangeOnlyTheOrder() throws {
    let settings = try settings(["criterion": ["gini", "entropy"], "max-depth": ["1", "5", "none"]])
    let plan = FitPlan(settings, splits: 3)
    var costs = FitCosts()
    costs.note(plan.tasks[0], results(plan.tasks[0], seconds: 0.001))
    let other = FitPlan(settings, splits: 3, costs: costs)
    #expect(plan.tasks.count == 6 && other.tasks.count == 6)
    for task in plan.tasks {
      #expect(other.tasks.count { $0.group == task.group && $0.configurations == task.configurations } == 1)
    }
  }

  @Test func ignoresFailedFits() throws {
    let plan = FitPlan(try settings(["criterion": ["gini", "entropy"]]), splits: 3)
    var costs = FitCosts()
    var failed = FitResults()
    failed.add([(FitOutcome(failure: "cannot be"), FitTime(fitSeconds: 9, scoreSeconds: 0))])
    costs.note(plan.tasks[0], failed)
    #expect(plan.tasks.map(costs.seconds) == plan.tasks.map(\.cost))
  }
}

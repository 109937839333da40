import Compute
import Models
import Selection
import Testing

/// The tables of searches with simulated fits, as of the version that introduced ``SearchStrategy``. They must never
/// change: resumed searches continue the tables of earlier versions.
@Suite struct SearchTablesTests {
  private static let space = ParameterSpace([
    "criterion": .list(["gini", "entropy"]), "max-depth": .list(["3", "none", "03", "many"]),
    "min-samples-leaf": .list(["1", "2", "3", "4", "5"]),
  ])

  private static func definition(_ strategy: SweepDefinition.Strategy) -> SweepDefinition {
    var definition = SweepDefinition(.forest, spaces: [space, ParameterSpace(["max-features": .list(["0.5"])])])
    (definition.strategy, definition.splits, definition.seed) = (strategy, .folds(2), 3)
    return definition
  }

  private static func results(_ task: FitPlan.Task) -> FitResults {
    var results = FitResults()
    results.add(
      task.group.members.map { settings in
        var digest = Digest()
        digest.update("\(settings.sorted { $0.key < $1.key }) \(task.group.split) \(task.group.images ?? 0)")
        let value = digest.finalize().utf8.first! % 16
        let outcome =
          value == 0 ? FitOutcome(failure: "cannot be") : FitOutcome(scores: ["accuracy": Double(value % 8) / 8])
        return (outcome, FitTime(fitSeconds: 1, scoreSeconds: 1))
      })
    return results
  }

  @Test(arguments: [
    (definition(.grid), "cd0fb74f91956893"),
    (definition(.random(12)), "c842509dd749729c"),
    (definition(.halving(SuccessiveHalving(resource: .trees, factor: 3, least: 4, most: 36))), "173cfe5afcb4d01a"),
    (definition(.halving(SuccessiveHalving(resource: .images, factor: 2, least: 5, most: 100))), "62fae04ee51f8d0f"),
  ]) func tableIsThatOfEarlierVersions(definition: SweepDefinition, expected: String) throws {
    var search = try SweepSearch(
      definition, known: KnownFits(dataDigest: "d", splits: definition.splits, seed: definition.seed))
    while case let tasks = search.plan(), !tasks.isEmpty {
      for task in tasks { _ = search.note(task, Self.results(search.tasks[task])) }
    }
    let table = SweepTable(search.rows, metric: .accuracy, splits: 2)
    var digest = Digest()
    digest.update("\(table.files.csv)\(table.files.scores)\(table.files.json)\(table.ranks)\(table.order)")
    #expect(String(digest.finalize().prefix(16)) == expected)
  }
}

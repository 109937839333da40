import Compute
import Models
import Selection
import Testing

/// Tests with simulated fits, whose scores are functions of the configuration.
@Suite struct SweepSearchTests {
  /// Twelve configurations in six groups.
  private static let space = ParameterSpace([
    "criterion": .list(["gini", "entropy"]), "max-depth": .list(["3", "none"]),
    "min-samples-leaf": .list(["1", "2", "3"]),
  ])
  private static var grid: SweepDefinition {
    var definition = SweepDefinition(.forest, spaces: [space])
    definition.splits = .folds(2)
    return definition
  }
  private static func halving(_ resource: SuccessiveHalving.Resource) -> SweepDefinition {
    var definition = grid
    definition.strategy = .halving(SuccessiveHalving(resource: resource, factor: 3, least: 4, most: 36))
    return definition
  }

  private static func begin(_ definition: SweepDefinition, known entries: [KnownFits.Entry] = []) throws
    -> SweepSearch
  {
    var known = KnownFits(dataDigest: "d", splits: definition.splits, seed: definition.seed)
    for entry in entries { known.add(entry.payload) }
    return try SweepSearch(definition, known: known)
  }

  /// Simulates a task. Scores have ties, and depend on the resource.
  private static func results(_ task: FitPlan.Task) -> FitResults {
    let scores = task.group.members.map { settings in
      var digest = Digest()
      digest.update("\(settings.sorted { $0.key < $1.key }) \(task.group.split) \(task.group.images ?? 0)")
      return Double(digest.finalize().utf8.first! % 8) / 8
    }
    var results = FitResults()
    results.add(
      scores.map { (FitOutcome(scores: ["accuracy": $0]), FitTime(fitSeconds: 1 + $0, scoreSeconds: 1)) })
    return results
  }

  private static func table(_ search: SweepSearch) -> String {
    SweepTable(search.rows, metric: search.definition.scoring, splits: search.definition.splits.count).files.scores
  }

  /// Runs at most `count` tasks in an order that a seed determines.
  /// - Returns: the stored entries
  @discardableResult private static func run(
    _ search: inout SweepSearch, seed: UInt64 = 0, count: Int = .max
  ) -> [KnownFits.Entry] {
    var random = RandomSequence(seed: seed, .test)
    var entries: [KnownFits.Entry] = []
    var waiting: [Int] = []
    while entries.count < count {
      // Plans when no task is left, and sometimes earlier.
      if waiting.isEmpty || random.next(below: 3) == 0 { waiting += search.plan() }
      guard !waiting.isEmpty else { break }
      let task = waiting.remove(at: Int(random.next(below: UInt32(waiting.count))))
      let results = results(search.tasks[task])
      entries.append(search.entry(of: task, results))
      _ = search.note(task, results)
    }
    return entries
  }

  @Test func plansEachFitOfAGridOnce() throws {
    var search = try Self.begin(Self.grid)
    #expect(search.plan() == 0..<12, "six groups on two splits")
    let fits = search.tasks.flatMap { task in task.configurations.map { [$0, task.group.split] } }
    #expect(Set(fits).count == 24 && fits.count == 24)
    #expect(search.plan() == 12..<12)
    for task in search.tasks.indices {
      #expect(!search.isFinished)
      _ = search.note(task, Self.results(search.tasks[task]))
    }
    #expect(search.isFinished && search.rows.count == 12 && search.knownCount == 0)
    #expect(search.rows.map(\.configuration) == search.configurations)
    #expect(search.rows.allSatisfy { $0.outcomes.count == 2 && $0.times.count == 2 && $0.rung == nil })
  }

  @Test(arguments: [grid, halving(.trees), halving(.images)])
  func tableIsIndependentOfOrder(definition: SweepDefinition) throws {
    let tables = try (0..<50).map { seed in
      var search = try Self.begin(definition)
      Self.run(&search, seed: UInt64(seed))
      #expect(search.isFinished && search.plan().isEmpty)
      return Self.table(search)
    }
    #expect(Set(tables).count == 1)
  }

  /// A resumed search runs exactly the remaining fits, wherever it was stopped and however the fits are grouped.
  @Test(arguments: [grid, halving(.trees), halving(.images)])
  func repeatsNoKnownFit(definition: SweepDefinition) throws {
    var whole = try Self.begin(definition)
    let all = Self.run(&whole)
    for count in 0...all.count {
      var stopped = try Self.begin(definition)
      let known = Self.run(&stopped, seed: UInt64(count), count: count)
      var search = try Self.begin(definition, known: known)
      let new = Self.run(&search, seed: 1)
      #expect(search.isFinished && Self.table(search) == Self.table(whole), "after \(count) tasks")
      let fits = search.tasks.map(\.configurations.count).reduce(0, +)
      #expect(search.knownCount + fits == whole.tasks.map(\.configurations.count).reduce(0, +))
      #expect(new.count == search.tasks.count && (count < all.count || new.isEmpty))
      #expect(search.best?.score == whole.best?.score)
    }
  }

  @Test func reusesNoScoresOfOtherSearches() throws {
    var search = try Self.begin(Self.grid)
    let entries = Self.run(&search)
    for change in [
      { $0.seed = 1 }, { $0.images = 100 }, { $0.splits = .folds(3) },
    ] as [(inout SweepDefinition) -> Void] {
      var definition = Self.grid
      change(&definition)
      var other = try Self.begin(definition, known: entries)
      #expect(other.plan().count == 6 * definition.splits.count && other.knownCount == 0)
    }
  }

  @Test func halvingPromotesTheBest() throws {
    var search = try Self.begin(Self.halving(.trees))
    #expect(search.rungs == [4, 12, 36])
    Self.run(&search)
    #expect([0, 1, 2].map(search.begunCount) == [12, 4, 2])
    for (number, resource) in [4, 12, 36].enumerated() {
      let rows = search.rows.filter { $0.rung?.number == number }
      #expect(rows.allSatisfy { $0.rung?.resource == resource && $0.configuration["trees"] == "\(resource)" })
      guard number < 2 else { continue }
      // Promoted configurations are no worse than the others.
      let next = Set(search.rows.filter { $0.rung?.number == number + 1 }.map { Self.name($0.configuration) })
      let (on, out) = (rows.filter { next.contains(Self.name($0.configuration)) }, rows)
      let worst = on.map { $0.mean(.accuracy) }.min()!
      #expect(on.count == next.count)
      #expect(out.filter { !next.contains(Self.name($0.configuration)) }.allSatisfy { $0.mean(.accuracy) <= worst })
    }
    let best = try #require(search.best)
    #expect(search.configuration(of: best.trial)["trees"] == "36", "the best configuration belongs to the last rung")
    #expect(best.score == search.rows.filter { $0.rung?.number == 2 }.map { $0.mean(.accuracy) }.max())
  }

  /// Returns the configuration without the resource.
  private static func name(_ configuration: Configuration) -> String {
    configuration.parameters.filter { $0.name != "trees" }.map { "\($0.name) \($0.value)" }.joined(separator: " ")
  }

  /// A limit that all tasks share is not a limit of tasks, because the images are selected before.
  @Test func tasksUsePartOfTheImages() throws {
    var definition = Self.grid
    definition.images = 100
    var search = try Self.begin(definition)
    Self.run(&search)
    #expect(search.images == 100 && search.tasks.count == 12 && search.tasks.allSatisfy { $0.group.images == nil })
    search = try Self.begin(Self.halving(.images))
    #expect(search.images == nil)
    Self.run(&search)
    #expect(Set(search.tasks.map(\.group.images)) == [4, 12, 36])
  }

  /// The members of a failed group are retried alone; one that fails alone has no scores.
  @Test func failedTaskIsARowWithItsReason() throws {
    for definition in [Self.grid, Self.halving(.trees)] {
      var search = try Self.begin(definition)
      let first = search.plan()
      let trials = search.tasks[0].configurations
      search.fail(0, reason: "every worker failed")
      let parts = search.plan()
      #expect(trials.count == 2 && search.tasks[parts].map(\.configurations) == trials.map { [$0] })
      #expect(search.tasks[parts].flatMap(\.group.members) == search.tasks[0].group.members)
      search.fail(parts.lowerBound, reason: "failed alone")
      for task in Array(first.dropFirst()) + [parts.upperBound - 1] {
        _ = search.note(task, Self.results(search.tasks[task]))
      }
      Self.run(&search)
      #expect(search.isFinished)
      let failed = search.rows.filter { $0.failure != nil }
      #expect(failed.map(\.failure) == ["failed alone"] && failed.allSatisfy { ($0.rung?.number ?? 0) == 0 })
      #expect(failed.map(\.configuration) == [search.configuration(of: trials[0])])
      #expect(failed.allSatisfy { $0.mean(.accuracy).isNaN })
    }
  }

  @Test func impossibleConfigurationIsARowWithoutTask() throws {
    var definition = SweepDefinition(.forest, spaces: [ParameterSpace(["trees": .list(["many", "3"])])])
    definition.splits = .folds(2)
    var search = try Self.begin(definition)
    #expect(search.plan().count == 2 && search.tasks.allSatisfy { $0.group.members.count == 1 })
    #expect(!search.isRunning(0) && search.isRunning(1))
    for task in search.tasks.indices { _ = search.note(task, Self.results(search.tasks[task])) }
    #expect(search.isFinished && search.rows.map { $0.failure != nil } == [true, false])
  }

  /// Among equal scores, the first that was recorded remains the best.
  @Test func reportsChangesOfTheBest() throws {
    let space = ParameterSpace(["metric": .list(["euclidean", "cosine", "manhattan"])])
    var definition = SweepDefinition(.knn, spaces: [space])
    definition.splits = .holdOut(0.5)
    var search = try Self.begin(definition)
    let changes = search.plan().map { task in
      var results = FitResults()
      let score = [0.5, 0.5, 0.75][task]
      results.add([(FitOutcome(scores: ["accuracy": score]), FitTime(fitSeconds: 1, scoreSeconds: 1))])
      return search.note(task, results)
    }
    #expect(changes == [true, false, true] && search.best?.score == 0.75)
  }
}

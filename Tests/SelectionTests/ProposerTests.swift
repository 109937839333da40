import Compute
import Models
import Selection
import Testing

/// An adaptive strategy, written and registered as a further one would be.
private struct HillClimbing: SearchStrategy {
  static let name = "climb"
  static let keys = [
    StrategyKey(
      "trials", option: "climb", .integer, required: "the number", choosesStrategy: true,
      help: "Number of trials"),
    StrategyKey("batch", .integer, help: "Number of configurations at a time"),
    StrategyKey("step", .number, help: "First step"),
  ]
  static let acceptsRanges = true

  let trials: Int
  let batch: Int
  let step: Double

  init(trials: Int, batch: Int) { (self.trials, self.batch, step) = (trials, batch, 60) }

  init(_ values: StrategyValues) throws(SweepError) {
    trials = try values.integer("trials")!
    batch = try values.integer("batch") ?? 4
    step = try values.number("step") ?? 60
  }

  var values: [String: String] { ["trials": "\(trials)", "batch": "\(batch)", "step": "\(step)"] }

  func check(_ definition: SweepDefinition) throws(SweepError) {
    if batch < 1 { throw SweepError("batch must be at least 1", key: "batch") }
  }

  func trials(of definition: SweepDefinition) throws(SweepError) -> any TrialSource {
    InOrder(Climber(settings: self), model: .knn)
  }

  /// Proposes numbers of neighbors around the best so far, in whole batches.
  struct Climber: Proposer {
    let settings: HillClimbing
    private var proposed: [Int] = []
    private var scores: [Double] = []
    private var best = (neighbors: 200, score: -Double.infinity)

    init(settings: HillClimbing) { self.settings = settings }

    var mostProposals: Int { settings.trials }

    mutating func next() -> [Configuration] {
      guard scores.count == proposed.count else { return [] }
      let count = min(settings.batch, settings.trials - proposed.count)
      let width = max(20, settings.step / Double(1 + proposed.count / 16))
      return (0..<count).map { _ in
        let word = Philox.words(seed: 1, .search, UInt32(proposed.count), 0, 0)[0]
        let neighbors = min(max(best.neighbors + Int((Double(word) / 4_294_967_296 - 0.5) * width), 1), 400)
        proposed.append(neighbors)
        return Configuration(.knn, [.init("neighbors", "\(neighbors)")])
      }
    }

    mutating func note(_ score: Double) {
      // Of equal scores, the last wins, so that the order matters.
      if score >= best.score { best = (proposed[scores.count], score) }
      scores.append(score)
    }
  }
}

@Suite struct ProposerTests {
  private static func definition(batch: Int, trials: Int = 40) -> SweepDefinition {
    var definition = SweepDefinition(
      .knn, spaces: [ParameterSpace(["neighbors": .range(low: 1, high: 400, isLogarithmic: false)])])
    (definition.splits, definition.strategy) = (.folds(2), .init(HillClimbing(trials: trials, batch: batch)))
    return definition
  }

  /// Scores with many ties, a maximum at `peak`, and some failures.
  private static func results(_ task: FitPlan.Task, peak: Int) -> FitResults {
    var results = FitResults()
    results.add(
      task.group.members.map { settings in
        let neighbors = Int(settings["neighbors"]!)!
        let outcome =
          neighbors % 13 == 0
          ? FitOutcome(failure: "cannot be")
          : FitOutcome(scores: ["accuracy": 1 - Double(abs(neighbors - peak) / 5) / 100])
        return (outcome, FitTime(fitSeconds: 1, scoreSeconds: 1))
      })
    return results
  }

  private static func begin(_ definition: SweepDefinition, _ entries: [KnownFits.Entry] = []) throws -> SweepSearch {
    var known = KnownFits(dataDigest: "d", splits: definition.splits, seed: definition.seed)
    for entry in entries { known.add(entry.payload) }
    return try SweepSearch(definition, known: known)
  }

  /// Runs at most `count` tasks in an order that a seed determines. Tasks of `crashing` neighbors have no results.
  @discardableResult private static func run(
    _ search: inout SweepSearch, seed: Int, peak: Int = 300, crashing: Int = 0, count: Int = .max
  ) -> [KnownFits.Entry] {
    var random = RandomSequence(seed: UInt64(seed), .test)
    var entries: [KnownFits.Entry] = []
    var waiting: [Int] = []
    while entries.count < count {
      if waiting.isEmpty || random.next(below: 3) == 0 { waiting += search.plan() }
      guard !waiting.isEmpty else { break }
      let task = waiting.remove(at: Int(random.next(below: UInt32(waiting.count))))
      if crashing > 0, search.tasks[task].group.members.contains(where: { Int($0["neighbors"]!)! % crashing == 0 }) {
        search.fail(task, reason: "every worker failed")
        continue
      }
      let results = results(search.tasks[task], peak: peak)
      entries.append(search.entry(of: task, results))
      _ = search.note(task, results)
    }
    return entries
  }

  private static func table(_ search: SweepSearch) -> String {
    let table = SweepTable(search.rows, metric: .accuracy, splits: 2)
    return "\(table.files.scores) \(table.ranks)"
  }

  @Test(arguments: [1, 4, 7, 40], [0, 17]) func tableOfAdaptiveSearchIsIndependentOfOrder(
    batch: Int, crashing: Int
  ) throws {
    let tables = try (0..<100).map { seed in
      var search = try Self.begin(Self.definition(batch: batch))
      Self.run(&search, seed: seed, crashing: crashing)
      #expect(search.isFinished && search.plan().isEmpty)
      #expect(search.count(of: 0).atMost == search.rows.count && search.count(of: 0).known == search.rows.count)
      return Self.table(search)
    }
    #expect(Set(tables).count == 1)
  }

  /// The proposals rest on scores: with another peak, other configurations are evaluated, and the peak is found.
  @Test func proposalsFollowTheScores() throws {
    for peak in [60, 300] {
      var search = try Self.begin(Self.definition(batch: 4, trials: 200))
      Self.run(&search, seed: 1, peak: peak)
      let best = try #require(search.best.map { Int(search.configuration(of: $0.trial)["neighbors"]!)! })
      #expect(abs(best - peak) < 40)
    }
  }

  @Test func resumedSearchRepeatsNoFit() throws {
    let definition = Self.definition(batch: 4)
    var whole = try Self.begin(definition)
    let all = Self.run(&whole, seed: 0)
    for count in stride(from: 0, through: all.count, by: 7) {
      var stopped = try Self.begin(definition)
      let known = Self.run(&stopped, seed: count, count: count)
      var search = try Self.begin(definition, known)
      Self.run(&search, seed: 1)
      #expect(Self.table(search) == Self.table(whole))
      let fits = search.tasks.map(\.configurations.count).reduce(0, +)
      #expect(search.knownCount + fits == 2 * whole.rows.count)
    }
  }

  /// Proposes the same configuration three times, then another one that depends on the scores.
  private struct Repeating: Proposer {
    private var scores: [Double] = []
    private var count = 0
    let mostProposals = 4

    mutating func next() -> [Configuration] {
      guard count == scores.count, count < 4 else { return [] }
      count += 1
      let neighbors = count < 4 ? ["3", "03", "+3"][count - 1] : "\(Int(scores.reduce(0, +)))"
      return [Configuration(.knn, [.init("neighbors", neighbors)])]
    }

    mutating func note(_ score: Double) { scores.append(score) }
  }

  @Test func equalProposalsAreOneTrial() {
    var trials = InOrder(Repeating(), model: .knn)
    #expect(trials.begin().map(\.configuration.description) == ["neighbors 3"])
    #expect(trials.count(of: 0) == RungCount(atMost: 4, known: 0, stopped: 0))
    #expect(
      trials.note(7, of: TrialPlace(rung: 0, configuration: 0)).map(\.configuration.description) == ["neighbors 21"])
    #expect(trials.note(1, of: TrialPlace(rung: 0, configuration: 1)) == [])
    #expect(trials.count(of: 0) == RungCount(atMost: 2, known: 2, stopped: 2))
  }

  // MARK: Registration

  private static let strategies = SearchStrategies.all + [HillClimbing.self]

  /// One entry in the list gives the keys of the sweep file, their errors, and the overrides.
  @Test func registeredStrategyIsReadFromSweepFiles() throws {
    let model = "model: knn\nspace: {neighbors: {low: 1, high: 9}}\n"
    func read(_ text: String, _ overrides: [String: String] = [:]) throws -> HillClimbing? {
      var given = SweepOverrides()
      given.strategy = overrides
      let found = try SweepDefinition.read(
        yaml: model + text, path: "s.yaml", overrides: given, strategies: Self.strategies)
      return found[0].strategy.value as? HillClimbing
    }
    #expect(try read("strategy: climb\ntrials: 30\n") == HillClimbing(trials: 30, batch: 4))
    #expect(try read("strategy: climb\ntrials: 30\n", ["batch": "2"]) == HillClimbing(trials: 30, batch: 2))
    #expect(try read("strategy: random\nsamples: 3\n", ["trials": "9"]) == HillClimbing(trials: 9, batch: 4))
    for (text, overrides, reason) in [
      (
        "strategy: climp", [:],
        "line 3, column 11: strategy must be grid, random, halving or climb, not \"climp\"; did you mean climb?"
      ),
      ("strategy: climb", [:], "line 3, column 11: `strategy: climb` requires trials, the number"),
      ("strategy: climb\ntrials: 1.5", [:], "line 4, column 9: trials must be an integer, not \"1.5\""),
      ("strategy: climb\ntrials: 3\nstep: x", [:], "line 5, column 7: step must be a number, not \"x\""),
      ("strategy: climb\ntrials: 3\nbatch: 0", [:], "line 5, column 8: batch must be at least 1"),
      ("strategy: climb\ntrials: 3\nsamples: 3", [:], "line 5, column 10: samples requires `strategy: random`"),
      ("strategy: random\nsamples: 3\ntrials: 3", [:], "line 5, column 9: trials requires `strategy: climb`"),
      ("strategy: climb\ntrial: 3", [:], "line 4, column 1: a sweep file has no \"trial\"; did you mean trials?"),
      (
        "strategy: random\nsamples: 3", ["batch": "9"],
        "s.yaml: --batch requires --climb, or a sweep file with `strategy: climb`"
      ),
      ("strategy: climb\ntrials: 3", ["batch": "0"], "s.yaml: --batch must be at least 1"),
      ("", ["samples": "9", "trials": "3"], "s.yaml: --samples and --climb cannot be combined"),
      ("", ["resource": "images"], "--halving requires --max-resource"),
      (
        "", ["trials": "9", "factor": "3"], "--factor requires --halving, which cannot be combined with --climb"
      ),
    ] as [(String, [String: String], String)] {
      let error = #expect(throws: SweepError.self) { try read(text, overrides) }
      #expect(error?.description.contains(reason) == true, "\(text): \(error!)")
    }
  }
}

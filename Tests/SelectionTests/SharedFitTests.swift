import Compute
import Datasets
import Evaluation
import Models
import Selection
import Testing

/// A shared fit must give each member the result of a separate fit.
@Suite struct SharedFitTests {
  private let images: LabeledImages
  private let context = ComputeContext(threads: 2, instructionSet: InstructionSet.available.max()!)
  private let splits = DataSplits.folds(3)

  init() throws { images = try Dataset.load(environment: [:]).train.prefix(900) }

  /// Values of each parameter, from which the test samples.
  private static let values: [ModelKind: [(String, [String])]] = [
    .forest: [
      ("trees", ["1", "4", "7", "12"]), ("max-depth", ["1", "3", "6", "none"]), ("criterion", ["gini", "entropy"]),
      ("min-samples-leaf", ["1", "3"]), ("bootstrap", ["true", "false"]),
    ],
    ModelKind("extra-trees"): [
      ("trees", ["1", "4", "7", "12"]), ("max-depth", ["1", "3", "6", "none"]), ("criterion", ["gini", "entropy"]),
      ("bootstrap", ["true", "false"]),
    ],
    .tree: [("max-depth", ["1", "2", "5", "9", "none"]), ("criterion", ["gini", "entropy"])],
    .knn: [
      ("neighbors", ["1", "2", "5", "9"]), ("weights", ["uniform", "distance"]),
      ("metric", ["euclidean", "manhattan", "cosine"]), ("components", ["none", "7", "20"]),
    ],
    .cnn: [("filters", ["4", "4,8"]), ("epochs", ["1", "2"])],
  ]

  @Test(arguments: ModelKind.allCases, 0..<3) func sharedScoresEqualThoseOfSeparateFits(kind: ModelKind, seed: UInt64)
    throws
  {
    var random = RandomSequence(seed: seed, .test)
    var space: [String: ParameterSpace.Values] = [:]
    for (name, values) in Self.values[kind] ?? [] {
      let chosen = values.filter { _ in random.next(below: 2) == 0 }
      space[name] = .list(chosen.isEmpty ? [values[0]] : chosen)
    }
    if kind == .cnn { space["batch"] = .list(["100"]) }
    let configurations = try SweepDefinition(kind, spaces: [ParameterSpace(space)]).configurations()
    let settings = try configurations.map { try $0.settings(seed: seed) }
    let plan = FitPlan(settings, splits: splits.count)
    #expect(
      plan.tasks.flatMap { task in task.configurations.map { "\($0) \(task.group.split)" } }.sorted()
        == settings.indices.flatMap { index in (0..<3).map { "\(index) \($0)" } }.sorted())
    for task in plan.tasks where task.group.split < (kind == .cnn ? 1 : 3) {
      let (training, test) = splits.split(task.group.split, of: images, seed: 0)
      let shared = try SharedFit(
        task.group, training: training, test: test, classCount: 10, on: context, progress: { _ in true }
      ).run()
      for (member, configuration) in task.configurations.enumerated() {
        let model = try settings[configuration].fit(training, classCount: 10, on: context, progress: { _ in true })
        let probabilities = try model.probabilities(for: test, on: context, progress: { _ in true })
        let alone = try Evaluation(
          probabilities: probabilities, labels: test.labels, classNames: (0..<10).map { "\($0)" })
        for metric in ScoreMetric.allCases {
          #expect(
            shared[member].outcome.scores[metric.rawValue] == metric.score(alone),
            "\(configurations[configuration].description)")
        }
      }
    }
  }

  /// Fewer components with another scaling, computed from one shared analysis, equal those of a separate analysis.
  @Test func sharedComponentsEqualSeparateOnes() throws {
    let space = ParameterSpace([
      "components": .list(["7", "20"]), "whitening": .list(["0", "0.5", "1"]), "neighbors": .list(["1", "4"]),
    ])
    let settings = try SweepDefinition(.knn, spaces: [space]).configurations().map { try $0.settings(seed: 0) }
    let tasks = FitPlan(settings, splits: 1).tasks
    #expect(tasks.count == 1)
    let (training, test) = splits.split(0, of: images, seed: 0)
    func outcomes(_ group: FitGroup) throws -> [FitOutcome] {
      try SharedFit(group, training: training, test: test, classCount: 10, on: context, progress: { _ in true }).run()
        .map(\.outcome)
    }
    let alone = try tasks[0].group.members.map {
      try outcomes(FitGroup(split: 0, kind: .knn, members: [$0]))[0]
    }
    #expect(try outcomes(tasks[0].group) == alone)
    #expect(Set(alone.map { $0.scores["neg_log_loss"]! }).count > 6, "the scores of the members differ")
  }

  @Test func plansOneTaskPerSharedFit() throws {
    func tasks(_ kind: ModelKind, _ space: [String: [String]]) throws -> Int {
      let space = ParameterSpace(space.mapValues { .list($0) })
      let configurations = try SweepDefinition(kind, spaces: [space]).configurations()
      return FitPlan(try configurations.map { try $0.settings(seed: 0) }, splits: 3).tasks.count
    }
    #expect(try tasks(.forest, ["trees": ["100", "200", "300"], "max-depth": ["10", "20", "none"]]) == 3)
    #expect(try tasks(.forest, ["trees": ["100", "200"], "criterion": ["gini", "entropy"]]) == 6)
    #expect(try tasks(.tree, ["max-depth": ["10", "50", "100"], "criterion": ["gini", "entropy"]]) == 6)
    #expect(try tasks(.knn, ["neighbors": ["3", "5", "7"], "weights": ["uniform", "distance"]]) == 3)
    #expect(
      try tasks(
        .knn, ["components": ["5", "9", "20"], "whitening": ["0", "0.5"], "metric": ["euclidean", "cosine"]])
        == 6)
    #expect(try tasks(.knn, ["components": ["none", "5", "9"], "neighbors": ["3", "5"]]) == 6)
    #expect(try tasks(.cnn, ["filters": ["8", "16"]]) == 6)
  }

  @Test func impossibleMemberDoesNotFailOthers() throws {
    let configurations = [
      Configuration(.knn, [.init("neighbors", "3")]), Configuration(.knn, [.init("neighbors", "5000")]),
    ]
    let plan = FitPlan(try configurations.map { try $0.settings(seed: 0) }, splits: 3)
    let (training, test) = splits.split(0, of: images, seed: 0)
    let results = try SharedFit(
      plan.tasks[0].group, training: training, test: test, classCount: 10, on: context, progress: { _ in true }
    ).run()
    #expect(results[0].outcome.failure == nil)
    #expect(results[1].outcome.failure?.contains("5000") == true)
  }

  @Test func resultsRoundTripThroughBytes() throws {
    var results = FitResults()
    results.add([
      (FitOutcome(scores: ["accuracy": 1 / 3]), FitTime(fitSeconds: 0.1, scoreSeconds: 0.2)),
      (FitOutcome(failure: "no, \"never\"\n"), FitTime(fitSeconds: 0, scoreSeconds: 0)),
    ])
    #expect(FitResults(bytes: results.bytes, counts: [2]) == results)
    #expect(FitResults(bytes: results.bytes, counts: [1]) == nil)
    for count in 0..<results.bytes.count { #expect(FitResults(bytes: results.bytes.prefix(count), counts: [2]) == nil) }
    var slower = FitResults()
    slower.add(
      zip(results.outcomes[0], results.times[0]).map { ($0, FitTime(fitSeconds: $1.fitSeconds + 1, scoreSeconds: 0)) })
    let checked = [results, slower].map { $0.bytes.prefix(FitResults.checkedCount(of: $0.bytes)) }
    #expect(checked[0] == checked[1])
  }
}

import Models
import Selection
import Testing

@Suite struct SweepDefinitionTests {
  private func read(_ text: String) throws -> [SweepDefinition] { try SweepDefinition.read(yaml: text, path: "s.yaml") }

  @Test func aFileSaysAllThereIsToSay() throws {
    let text = """
      model: cnn
      data: digits
      space:
        - filters: [[8, 16], [32]]
          learning-rate: {low: 0.01, high: 1, log: true}
        - epochs: 3
      hold-out: 0.25
      strategy: random
      draws: 7
      scoring: f1_macro
      seed: 5
      images: 100
      refit: false
      """
    var expected = SweepDefinition(
      .cnn,
      spaces: [
        ParameterSpace([
          "filters": .list(["8,16", "32"]), "learning-rate": .range(low: 0.01, high: 1, isLogarithmic: true),
        ]), ParameterSpace(["epochs": .list(["3"])]),
      ])
    (expected.data, expected.splits, expected.strategy) = ("digits", .holdOut(0.25), .random(7))
    (expected.scoring, expected.seed, expected.images, expected.refit) = (.macroF1, 5, 100, false)
    #expect(try read(text) == [expected])
    #expect(try read("model: tree\nspace: {max-depth: 3}\n---\nmodel: knn\nspace: {}\n").map(\.model) == [.tree, .knn])
  }

  @Test(arguments: [
    ("model: forst\nspace: {}", "line 1, column 8: model has no \"forst\"; did you mean forest?"),
    (
      "model: tree\nspace:\n  max-dept: 3",
      "line 3, column 3: the space of this model has no \"max-dept\"; did you mean max-depth?"
    ),
    ("model: tree\nspace: {}\nfold: 3", "line 3, column 1: a sweep file has no \"fold\"; did you mean folds?"),
    ("model: tree\nspace: {}\nfolds: x", "folds must be a whole number, not \"x\""),
    ("model: tree\nspace: {}\nfolds: 1", "folds: from 2 to 100, not 1"),
    ("model: tree\nspace: {}\nfolds: 3\nhold-out: 0.1", "folds and hold-out exclude each other"),
    ("model: tree", "space is missing"), ("space: {}", "model is missing"), ("", "is empty"),
    ("- 3", "is not a sweep file"),
    ("model: tree\nspace: [max-depth", "s.yaml: "),
    ("model: tree\nspace: {max-depth: {low: 3}}", "a range has low and high"),
    ("model: tree\nspace: {max-depth: []}", "max-depth has no values"),
    ("model: tree\nspace: {}\nstrategy: random", "random needs draws"),
    ("model: tree\nspace: {}\ndraws: 3", "draws belongs to `strategy: random`"),
    ("model: tree\nspace: {}\nstrategy: halving\nresource: epochs\nmax-resource: 9", "tree has no epochs to halve"),
    ("model: tree\nspace: {}\nscoring: acuracy", "did you mean accuracy?"),
    (
      "model: tree\nspace:\n  criterion:\n    - gini\n    - gni",
      "line 5, column 7: criterion has no \"gni\"; did you mean gini?"
    ),
    (
      "model: cnn\nspace:\n  epochs: {low: 1, high: 5.5}\nstrategy: random\ndraws: 2",
      "line 3, column 3: epochs is a whole number, and so are the ends of its range: write {low: 1, high: 5}"
    ),
    (
      "model: forest\nspace:\n  trees: {low: 1.5, high: 9.7}\nstrategy: random\ndraws: 2",
      "line 3, column 3: trees is a whole number, and so are the ends of its range: write {low: 2, high: 9}"
    ),
    (
      "model: forest\nspace:\n  trees: {low: 1.2, high: 1.8}\nstrategy: random\ndraws: 2",
      "line 3, column 3: trees"
    ),
    ("model: forest\nspace:\n  trees: {low: -4.5, high: 3}\nstrategy: random\ndraws: 2", "line 3, column 3: trees"),
    ("model: cnn\nspace: {epochs: {low: 5, high: 1}}", "line 2, column 9: epochs: low must be below high"),
    ("model: knn\nspace: {neighbors: ['']}", "line 2, column 21: neighbors has an empty value"),
    ("model: tree\nspace: {}\nmax-resource: 9", "line 3, column 15: max-resource belongs to `strategy: halving`"),
    ("model: tree\nspace: {}\nfolds: 101", "line 3, column 8: folds: from 2 to 100"),
    (
      "model: tree\nspace:\n  max-depth: {low: 1, high: 5}", "a range has no end of values"
    ),
  ]) func whatIsWrongIsSaid(text: String, reason: String) {
    let error = #expect(throws: SweepError.self) { try read(text) }
    #expect(error?.description.hasPrefix("s.yaml") == true && error!.description.contains(reason), "\(error!)")
  }

  @Test func theGridHasScikitLearnsOrder() throws {
    let space = ParameterSpace(["trees": .list(["1", "2"]), "max-depth": .list(["5", "none", "5"])])
    let grid = try SweepDefinition(.forest, spaces: [space, space]).configurations()
    #expect(
      grid.map(\.description) == [
        "max-depth 5, trees 1", "max-depth 5, trees 2", "max-depth none, trees 1", "max-depth none, trees 2",
      ])
  }

  @Test func theSameSettingsAreOneConfiguration() throws {
    func count(_ kind: ModelKind, _ name: String, _ values: [String]) throws -> Int {
      try SweepDefinition(kind, spaces: [ParameterSpace([name: .list(values)])]).configurations().count
    }
    #expect(try count(.knn, "neighbors", ["3", "03", "+3", "5"]) == 2)
    #expect(try count(.tree, "max-features", ["0.5", ".5", "5e-1", "all"]) == 2)
    #expect(try count(.cnn, "learning-rate", ["0.1", "0.10", "1e-1", "0.01"]) == 2)
    #expect(try count(.cnn, "filters", ["8,16", "08,16", "16"]) == 2)
  }

  /// Shards are as many as a batch's images or fewer: that is for both together to fulfil.
  @Test func valuesThatNeedEachOtherAreLetThrough() throws {
    let space = ParameterSpace(["batch": .list(["4", "256"]), "shards": .list(["2", "256"])])
    try SweepDefinition(.cnn, spaces: [space]).check()
  }

  @Test func drawsAreDistinctAndWithinTheirRanges() throws {
    var definition = SweepDefinition(
      .cnn,
      spaces: [
        ParameterSpace([
          "learning-rate": .range(low: 0.001, high: 1, isLogarithmic: true),
          "epochs": .range(low: 1, high: 3, isLogarithmic: false),
        ])
      ])
    definition.strategy = .random(200)
    let drawn = try definition.configurations()
    #expect(drawn.count == 200 && Set(drawn.map(\.description)).count == 200)
    #expect(try definition.configurations() == drawn)
    let rates = drawn.map { Double($0["learning-rate"]!)! }
    #expect(rates.allSatisfy { 0.001...1 ~= $0 })
    // As many below the geometric mean as above.
    #expect(60...140 ~= rates.count { $0 < 0.0316 })
    for epochs in 1...3 { #expect(30...110 ~= drawn.count { $0["epochs"] == "\(epochs)" }) }
  }

  @Test func fewCombinationsAreAllDrawnOnce() throws {
    var definition = SweepDefinition(.tree, spaces: [ParameterSpace(["max-depth": .list(["1", "2", "3"])])])
    definition.strategy = .random(50)
    #expect(try definition.configurations().count == 3)
  }

  /// Whole numbers of a range as well; without ten million draws.
  @Test func fewValuesOfARangeAreSoonDrawn() throws {
    let range = ParameterSpace.Values.range(low: 1, high: 5, isLogarithmic: true)
    var definition = SweepDefinition(.tree, spaces: [ParameterSpace(["max-depth": range])])
    definition.strategy = .random(100_000)
    #expect(try definition.configurations().count == 5)
  }

  @Test func tooManyConfigurationsAreRefused() {
    let numbers = ParameterSpace.Values.list((1...400).map(String.init))
    let space = ParameterSpace(["trees": numbers, "max-depth": numbers])
    #expect(throws: SweepError.self) { try SweepDefinition(.forest, spaces: [space]).configurations() }
  }

  @Test func rungsGrowByTheFactor() {
    #expect(SuccessiveHalving(resource: .epochs, least: 1, most: 9).rungs == [1, 3, 9])
    #expect(SuccessiveHalving(resource: .epochs, least: 2, most: 20).rungs == [2, 6, 20])
    #expect(SuccessiveHalving(resource: .epochs, factor: 2, least: 5, most: 5).rungs == [5])
    let halving = SuccessiveHalving(resource: .trees, least: 1, most: 9)
    #expect(halving.promoted([0.1, 0.5, .nan, 0.5, 0.4, 0.5, 0.2]) == [1, 3, 5])
    #expect(halving.promoted([.nan, .nan]) == [])
  }
}

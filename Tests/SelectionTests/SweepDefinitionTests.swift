import Models
import Selection
import Testing

@Suite struct SweepDefinitionTests {
  private func read(_ text: String) throws -> [SweepDefinition] { try SweepDefinition.read(yaml: text, path: "s.yaml") }

  @Test func readsEverySetting() throws {
    let text = """
      model: cnn
      data: digits
      space:
        - filters: [[8, 16], [32]]
          learning-rate: {low: 0.01, high: 1, log: true}
        - epochs: 3
      hold-out: 0.25
      strategy: random
      samples: 7
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
    (
      "model: forst\nspace: {}",
      "line 1, column 8: model must be cnn, forest, extra-trees, knn, tree or linear, not \"forst\"; "
        + "did you mean forest?"
    ),
    (
      "model: tree\nspace:\n  max-dept: 3",
      "line 3, column 3: the space of this model has no \"max-dept\"; did you mean max-depth?"
    ),
    ("model: tree\nspace: {}\nfold: 3", "line 3, column 1: a sweep file has no \"fold\"; did you mean folds?"),
    ("model: tree\nspace: {}\nfolds: x", "folds must be an integer, not \"x\""),
    ("model: tree\nspace: {}\nfolds: 1", "folds must be from 2 to 100, not 1"),
    ("model: tree\nspace: {}\nfolds: 3\nhold-out: 0.1", "folds and hold-out cannot be combined"),
    ("model: tree", "space is missing"), ("space: {}", "model is missing"), ("", "is empty"),
    ("- 3", "is not a sweep file"),
    ("model: tree\nspace: [max-depth", "s.yaml, line 3, column 1: did not find expected ',' or ']'"),
    ("model: tree\nmodel: tree\nspace: {}", "s.yaml, line 1, column 1: model is a duplicate key"),
    ("model: tree\nspace: {max-depth: &a 3}", "line 2, column 20: anchors and aliases (& and *) are not supported"),
    ("model: tree\nspace: {max-depth: *a}", "line 2, column 20: anchors and aliases"),
    ("model: tree\nspace: {}\nfolds: 3\(String(repeating: "x", count: 1000))", "must be an integer, not \"3xx"),
    ("model: tree\nspace: {max-depth: {low: 3}}", "a range requires low and high"),
    ("model: tree\nspace: {max-depth: []}", "max-depth has no values"),
    ("model: tree\nspace: {}\nstrategy: random", "`strategy: random` requires samples"),
    ("model: tree\nspace: {}\nsamples: 3", "samples requires `strategy: random`"),
    (
      "model: tree\nspace: {}\nstrategy: halving\nresource: epochs\nmax-resource: 9",
      "resource must be images for tree, not epochs"
    ),
    (
      "model: tree\nspace: {}\nscoring: acuracy",
      "scoring must be accuracy, balanced_accuracy, f1_macro or neg_log_loss, not \"acuracy\"; did you mean accuracy?"
    ),
    (
      "model: tree\nspace:\n  criterion:\n    - gini\n    - gni",
      "line 5, column 7: criterion must be gini or entropy, not \"gni\"; did you mean gini?"
    ),
    (
      "model: cnn\nspace:\n  epochs: {low: 1, high: 5.5}\nstrategy: random\nsamples: 2",
      "line 3, column 3: epochs is an integer, so the ends of its range must be integers: write {low: 1, high: 5}"
    ),
    (
      "model: forest\nspace:\n  trees: {low: 1.5, high: 9.7}\nstrategy: random\nsamples: 2",
      "line 3, column 3: trees is an integer, so the ends of its range must be integers: write {low: 2, high: 9}"
    ),
    (
      "model: forest\nspace:\n  max-depth: {low: 1, high: 2.5, log: true}\nstrategy: random\nsamples: 2",
      "line 3, column 3: max-depth is an integer, so the ends of its range must be integers: write {low: 1, high: 2}"
    ),
    (
      "model: forest\nspace:\n  trees: {low: 1.2, high: 1.8}\nstrategy: random\nsamples: 2",
      "line 3, column 3: trees"
    ),
    ("model: forest\nspace:\n  trees: {low: -4.5, high: 3}\nstrategy: random\nsamples: 2", "line 3, column 3: trees"),
    ("model: cnn\nspace: {epochs: {low: 5, high: 1}}", "line 2, column 9: epochs: low must be less than high"),
    ("model: knn\nspace: {neighbors: ['']}", "line 2, column 21: neighbors has an empty value"),
    ("model: tree\nspace: {}\nmax-resource: 9", "line 3, column 15: max-resource requires `strategy: halving`"),
    ("model: tree\nspace: {}\nfolds: 101", "line 3, column 8: folds must be from 2 to 100"),
    (
      "model: tree\nspace:\n  max-depth: {low: 1, high: 5}", "a range requires `strategy: random`"
    ),
  ]) func reportsReasonAndPosition(text: String, reason: String) {
    let error = #expect(throws: SweepError.self) { try read(text) }
    #expect(error?.description.hasPrefix("s.yaml") == true && error!.description.contains(reason), "\(error!)")
    #expect(error!.description.utf8.count < 700)
  }

  /// Each line doubles the previous one: 2^40 values, as a value and as a key.
  @Test(arguments: ["space: *a40", "? *a40\n: 3", "space:\n  ? [*a40]\n  : 3"]) func aliasesDoNotExpand(use: String) {
    let lines = (1...40).map { "a\($0): &a\($0) [*a\($0 - 1), *a\($0 - 1)]" }
    let text = (["a0: &a0 [x]"] + lines + [use, "model: tree"]).joined(separator: "\n")
    let error = #expect(throws: SweepError.self) { try read(text) }
    #expect(error?.description.hasPrefix("s.yaml, line 1, column 5: anchors and aliases") == true)
  }

  /// The deepest nesting that fits in 1 MiB gives an immediate, short error.
  @Test(arguments: ["[", "{a: ", "- ", "? "]) func rejectsDeepNesting(level: String) {
    let text = "model: tree\nspace:\n  " + String(repeating: level, count: 1_000_000 / level.utf8.count)
    let error = #expect(throws: SweepError.self) { try read(text) }
    #expect(error?.description.hasPrefix("s.yaml, line 3, column ") == true, "\(error!)")
    #expect(error?.description.contains("nested more than 16 levels deep") == true, "\(error!)")
  }

  @Test(arguments: ["max-depth: VALUE", "VALUE: 3", "criterion: [VALUE]"])
  func truncatesLongValuesInErrors(line: String) {
    for value in [String(repeating: "7", count: 1_000_000), String(repeating: "x", count: 1_000_000)] {
      let text = "model: tree\nspace:\n  " + line.replacing("VALUE", with: value)
      let error = #expect(throws: SweepError.self) { try read(text) }
      #expect(error!.description.hasPrefix("s.yaml") && error!.description.utf8.count < 1000)
    }
  }

  @Test func skipsByteOrderMark() throws {
    #expect(try read("\u{feff}model: tree\nspace: {max-depth: 3}\n") == read("model: tree\nspace: {max-depth: 3}\n"))
  }

  /// Within text, the characters of anchors and aliases have no meaning.
  @Test func ampersandsAndAsterisksInTextAreRead() throws {
    let text = "# a & b *c\nmodel: tree\ndata: 'R & *D'\nspace: {}\n"
    #expect(try read(text).map(\.data) == ["R & *D"])
    #expect(try read("model: tree\ndata: a&b*c & d\nspace: {}\n").map(\.data) == ["a&b*c & d"])
  }

  /// The command line accepts the same seeds.
  @Test func readsEverySeed() throws {
    for seed in [0, 1 << 63, UInt64.max] {
      #expect(try read("model: tree\nspace: {}\nseed: \(seed)\n")[0].seed == seed)
    }
    for seed in ["-1", "18446744073709551616", "x", "1.0"] {
      let error = #expect(throws: SweepError.self) { try read("model: tree\nspace: {}\nseed: \(seed)\n") }
      #expect(
        error?.description
          == "s.yaml, line 3, column 7: seed must be an integer from 0 to 18446744073709551615, not \"\(seed)\"")
    }
  }

  @Test(arguments: ["---\n", "---", "--- \n# end\n\n", "---\n...\n"]) func separatorAtTheEndIsIgnored(end: String)
    throws
  {
    let text = "model: tree\nspace: {max-depth: 3}\n"
    #expect(try read(text + end) == read(text))
    #expect(try read("---\n" + text + "---\n" + text + end).count == 2)
  }

  @Test(arguments: ["---\n---\n", "--- ''\n", "--- ~\n", "---\n---\nmodel: tree\nspace: {}\n"])
  func emptySweepWithinAFileIsAnError(end: String) {
    #expect(throws: SweepError.self) { try read("model: tree\nspace: {}\n" + end) }
    #expect(throws: SweepError.self) { try read("---\n") }
  }

  @Test func gridHasOrderOfScikitLearn() throws {
    let space = ParameterSpace(["trees": .list(["1", "2"]), "max-depth": .list(["5", "none", "5"])])
    let grid = try SweepDefinition(.forest, spaces: [space, space]).configurations()
    #expect(
      grid.map(\.description) == [
        "max-depth 5, trees 1", "max-depth 5, trees 2", "max-depth none, trees 1", "max-depth none, trees 2",
      ])
  }

  @Test func equalSettingsAreOneConfiguration() throws {
    func count(_ kind: ModelKind, _ name: String, _ values: [String]) throws -> Int {
      try SweepDefinition(kind, spaces: [ParameterSpace([name: .list(values)])]).configurations().count
    }
    #expect(try count(.knn, "neighbors", ["3", "03", "+3", "5"]) == 2)
    #expect(try count(.tree, "max-features", ["0.5", ".5", "5e-1", "all"]) == 2)
    #expect(try count(.cnn, "learning-rate", ["0.1", "0.10", "1e-1", "0.01"]) == 2)
    #expect(try count(.cnn, "filters", ["8,16", "08,16", "16"]) == 2)
  }

  /// The number of shards is at most the batch size, which checks of single values cannot verify.
  @Test func acceptsValuesWhoseLimitIsAnotherParameter() throws {
    let space = ParameterSpace(["batch": .list(["4", "256"]), "shards": .list(["2", "256"])])
    try SweepDefinition(.cnn, spaces: [space]).check()
  }

  @Test func samplesAreDistinctAndWithinTheirRanges() throws {
    var definition = SweepDefinition(
      .cnn,
      spaces: [
        ParameterSpace([
          "learning-rate": .range(low: 0.001, high: 1, isLogarithmic: true),
          "epochs": .range(low: 1, high: 3, isLogarithmic: false),
        ])
      ])
    definition.strategy = .random(200)
    let sampled = try definition.configurations()
    #expect(sampled.count == 200 && Set(sampled.map(\.description)).count == 200)
    #expect(try definition.configurations() == sampled)
    let rates = sampled.map { Double($0["learning-rate"]!)! }
    #expect(rates.allSatisfy { 0.001...1 ~= $0 })
    // Half of the values are below the geometric mean.
    #expect(60...140 ~= rates.count { $0 < 0.0316 })
    for epochs in 1...3 { #expect(30...110 ~= sampled.count { $0["epochs"] == "\(epochs)" }) }
  }

  /// The parameter determines whether the values of a range are integers, regardless of how its ends are written.
  @Test func parameterDeterminesValuesOfRange() throws {
    func sampled(_ kind: ModelKind, _ name: String, _ range: String) throws -> [String] {
      let text = "model: \(kind.rawValue)\nspace: {\(name): \(range)}\nstrategy: random\nsamples: 30\n"
      return try read(text)[0].configurations().map { $0[name]! }
    }
    for range in ["{low: 0, high: 1}", "{low: 0.0, high: 1.0}", "{low: 0, high: 1.0}"] {
      let values = try sampled(.knn, "whitening", range)
      #expect(values.count == 30 && values.count { Double($0)! == Double($0)!.rounded() } < 3, "\(values)")
      #expect(try values == sampled(.knn, "whitening", "{low: 0, high: 1}"))
      #expect(values.allSatisfy { 0...1 ~= Double($0)! })
    }
    for range in ["{low: 1, high: 10, log: true}", "{low: 1.0, high: 10.0, log: true}"] {
      #expect(try sampled(.cnn, "learning-rate", range).contains { Double($0)! != Double($0)!.rounded() })
      #expect(try sampled(.cnn, "epochs", range).sorted { Int($0)! < Int($1)! } == (1...10).map(String.init))
    }
    for (name, low, high) in [("dropout", "0", "0.5"), ("validation", "0", "0.5"), ("weight-decay", "0", "1")] {
      #expect(try sampled(.cnn, name, "{low: \(low), high: \(high)}").count == 30)
    }
  }

  /// The list of real parameters agrees with the settings.
  @Test(arguments: ModelKind.allCases) func realParametersTakeFractions(kind: ModelKind) {
    for name in kind.settingNames {
      func isValue(_ text: String) -> Bool {
        let values = ParameterSpace([name: .list([text])])
        return (try? SweepDefinition(kind, spaces: [values]).check()) != nil
      }
      let real: Set = [
        "dropout", "learning-rate", "weight-decay", "label-smoothing", "validation", "weight-average", "max-features",
        "whitening", "inverse-regularization", "tolerance",
      ]
      #expect(isValue("0.5") == real.contains(name), "\(name)")
      func isRange(_ low: Double, _ high: Double) -> Bool {
        var definition = SweepDefinition(
          kind, spaces: [ParameterSpace([name: .range(low: low, high: high, isLogarithmic: false)])])
        definition.strategy = .random(2)
        return (try? definition.check()) != nil
      }
      #expect(isRange(0.25, 0.75) == real.contains(name), "\(name)")
    }
  }

  /// A value that is written in two ways is one configuration.
  @Test func samplesOfEqualSettingsAreOneConfiguration() throws {
    let lists = ParameterSpace([
      "max-depth": .list(["3", "03", "+3", "4", "5"]), "min-samples-leaf": .list(["1", "01"]),
    ])
    var definition = SweepDefinition(.tree, spaces: [lists])
    definition.strategy = .random(4)
    #expect(try definition.configurations().count == 3)
  }

  /// A small range of integers is searched completely instead of at random.
  @Test func searchesAllOfASpaceSmallerThanTheNumberOfSamples() throws {
    let range = ParameterSpace.Values.range(low: 1, high: 40, isLogarithmic: true)
    let space = ParameterSpace(["max-depth": range, "criterion": .list(["gini", "entropy"])])
    var definition = SweepDefinition(.tree, spaces: [space])
    definition.strategy = .random(81)
    #expect(try definition.configurations().count == 80)
  }

  // MARK: Overrides

  private func read(_ text: String, _ change: (inout SweepOverrides) -> Void) throws -> [SweepDefinition] {
    var overrides = SweepOverrides()
    change(&overrides)
    return try SweepDefinition.read(yaml: text, path: "s.yaml", overrides: overrides)
  }

  @Test func overridesApplyToAllSweepsOfAFile() throws {
    let space = "model: forest\nspace: {max-depth: [1, 2]}\n"
    let halving = "\(space)strategy: halving\nresource: trees\nmax-resource: 90\nfactor: 2\n"
    let found = try read("\(space)folds: 5\nseed: 1\nscoring: accuracy\n---\n\(halving)") {
      ($0.holdOut, $0.seed, $0.scoring, $0.images, $0.refit) = (0.25, 9, .macroF1, 50, false)
    }
    for definition in found {
      #expect(definition.splits == .holdOut(0.25) && definition.seed == 9 && definition.scoring == .macroF1)
      #expect(definition.images == 50 && !definition.refit)
    }
    func trees(factor: Int) -> SweepDefinition.Strategy {
      .halving(SuccessiveHalving(resource: .trees, factor: factor, least: nil, most: 90))
    }
    #expect(found.map(\.strategy) == [.grid, trees(factor: 2)])
    #expect(try read(halving) { $0.strategy["factor"] = "3" }[0].strategy == trees(factor: 3))
    let images = SuccessiveHalving(resource: .images, factor: 3, least: nil, most: 9)
    let replaced = try read(halving) { $0.strategy = ["resource": "images", "max-resource": "9"] }
    #expect(replaced[0].strategy == .halving(images), "the strategy is replaced as a whole")
    #expect(try read(halving) { $0.strategy["samples"] = "2" }[0].strategy == .random(2))
  }

  /// The file may omit settings that the command line gives.
  @Test func overridesCompleteAFile() throws {
    let range = "model: tree\nspace: {max-depth: {low: 1, high: 9}}\n"
    #expect(try read(range) { $0.strategy["samples"] = "4" }[0].configurations().count == 4)
    #expect(try read(range + "strategy: random\n") { $0.strategy["samples"] = "4" }[0].strategy == .random(4))
    for change: (inout SweepOverrides) -> Void in [
      { $0.strategy["factor"] = "3" }, { $0.strategy["resource"] = "images" }, { $0.folds = 1 }, { $0.images = 0 },
      { ($0.strategy["samples"], $0.folds) = ("4", 101) },
    ] { #expect(throws: SweepError.self) { try read(range, change) } }
  }

  @Test func samplesEachOfFewCombinationsOnce() throws {
    var definition = SweepDefinition(.tree, spaces: [ParameterSpace(["max-depth": .list(["1", "2", "3"])])])
    definition.strategy = .random(50)
    #expect(try definition.configurations().count == 3)
  }

  /// A range with few integers does not require as many samples as the strategy allows.
  @Test func samplesEachOfFewValuesOfARange() throws {
    let range = ParameterSpace.Values.range(low: 1, high: 5, isLogarithmic: true)
    var definition = SweepDefinition(.tree, spaces: [ParameterSpace(["max-depth": range])])
    definition.strategy = .random(100_000)
    #expect(try definition.configurations().count == 5)
  }

  @Test func rejectsTooManyConfigurations() {
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

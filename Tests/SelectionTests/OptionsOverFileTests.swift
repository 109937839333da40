import Selection
import Testing

/// Options of the command line that replace values of a sweep file.
@Suite struct OptionsOverFileTests {
  private static let file = """
    model: forest
    space: {max-depth: [3, 5]}
    strategy: halving
    resource: trees
    factor: 2
    min-resource: 4
    max-resource: 90
    """

  private func read(_ text: String, _ change: (inout SweepOverrides) -> Void) throws -> SweepDefinition {
    var overrides = SweepOverrides()
    change(&overrides)
    return try SweepDefinition.read(yaml: text, path: "s.yaml", overrides: overrides)[0]
  }

  private func halving(_ options: [String: String]) throws -> SuccessiveHalving? {
    (try read(Self.file) { $0.strategy = options }.strategy.value as? HalvingSearch)?.halving
  }

  @Test func otherValuesOfTheSameResourceAreKept() throws {
    let halved = SuccessiveHalving(resource: .trees, factor: 2, least: 4, most: 50)
    #expect(try halving(["max-resource": "50"]) == halved)
    #expect(try halving(["resource": "trees", "max-resource": "50"]) == halved)
  }

  @Test func amountsOfAnotherResourceAreNotKept() throws {
    #expect(throws: SweepError("s.yaml: --halving requires --max-resource")) { try halving(["resource": "images"]) }
    #expect(
      try halving(["resource": "images", "max-resource": "50"])
        == SuccessiveHalving(resource: .images, factor: 3, least: nil, most: 50))
  }

  @Test func errorsNameTheOptionInsteadOfALine() throws {
    for (options, reason) in [
      (["max-resource": "0"], "s.yaml: --max-resource must be at least 1, not 0"),
      (["min-resource": "91"], "s.yaml: --min-resource must be from 1 to max-resource (90), not 91"),
      (["max-resource": "200000"], "s.yaml: --max-resource is too large: trees must be an integer from 1 to 100000"),
    ] {
      let error = #expect(throws: SweepError.self) { try halving(options) }
      #expect(error?.description.hasPrefix(reason) == true, "\(error!)")
    }
    let error = #expect(throws: SweepError.self) { try read(Self.file) { $0.folds = 1 } }
    #expect(error?.description == "s.yaml: --folds must be from 2 to 100, not 1")
  }

  @Test func imagesAreEitherLimitedOrTheResource() throws {
    let error = #expect(throws: SweepError.self) {
      try read(Self.file) {
        $0.strategy = ["resource": "images", "max-resource": "50"]
        $0.images = 20
      }
    }
    #expect(error?.description == "s.yaml: --images cannot be combined with halving by images")
  }

  @Test func unknownStrategyOfFileIsAnErrorEvenIfReplaced() throws {
    let error = #expect(throws: SweepError.self) {
      try read("model: tree\nspace: {max-depth: 3}\nstrategy: halvin") { $0.strategy = ["samples": "2"] }
    }
    #expect(error?.description.hasPrefix("s.yaml, line 3, column 11: strategy must be ") == true, "\(error!)")
  }

  @Test(arguments: [("cnn", "kernel"), ("cnn", "filters"), ("forest", "bootstrap")])
  func rangeIsOnlyForSingleNumbers(model: String, parameter: String) throws {
    let text = "model: \(model)\nspace: {\(parameter): {low: 1, high: 5}}\nstrategy: random\nsamples: 2"
    let error = #expect(throws: SweepError.self) { try read(text) { _ in } }
    #expect(error?.description.contains("\(parameter) is not a single number") == true, "\(error!)")
  }
}

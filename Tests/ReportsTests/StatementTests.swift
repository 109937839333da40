import Evaluation
import Models
import Reports
import Testing

/// A statement appears only if the data support it.
@Suite struct StatementTests {
  private func text(_ statement: HTMLStatement?) -> String? {
    statement.map { HTMLSection("x", title: "", [.statements([$0])]).fragment.replacing("\u{a0}", with: " ") }
  }

  /// A model given by the confidence and correctness of each image, all of class 0.
  private func model(
    _ images: [(Float, Bool)], holdOut: [(Float, Bool)] = [], name: String = "M"
  ) throws -> EvaluatedModel {
    func predictions(_ images: [(Float, Bool)]) throws -> Predictions {
      try Predictions(
        probabilities: images.flatMap { $0.1 ? [$0.0, 1 - $0.0] : [1 - $0.0, $0.0] }, labels: images.map { _ in 0 },
        classCount: 2)
    }
    return try EvaluatedModel(
      name: name, settings: [:], classNames: ["yes", "no"], test: predictions(images),
      holdOut: HoldOut(holdOut.isEmpty ? nil : predictions(holdOut), source: .companion, trainingCount: 9))
  }

  private func images(_ count: Int, right: Int, confidence: Float = 0.9) -> [(Float, Bool)] {
    (0..<count).map { (confidence, $0 < right) }
  }

  // MARK: Accuracy

  @Test func statesAccuracyOnlyWithNarrowInterval() throws {
    let known = try model(images(1000, right: 900))
    #expect(ProportionInterval(900, of: 1000).isNarrow)
    #expect(text(Statements.accuracy(known))?.contains("900 of 1,000") == true)
    #expect(Statements.accuracy(known)?.number == "90.0\u{a0}%")
    #expect(Statements.tooFewImages(known) == nil)
    let unknown = try model(images(40, right: 36))
    #expect(Statements.accuracy(unknown) == nil && Statements.tooFewImages(unknown) != nil)
  }

  @Test func statesCalibrationOnlyIfShown() throws {
    #expect(text(Statements.confidence(try model(images(1000, right: 700))))?.contains("overconfident") == true)
    #expect(
      text(Statements.confidence(try model(images(1000, right: 990))))?.contains("underconfident") == true)
    #expect(text(Statements.confidence(try model(images(1000, right: 900))))?.contains("well calibrated") == true)
    #expect(Statements.confidence(try model(images(40, right: 36))) == nil)
    #expect(Statements.confidence(try model(images(29, right: 1))) == nil)
  }

  @Test func statesTemperatureOnlyIfShownOnTestImages() throws {
    func statement(test: [(Float, Bool)], holdOut: [(Float, Bool)]) throws -> HTMLStatement? {
      let model = try model(test, holdOut: holdOut)
      let predictions = try #require(model.holdOut.predictions)
      let scaling = try #require(TemperatureScaling(fittedOn: predictions))
      return Statements.temperature(scaling, model, scaled: scaling.applied(to: model.test))
    }
    let (sure, honest) = (images(1000, right: 700), images(1000, right: 900))
    #expect(text(try statement(test: sure, holdOut: sure))?.contains("improves the calibration") == true)
    #expect(text(try statement(test: honest, holdOut: sure))?.contains("worsens the calibration") == true)
    #expect(try statement(test: honest, holdOut: honest) == nil)
    #expect(try statement(test: images(20, right: 10), holdOut: sure) == nil)
  }

  @Test func statesBestClassOnlyIfShown() throws {
    #expect(try Statements.bestClass(ChapterSamples.model(errors: 0)) == nil)
    let model = try ChapterSamples.model(errors: 0.2)
    let best = ClassIntervals.all(model.evaluation.confusion).max { $0.recall.fraction < $1.recall.fraction }
    let name = model.classNames[try #require(best).label]
    #expect(text(Statements.bestClass(model))?.contains("<strong>\(name)</strong>") == true)
  }

  @Test func statesWeakestStratumOnlyIfShown() throws {
    let predictions = try model((0..<1000).map { (0.9, $0 % 10 != 0 || $0 >= 500) }).test
    let byIndex = Stratum.quantiles(predictions, by: (0..<1000).map { Double($0) / 1000 }, groups: 2)
    #expect(text(Statements.weakestStratum(byIndex, measure: "place"))?.contains("450 of 500") == true)
    let mixed = Stratum.quantiles(predictions, by: (0..<1000).map { Double($0 * 7 % 1000) / 1000 }, groups: 2)
    #expect(Statements.weakestStratum(mixed, measure: "place") == nil)
    #expect(Statements.weakestStratum(Array(byIndex.prefix(1)), measure: "place") == nil)
  }

  // MARK: Comparison

  @Test func doesNotRankEqualModels() throws {
    let twins = [try model(images(1000, right: 900), name: "A"), try model(images(1000, right: 900), name: "B")]
    #expect(Statements.best(of: twins) == nil && Statements.costOfAccuracy(twins) == nil)
    let comparison = try #require(ModelComparison.pairs(of: twins.map(\.test)).first)
    #expect(
      text(Statements.comparison(comparison, of: twins, pairs: 1))?.contains("the same test images correctly") == true)
    #expect(Statements.best(of: Array(twins.prefix(1))) == nil)
  }

  @Test func statesDifferenceOnlyIfSignificant() throws {
    func statement(_ rights: [Int]) throws -> (HTMLStatement?, String?) {
      let models = try rights.map { try model(images(1000, right: $0), name: "M\($0)") }
      let comparison = try #require(ModelComparison.pairs(of: models.map(\.test)).first)
      return (Statements.best(of: models), text(Statements.comparison(comparison, of: models, pairs: 1)))
    }
    // Five discordant images, all in favor of one model, have a probability of 1 in 16; six, of 1 in 32.
    let five = try statement([905, 900])
    #expect(five.0 == nil && five.1?.contains("the difference is not significant (5 images") == true)
    let six = try statement([900, 906])
    #expect(six.0?.number == "0.6\u{a0}points" && six.1?.contains("<strong>M906</strong> is better") == true)
  }

  @Test func costOfAccuracyComparesWithTheBestFasterModel() throws {
    let models = [
      try ChapterSamples.model("slow", errors: 0.05, fitSeconds: 100),
      try ChapterSamples.model("keeps images", errors: 0.1, seed: 2, fitSeconds: 0.001),
      try ChapterSamples.model("fast", errors: 0.2, seed: 3, fitSeconds: 4),
      try ChapterSamples.model("fastest", errors: 0.4, seed: 4, fitSeconds: 2),
    ]
    let statement = try #require(Statements.costOfAccuracy(models))
    #expect(statement.number == "25×" && text(statement)?.contains("<strong>fast</strong>") == true)
    #expect(
      try Statements.costOfAccuracy([models[0], ChapterSamples.model("other", errors: 0.2, fitSeconds: nil)]) == nil)
  }

  // MARK: Automation and costs

  private func automation(_ holdOut: [(Float, Bool)], _ test: [(Float, Bool)]) throws -> HTMLStatement {
    let model = try model(test, holdOut: holdOut)
    let plan = AutomationPlan(target: 0.95, holdOut: try #require(model.holdOut.predictions), test: model.test)
    return Statements.automation(plan, model)
  }

  @Test func statesAutomationWithVerification() throws {
    let good = images(1000, right: 990, confidence: 0.9)
    let unsure = images(1000, right: 500, confidence: 0.6)
    let statement = try automation(good + unsure, good + unsure)
    #expect(statement.number == "50.0\u{a0}%")
    #expect(text(statement)?.contains("at least 90.0 % confidence") == true)
    #expect(text(statement)?.contains("99.0 % (98.2–99.5 %) of these labels are correct") == true)
  }

  @Test func statesWhyAutomationIsNotSupported() throws {
    let few = try automation(images(50, right: 50), images(1000, right: 1000))
    #expect(few.number == "none" && text(few)?.contains("there are only 50 hold-out images") == true)
    let imprecise = try automation(images(1000, right: 900), images(1000, right: 900))
    #expect(imprecise.number == "none" && text(imprecise)?.contains("no threshold reaches it") == true)
  }

  @Test func doesNotRecommendContradictedThreshold() throws {
    let statement = try automation(images(1000, right: 990), images(1000, right: 800))
    #expect(text(statement)?.contains("do not use it") == true)
  }

  @Test func automationIsUncertainOnFewTestImages() throws {
    let statement = try automation(
      images(1000, right: 990) + images(1000, right: 500, confidence: 0.6),
      images(10, right: 10) + images(10, right: 5, confidence: 0.6))
    #expect(statement.number == "uncertain")
  }

  private func cost(error: Double, _ holdOut: [(Float, Bool)], _ test: [(Float, Bool)]) throws -> HTMLStatement? {
    let model = try model(test, holdOut: holdOut)
    let plan = CostPlan(
      try LabelingCosts(costError: error, costReview: 1), holdOut: try #require(model.holdOut.predictions),
      test: model.test)
    return Statements.cost(try #require(plan), model)
  }

  @Test func statesSavingsOnlyIfShown() throws {
    let items = images(1000, right: 990) + images(1000, right: 500, confidence: 0.6)
    let statement = try #require(try cost(error: 10, items, items))
    // 10 errors cost 100, 1000 reviews 1000: 550 per 1,000 items, compared with 1,000 manually and 2,550 automatically.
    #expect(statement.number == "550")
    #expect(text(statement)?.contains("450") == true && text(statement)?.contains("2,000") == true)
    // Errors are so expensive that no threshold pays off.
    #expect(text(try cost(error: 1000, items, items))?.contains("label everything manually") == true)
    // An error costs as much as ten reviews, and one item in ten is an error: there are no savings.
    #expect(try cost(error: 10, images(1000, right: 910), images(1000, right: 900)) == nil)
    #expect(try cost(error: 10, items, images(20, right: 20)) == nil)
  }

  @Test(arguments: [(Float(0.5), "50.0 %"), (0.97251, "97.3 %"), (0.9998697, "99.987 %"), (1, "100 %")])
  func printedThresholdIsRoundedUp(threshold: Float, written: String) throws {
    let holdOut = (0..<500).map { _ in (threshold, true) }
    #expect(text(try automation(holdOut, holdOut))?.contains("at least \(written) confidence") == true)
  }

  // MARK: Priorities

  @Test func listsNoClassIfNoneIsWorse() throws {
    let equal = try ChapterSamples.model(errors: 0)
    #expect(Statements.weakClasses(ClassPriority.ranked(equal.test), equal).isEmpty)
    #expect(Statements.confusedPairs(PairPriority.ranked(equal.test), equal).isEmpty)
    let weak = try ChapterSamples.model(errors: 0.2)
    let statements = Statements.weakClasses(ClassPriority.ranked(weak.test), weak)
    #expect(text(statements.first)?.contains("Collect more or better images of <strong>cat</strong> first") == true)
  }
}

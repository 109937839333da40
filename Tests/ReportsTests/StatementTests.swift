import Evaluation
import Reports
import Testing

/// Sentences stand where the data support them, and nowhere else.
@Suite struct StatementTests {
  private func text(_ statement: HTMLStatement?) -> String? {
    statement.map { HTMLSection("x", title: "", [.statements([$0])]).fragment.replacing("\u{a0}", with: " ") }
  }

  /// Of each image, all of class 0, the confidence and whether it is told rightly.
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
      holdOut: HoldOut(holdOut.isEmpty ? nil : predictions(holdOut), explanation: ""))
  }

  private func images(_ count: Int, right: Int, confidence: Float = 0.9) -> [(Float, Bool)] {
    (0..<count).map { (confidence, $0 < right) }
  }

  // MARK: Accuracy

  @Test func anAccuracyIsStatedIfItsIntervalIsNarrow() throws {
    let known = try model(images(1000, right: 900))
    #expect(ProportionInterval(900, of: 1000).isNarrow)
    #expect(text(Statements.accuracy(known))?.contains("900 of 1,000") == true)
    #expect(Statements.accuracy(known)?.number == "90.0\u{a0}%")
    #expect(Statements.tooFewImages(known) == nil)
    let unknown = try model(images(40, right: 36))
    #expect(Statements.accuracy(unknown) == nil && Statements.tooFewImages(unknown) != nil)
  }

  @Test func confidenceIsJudgedOnlyWhereADifferenceOrItsAbsenceIsShown() throws {
    #expect(text(Statements.confidence(try model(images(1000, right: 700))))?.contains("too sure of itself") == true)
    #expect(
      text(Statements.confidence(try model(images(1000, right: 990))))?.contains("better than it believes") == true)
    #expect(text(Statements.confidence(try model(images(1000, right: 900))))?.contains("taken at its word") == true)
    #expect(Statements.confidence(try model(images(40, right: 36))) == nil)
    #expect(Statements.confidence(try model(images(29, right: 1))) == nil)
  }

  @Test func aTemperatureIsStatedOnlyIfTheTestImagesConfirmIt() throws {
    func statement(test: [(Float, Bool)], holdOut: [(Float, Bool)]) throws -> HTMLStatement? {
      let model = try model(test, holdOut: holdOut)
      let judged = try #require(model.holdOut.predictions)
      let scaling = try #require(TemperatureScaling(fittedOn: judged))
      return Statements.temperature(scaling, model, scaled: scaling.applied(to: model.test))
    }
    let (sure, honest) = (images(1000, right: 700), images(1000, right: 900))
    #expect(text(try statement(test: sure, holdOut: sure))?.contains("confidence more honest") == true)
    #expect(text(try statement(test: honest, holdOut: sure))?.contains("less honest") == true)
    #expect(try statement(test: honest, holdOut: honest) == nil)
    #expect(try statement(test: images(20, right: 10), holdOut: sure) == nil)
  }

  @Test func theBestClassIsNamedOnlyIfItIsBetter() throws {
    #expect(try Statements.bestClass(ChapterSamples.model(errors: 0)) == nil)
    let model = try ChapterSamples.model(errors: 0.2)
    let best = ClassIntervals.all(model.evaluation.confusion).max { $0.recall.fraction < $1.recall.fraction }
    let name = model.classNames[try #require(best).label]
    #expect(text(Statements.bestClass(model))?.contains("<strong>\(name)</strong>") == true)
  }

  @Test func aStratumIsNamedOnlyIfItIsWorse() throws {
    let predictions = try model((0..<1000).map { (0.9, $0 % 10 != 0 || $0 >= 500) }).test
    let byIndex = Stratum.quantiles(predictions, by: (0..<1000).map { Double($0) / 1000 }, groups: 2)
    #expect(text(Statements.weakestStratum(byIndex, measure: "place"))?.contains("450 of 500") == true)
    let mixed = Stratum.quantiles(predictions, by: (0..<1000).map { Double($0 * 7 % 1000) / 1000 }, groups: 2)
    #expect(Statements.weakestStratum(mixed, measure: "place") == nil)
    #expect(Statements.weakestStratum(Array(byIndex.prefix(1)), measure: "place") == nil)
  }

  // MARK: Comparison

  @Test func equalModelsAreNotRanked() throws {
    let twins = [try model(images(1000, right: 900), name: "A"), try model(images(1000, right: 900), name: "B")]
    #expect(Statements.best(of: twins) == nil && Statements.costOfAccuracy(twins) == nil)
    let comparison = try #require(ModelComparison.pairs(of: twins.map(\.test)).first)
    #expect(
      text(Statements.comparison(comparison, of: twins, pairs: 1))?.contains("the same test images rightly") == true)
    #expect(Statements.best(of: Array(twins.prefix(1))) == nil)
  }

  @Test func aDifferenceIsStatedOnlyIfItIsMoreThanChance() throws {
    func statement(_ rights: [Int]) throws -> (HTMLStatement?, String?) {
      let models = try rights.map { try model(images(1000, right: $0), name: "M\($0)") }
      let comparison = try #require(ModelComparison.pairs(of: models.map(\.test)).first)
      return (Statements.best(of: models), text(Statements.comparison(comparison, of: models, pairs: 1)))
    }
    // Five discordant images, all for one model, are as likely as 1 in 16 by chance; six, 1 in 32.
    let five = try statement([905, 900])
    #expect(five.0 == nil && five.1?.contains("do not show which is better (5 images") == true)
    let six = try statement([900, 906])
    #expect(six.0?.number == "0.6\u{a0}points" && six.1?.contains("<strong>M906</strong> is better") == true)
  }

  @Test func thePriceOfAccuracyComparesWithTheNextBestThatIsFaster() throws {
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

  @Test func automationIsStatedWithItsVerification() throws {
    let good = images(1000, right: 990, confidence: 0.9)
    let unsure = images(1000, right: 500, confidence: 0.6)
    let statement = try automation(good + unsure, good + unsure)
    #expect(statement.number == "50.0\u{a0}%")
    #expect(text(statement)?.contains("at least 90.0 % sure") == true)
    #expect(text(statement)?.contains("99.0 % (98.2–99.5 %) of these labels are right") == true)
  }

  @Test func automationIsRefusedWithAReason() throws {
    let few = try automation(images(50, right: 50), images(1000, right: 1000))
    #expect(few.number == "none" && text(few)?.contains("only 50 hold-out images") == true)
    let imprecise = try automation(images(1000, right: 900), images(1000, right: 900))
    #expect(imprecise.number == "none" && text(imprecise)?.contains("no threshold reaches it") == true)
  }

  @Test func automationThatTheTestImagesContradictIsNotRecommended() throws {
    let statement = try automation(images(1000, right: 990), images(1000, right: 800))
    #expect(text(statement)?.contains("do not use it") == true)
  }

  @Test func automationOnFewTestImagesStaysOpen() throws {
    let statement = try automation(
      images(1000, right: 990) + images(1000, right: 500, confidence: 0.6),
      images(10, right: 10) + images(10, right: 5, confidence: 0.6))
    #expect(statement.number == "open")
  }

  private func cost(error: Double, _ holdOut: [(Float, Bool)], _ test: [(Float, Bool)]) throws -> HTMLStatement? {
    let model = try model(test, holdOut: holdOut)
    let plan = CostPlan(
      try LabelingCosts(costError: error, costReview: 1), holdOut: try #require(model.holdOut.predictions),
      test: model.test)
    return Statements.cost(try #require(plan), model)
  }

  @Test func aSavingIsStatedOnlyIfItIsShown() throws {
    let items = images(1000, right: 990) + images(1000, right: 500, confidence: 0.6)
    let statement = try #require(try cost(error: 10, items, items))
    // 10 errors cost 100, 1000 reviews 1000: 550 for 1,000 items, against 1,000 by people and 2,550 by the model.
    #expect(statement.number == "550")
    #expect(text(statement)?.contains("450") == true && text(statement)?.contains("2,000") == true)
    // Errors so dear that nothing pays.
    #expect(text(try cost(error: 1000, items, items))?.contains("people should label everything") == true)
    // An error costs as much as ten reviews, and one item in ten is an error: nothing is won, nothing lost.
    #expect(try cost(error: 10, images(1000, right: 910), images(1000, right: 900)) == nil)
    #expect(try cost(error: 10, items, images(20, right: 20)) == nil)
  }

  @Test(arguments: [(Float(0.5), "50.0 %"), (0.97251, "97.3 %"), (0.9998697, "99.987 %"), (1, "100 %")])
  func aThresholdIsWrittenSoThatItLetsNoMoreThrough(threshold: Float, written: String) throws {
    let holdOut = (0..<500).map { _ in (threshold, true) }
    #expect(text(try automation(holdOut, holdOut))?.contains("at least \(written) sure") == true)
  }

  // MARK: Priorities

  @Test func noClassIsListedIfNoneIsWorse() throws {
    let equal = try ChapterSamples.model(errors: 0)
    #expect(Statements.weakClasses(ClassPriority.toPhotograph(equal.test), equal).isEmpty)
    #expect(Statements.confusedPairs(PairPriority.toRelabel(equal.test), equal).isEmpty)
    let weak = try ChapterSamples.model(errors: 0.2)
    let statements = Statements.weakClasses(ClassPriority.toPhotograph(weak.test), weak)
    #expect(text(statements.first)?.contains("Photograph <strong>cat</strong> first") == true)
  }
}

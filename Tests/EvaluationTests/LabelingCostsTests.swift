import Evaluation
import Testing

@Suite struct LabelingCostsTests {
  private let names = ["T-shirt/top", "Ankle boot", "Shirt", "a", "b", "a:b", "b:a"]

  @Test(arguments: [
    ("Shirt:T-shirt/top=5", 2, 0, 5.0), (" Ankle boot : Shirt = 0.25 ", 1, 2, 0.25), ("a:b=1e3", 3, 4, 1000),
    ("a:b:Shirt=0", 5, 2, 0),
    ("Shirt:b:a=2", 2, 6, 2),
  ])
  func parsesPairs(text: String, truth: Int, prediction: Int, cost: Double) throws {
    let pair = try LabelingCosts.Pair(parsing: text, classNames: names)
    #expect(pair == LabelingCosts.Pair(truth: truth, prediction: prediction, cost: cost))
  }

  @Test func rejectsInvalidPairs() {
    for (text, expected) in [
      ("Shirt:a", LabelingCostsError.noEqualsSign("Shirt:a")), ("Shirt:a=much", .notACost("much")),
      ("Shirt:a=-1", .notACost("-1")),
      ("Shirt:a=inf", .notACost("inf")), ("Shirt:a=", .notACost("")),
      ("Shirt:Coat=5", .unknownPair("Shirt:Coat", classNames: names)),
      ("Shirt=5", .unknownPair("Shirt", classNames: names)),
      ("shirt:a=5", .unknownPair("shirt:a", classNames: names)), ("=", .unknownPair("", classNames: names)),
      ("a:b:a=5", .ambiguousPair("a:b:a", readings: ["a predicted to be b:a", "a:b predicted to be a"])),
    ] {
      #expect(throws: expected) { try LabelingCosts.Pair(parsing: text, classNames: names) }
      #expect(!expected.description.isEmpty)
    }
    #expect(
      LabelingCostsError.unknownPair("x:y", classNames: ["a", "b"]).description.hasSuffix("the classes are a, b"))
  }

  @Test func rejectsInvalidCosts() {
    #expect(throws: LabelingCostsError.notACost("-1.0")) { try LabelingCosts(costError: -1, costReview: 1) }
    #expect(throws: LabelingCostsError.notACost("nan")) { try LabelingCosts(costError: 1, costReview: .nan) }
    let pair = LabelingCosts.Pair(truth: 0, prediction: 1, cost: 1)
    #expect(throws: LabelingCostsError.repeated(truth: 0, prediction: 1)) {
      try LabelingCosts(costError: 1, costReview: 1, pairs: [pair, pair])
    }
    #expect(throws: LabelingCostsError.rightLabel(2)) {
      try LabelingCosts(costError: 1, costReview: 1, pairs: [LabelingCosts.Pair(truth: 2, prediction: 2, cost: 1)])
    }
  }
}

@Suite struct CostPlanTests {
  /// Compares with a search over all confidences and full manual labeling.
  @Test(arguments: [(5.0, 1.0), (2.5, 1.0), (100.0, 0.5)])
  func choosesCheapestThresholdOnHoldOut(costError: Double, costReview: Double) throws {
    let (holdOut, test) = (try calibrated(1500, seed: 8), try calibrated(700, seed: 9))
    let plan = try #require(
      CostPlan(LabelingCosts(costError: costError, costReview: costReview), holdOut: holdOut, test: test))
    func cost(_ predictions: Predictions, _ threshold: Float) -> Double {
      let total = predictions.labels.indices.reduce(0.0) {
        $0 + (predictions.confidences[$1] < threshold ? costReview : predictions.isCorrect($1) ? 0 : costError)
      }
      return 1000 * total / Double(predictions.count)
    }
    let cheapest = (Set(holdOut.confidences) + [2]).map { cost(holdOut, $0) }.min()!
    #expect(abs(plan.holdOut.cost.mean - cheapest) < 1e-9)
    #expect(abs(plan.test.cost.mean - cost(test, plan.threshold ?? 2)) < 1e-9)
    #expect(abs(plan.test.costAllAutomatic.mean - cost(test, 0)) < 1e-9)
    #expect(plan.test.costAllManual == 1000 * costReview)
    #expect(abs(plan.test.savingsOverManual.mean - (plan.test.costAllManual - plan.test.cost.mean)) < 1e-9)
    #expect(abs(plan.test.savingsOverAutomatic.mean - (plan.test.costAllAutomatic.mean - plan.test.cost.mean)) < 1e-9)
    #expect(plan.curve.count <= 200 && plan.curve.first?.cost == 1000 * costReview && plan.curve.last?.coverage == 1)
    #expect(try throughJSON(plan) == plan)
  }

  /// With exact confidence p, a review pays off where (1 - p) 5 > 1, so items from p = 0.8 on are labeled
  /// automatically.
  @Test func automatesWhereTheExpectedErrorCostIsLower() throws {
    let holdOut = try twoClassPredictions(
      (0..<100).map { (0.85, $0 < 85) } + (0..<100).map { (0.75, $0 < 75) } + (0..<100).map { (0.95, $0 < 95) })
    let plan = try #require(CostPlan(LabelingCosts(costError: 5, costReview: 1), holdOut: holdOut, test: holdOut))
    #expect(plan.threshold == 0.85)
    #expect(
      plan.test.coverage == ProportionInterval(200, of: 300) && plan.test.precision == ProportionInterval(180, of: 200))
    #expect(abs(plan.test.cost.mean - 1000 * (20.0 * 5 + 100) / 300) < 1e-9)
    #expect(plan.curve.map(\.threshold) == [nil, 0.95, 0.85, 0.75])
    // 300 reviews; 5 errors and 200 reviews; 20 errors and 100 reviews; 45 errors.
    let totals: [Double] = [300, 225, 200, 225]
    for (point, total) in zip(plan.curve, totals) { #expect(abs(point.cost - total / 0.3) < 1e-9) }
  }

  @Test func labelsEverythingManuallyIfReviewsAreCheap() throws {
    let holdOut = try twoClassPredictions((0..<10).map { (0.9, $0 < 5) })
    let plan = try #require(CostPlan(LabelingCosts(costError: 1, costReview: 0.25), holdOut: holdOut, test: holdOut))
    #expect(plan.threshold == nil && plan.test.coverage.successes == 0)
    #expect(
      plan.test.cost.mean == 250 && plan.test.savingsOverManual.mean == 0 && plan.test.savingsOverManual.upper == 0)
    #expect(plan.test.savingsOverAutomatic.mean == 250)
  }

  @Test func usesCostsOfPairs() throws {
    let images = try decided([(0, 1), (1, 0), (0, 0), (1, 1)], classCount: 2)
    let model = try LabelingCosts(
      costError: 2, costReview: 100, pairs: [LabelingCosts.Pair(truth: 0, prediction: 1, cost: 30)])
    let plan = try #require(CostPlan(model, holdOut: images, test: images))
    #expect(plan.test.costAllAutomatic.mean == 1000 * 32.0 / 4 && plan.threshold == 1)
  }

  @Test func isNilWithoutImages() throws {
    let model = try LabelingCosts(costError: 1, costReview: 1)
    let some = try twoClassPredictions([(0.9, true)])
    #expect(CostPlan(model, holdOut: try twoClassPredictions([]), test: some) == nil)
    #expect(CostPlan(model, holdOut: some, test: try twoClassPredictions([])) == nil)
  }
}

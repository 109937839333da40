import Evaluation
import Testing

@Suite struct AutomationTests {
  /// A confident correct, a confident incorrect and two equally unconfident predictions, one of which is correct.
  private func fewItems() throws -> Predictions {
    try twoClassPredictions([(0.6, false), (0.9, true), (0.8, false), (0.6, true)])
  }

  @Test func curveStartsAtMostConfidentItem() throws {
    let curve = AutomationCurve(try fewItems())
    #expect(curve.points.map(\.threshold) == [0.9, 0.8, 0.6])
    #expect(curve.points.map(\.coverage) == [0.25, 0.5, 1])
    #expect(curve.points.map(\.precision) == [1, 0.5, 0.5])
    #expect(try throughJSON(curve) == curve)
  }

  @Test func classCurveContainsOnlyItsPredictions() throws {
    let predictions = try Predictions(
      probabilities: [0.9, 0.1, 0.2, 0.8, 0.3, 0.7, 0.4, 0.6], labels: [0, 1, 0, 1], classCount: 2)
    let curve = AutomationCurve(predictions, predictedAs: 1)
    #expect(curve.points.map(\.precision) == [1, 0.5, 2.0 / 3])
    #expect(AutomationCurve(try fewItems(), predictedAs: 1).points.isEmpty)
  }

  @Test func longCurvesAreThinned() throws {
    let curve = AutomationCurve(try calibrated(5000, seed: 4))
    #expect(curve.points.count <= 200 && curve.points.last?.coverage == 1)
  }

  /// If all n are correct, the lower end is n / (n + 1.96²): 73, 189 and 381 images show 95, 98 and 99 %.
  @Test(arguments: zip(AutomationPlan.standardTargets, [73, 189, 381]))
  func rejectsTooFewImages(target: Double, needed: Int) throws {
    let enough = try twoClassPredictions((0..<needed).map { (0.5 + Float($0) / 1000, true) })
    let plan = AutomationPlan(target: target, holdOut: enough, test: enough)
    #expect(plan.threshold?.confidence == 0.5)
    #expect(plan.threshold?.holdOut.coverage == ProportionInterval(needed, of: needed))
    let tooFew = try twoClassPredictions((1..<needed).map { (0.5 + Float($0) / 1000, true) })
    #expect(
      AutomationPlan(target: target, holdOut: tooFew, test: enough).refusal
        == .tooFewImages(count: needed - 1, needed: needed))
  }

  @Test func rejectsImpreciseModel() throws {
    let holdOut = try twoClassPredictions((0..<1000).map { (0.9, $0 % 10 != 0) })
    let plan = AutomationPlan(target: 0.95, holdOut: holdOut, test: holdOut)
    #expect(plan.refusal == .tooImprecise(best: ProportionInterval(900, of: 1000)))
    #expect(plan.threshold == nil)
    #expect(try throughJSON(plan) == plan)
  }

  /// Compares with a search over all confidences.
  @Test(arguments: [0.8, 0.9, 0.95]) func choosesLowestValidThreshold(target: Double) throws {
    let holdOut = try calibrated(2000, seed: 1)
    let plan = AutomationPlan(target: target, holdOut: holdOut, test: try calibrated(1000, seed: 2))
    let holding = Set(holdOut.confidences).filter { confidence in
      let automated = holdOut.labels.indices.filter { holdOut.confidences[$0] >= confidence }
      return ProportionInterval(automated.count(where: holdOut.isCorrect), of: automated.count).lower >= target
    }
    #expect(plan.threshold?.confidence == holding.min())
    #expect(try throughJSON(plan) == plan)
  }

  @Test func testImagesDoNotInfluenceTheThreshold() throws {
    let holdOut = try twoClassPredictions((0..<400).map { (0.9, $0 > 0) } + (0..<9).map { _ in (0.8, false) })
    let test = try twoClassPredictions([(0.95, true), (0.9, false), (0.9, true), (0.5, true)])
    let found = try #require(AutomationPlan(target: 0.98, holdOut: holdOut, test: test).threshold)
    #expect(found.confidence == 0.9)
    #expect(found.holdOut.precision == ProportionInterval(399, of: 400))
    #expect(found.test.coverage == ProportionInterval(3, of: 4) && found.test.precision == ProportionInterval(2, of: 3))
    #expect(found.isContradicted)
    let agreeing = try #require(AutomationPlan(target: 0.98, holdOut: holdOut, test: holdOut).threshold)
    #expect(agreeing.confidence == 0.9 && !agreeing.isContradicted)
  }

  @Test func plansEveryTargetForAllItemsAndEveryClass() throws {
    let predictions = try calibrated(500, seed: 3)
    let plans = AutomationPlan.all(targets: [0.7, 0.9], holdOut: predictions, test: predictions)
    #expect(plans.map(\.label) == [nil, nil, 0, 0, 1, 1] && plans.map(\.target) == [0.7, 0.9, 0.7, 0.9, 0.7, 0.9])
    // All items are predicted to be of class 0.
    #expect(plans[0].threshold == plans[2].threshold && plans[0].threshold != nil)
    #expect(plans[4].refusal == .tooFewImages(count: 0, needed: 9))
  }

  /// Choosing by the lower end meets the target about as often as a single interval covers; choosing the lowest
  /// threshold whose precision happens to reach the target misses it every other time.
  @Test func targetIsRarelyMissed() throws {
    var (planned, missed) = (0, 0)
    for seed in 0..<150 {
      let holdOut = try calibrated(1000, seed: UInt64(seed))
      guard let found = AutomationPlan(target: 0.9, holdOut: holdOut, test: holdOut).threshold else { continue }
      // The model is calibrated, so its true precision is the mean confidence.
      let confidences = holdOut.confidences.filter { $0 >= found.confidence }.map(Double.init)
      planned += 1
      missed += confidences.reduce(0, +) / Double(confidences.count) < 0.9 ? 1 : 0
    }
    #expect(planned > 140 && Double(missed) / Double(planned) < 0.1)
  }
}

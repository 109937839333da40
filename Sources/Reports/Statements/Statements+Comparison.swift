package import Evaluation

extension Statements {
  /// What the paired test says of two models. One sentence always: that no difference is shown is a finding as well.
  package static func comparison(_ comparison: ModelComparison, of models: [JudgedModel], pairs: Int) -> HTMLStatement {
    let test = comparison.test
    let isFirstBetter = test.onlyFirstRight >= test.onlySecondRight
    let (better, worse) =
      isFirstBetter
      ? (models[comparison.first], models[comparison.second]) : (models[comparison.second], models[comparison.first])
    let (more, fewer) = (
      max(test.onlyFirstRight, test.onlySecondRight), min(test.onlyFirstRight, test.onlySecondRight)
    )
    let names = HTMLText.strong(better.name) + " and " + .strong(worse.name)
    guard more > 0 else {
      return HTMLStatement("0 images", names + " tell the same test images rightly.")
    }
    let counts =
      "\(Wording.count(more, "image")) only the former tells rightly, \(Wording.count(fewer)) only the latter"
    let correction = pairs > 1 ? " after correction for \(pairs) pairs" : ""
    let pValue = Wording.pValue(comparison.adjustedPValue) + correction
    guard comparison.adjustedPValue < significance else {
      return HTMLStatement(
        Wording.pValue(comparison.adjustedPValue),
        names + ": the test images do not show which is better (\(counts); \(pValue)).")
    }
    let difference = better.test.accuracy.share - worse.test.accuracy.share
    return HTMLStatement(
      Wording.points(difference),
      .strong(better.name) + " is better than " + .strong(worse.name) + ": \(counts) (\(pValue)).")
  }

  /// Whether the most accurate model is better than all others; nil with one model, or where none is shown to be worse.
  package static func best(of models: [JudgedModel]) -> HTMLStatement? {
    guard models.count > 1 else { return nil }
    let best = models.mostAccurate
    let comparisons = ModelComparison.pairs(of: models.map(\.test)).filter { $0.first == best || $0.second == best }
    func other(_ comparison: ModelComparison) -> JudgedModel {
      models[comparison.first == best ? comparison.second : comparison.first]
    }
    let worse = comparisons.filter { $0.adjustedPValue < significance }.map(other)
    let equals = comparisons.filter { $0.adjustedPValue >= significance }.map(other)
    guard let next = worse.max(by: { $0.test.accuracy.share < $1.test.accuracy.share }) else { return nil }
    let difference = models[best].test.accuracy.share - next.test.accuracy.share
    let rest =
      equals.isEmpty
      ? worse.count > 1 ? " It is shown to be better than each of the \(worse.count) others." : ""
      : " It is not shown to be better than \(equals.map(\.name).joined(separator: " and "))."
    let rival = equals.isEmpty && worse.count > 1 ? " than the next best, " : " than "
    return HTMLStatement(
      Wording.points(difference),
      .strong(models[best].name) + " names more of the same test images rightly" + HTMLText(rival) + .strong(next.name)
        + ", by \(Wording.points(difference)); chance alone would hardly do that." + HTMLText(rest))
  }

  /// What the most accurate model costs more than the next best that is fitted faster. Nil if no such time is known, or no difference in
  /// accuracy is shown.
  package static func priceOfAccuracy(_ models: [JudgedModel]) -> HTMLStatement? {
    let best = models.mostAccurate
    guard let slowest = models[best].price.fitSeconds else { return nil }
    let faster = models.indices.filter {
      models[$0].price.fitSeconds.map { leastSeconds <= $0 && $0 < slowest } ?? false
    }
    guard let next = faster.max(by: { models[$0].test.accuracy.share < models[$1].test.accuracy.share }) else {
      return nil
    }
    let comparison = ModelComparison.pairs(of: models.map(\.test)).first {
      [$0.first, $0.second].sorted() == [best, next].sorted()
    }
    guard let comparison, comparison.adjustedPValue < significance else { return nil }
    let (slow, fast) = (models[best], models[next])
    let ratio = slow.price.fitSeconds! / fast.price.fitSeconds!
    return HTMLStatement(
      "\(NumberText.compact(ratio, digits: 2))×",
      .strong(slow.name) + """
         takes \(Wording.seconds(slow.price.fitSeconds!)) to train, \(NumberText.compact(ratio, digits: 2)) times as long as
        """ + " " + .strong(fast.name) + """
           (\(Wording.seconds(fast.price.fitSeconds!))), for \
          \(Wording.points(slow.test.accuracy.share - fast.test.accuracy.share)) more accuracy.
          """)
  }

  /// A shorter training is none: the model only keeps its images.
  package static let leastSeconds = 0.01

  /// How many images a second the model judges, where that was measured.
  package static func speed(_ model: JudgedModel) -> HTMLStatement? {
    guard let speed = model.price.imagesPerSecond, let images = model.price.testImages else { return nil }
    return HTMLStatement(
      "\(NumberText.compact(speed, digits: 2))/s",
      .strong(model.name) + """
         judges \(NumberText.compact(speed, digits: 2)) images a second on the machine of this run (measured over \(Wording.count(images, "image"))).
        """)
  }
}

extension [JudgedModel] {
  /// The position of the model that tells most test images rightly; of equals, the first. There is at least one.
  var mostAccurate: Int {
    indices.max { (self[$0].test.accuracy.successes, $1) < (self[$1].test.accuracy.successes, $0) }!
  }
}

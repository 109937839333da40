package import Evaluation
internal import Text

extension Statements {
  /// The result of the paired test of two models. No significant difference is a finding as well.
  package static func comparison(_ comparison: ModelComparison, of models: [EvaluatedModel], pairs: Int)
    -> HTMLStatement
  {
    let test = comparison.test
    let isFirstBetter = test.onlyFirstCorrect >= test.onlySecondCorrect
    let (better, worse) =
      isFirstBetter
      ? (models[comparison.first], models[comparison.second]) : (models[comparison.second], models[comparison.first])
    let (more, fewer) = (
      max(test.onlyFirstCorrect, test.onlySecondCorrect), min(test.onlyFirstCorrect, test.onlySecondCorrect)
    )
    let names = HTMLText.strong(better.name) + " and " + .strong(worse.name)
    guard more > 0 else {
      return HTMLStatement("0 images", names + " classify the same test images correctly.")
    }
    let counts =
      """
      \(QuantityText.count(more, "image")) classified correctly by the former only, \(QuantityText.count(fewer)) by \
      the latter only
      """
    let correction = pairs > 1 ? ", corrected for \(pairs) pairs" : ""
    let pValue = QuantityText.pValue(comparison.adjustedPValue) + correction
    guard comparison.adjustedPValue < significance else {
      return HTMLStatement(
        QuantityText.pValue(comparison.adjustedPValue),
        names + ": the difference is not significant (\(counts); \(pValue)).")
    }
    let difference = better.test.accuracy.fraction - worse.test.accuracy.fraction
    return HTMLStatement(
      QuantityText.points(difference),
      .strong(better.name) + " is better than " + .strong(worse.name) + " (\(counts); \(pValue)).")
  }

  /// The comparison of the most accurate model with all others; nil for a single model, or if no other is shown to be
  /// worse.
  package static func best(of models: [EvaluatedModel]) -> HTMLStatement? {
    guard models.count > 1 else { return nil }
    let best = models.mostAccurate
    let comparisons = ModelComparison.pairs(of: models.map(\.test)).filter { $0.first == best || $0.second == best }
    func other(_ comparison: ModelComparison) -> EvaluatedModel {
      models[comparison.first == best ? comparison.second : comparison.first]
    }
    let worse = comparisons.filter { $0.adjustedPValue < significance }.map(other)
    let equals = comparisons.filter { $0.adjustedPValue >= significance }.map(other)
    guard let next = worse.max(by: { $0.test.accuracy.fraction < $1.test.accuracy.fraction }) else { return nil }
    let difference = models[best].test.accuracy.fraction - next.test.accuracy.fraction
    let rest =
      equals.isEmpty
      ? worse.count > 1 ? " It is significantly better than each of the \(worse.count) other models." : ""
      : " It is not significantly better than \(equals.map(\.name).alternatives)."
    let relation = equals.isEmpty && worse.count > 1 ? " the second best model, " : " "
    return HTMLStatement(
      QuantityText.points(difference),
      .strong(models[best].name) + " is more accurate than" + HTMLText(relation) + .strong(next.name)
        + ", by \(QuantityText.points(difference)); the difference is statistically significant." + HTMLText(rest))
  }

  /// The additional training time of the most accurate model over the next best that trains faster. Nil if no such time
  /// is known, or if no difference in accuracy is shown.
  package static func costOfAccuracy(_ models: [EvaluatedModel]) -> HTMLStatement? {
    let best = models.mostAccurate
    guard let slowest = models[best].cost.fitSeconds else { return nil }
    let faster = models.indices.filter {
      models[$0].cost.fitSeconds.map { minSeconds <= $0 && $0 < slowest } ?? false
    }
    guard let next = faster.max(by: { models[$0].test.accuracy.fraction < models[$1].test.accuracy.fraction }) else {
      return nil
    }
    let comparison = ModelComparison.pairs(of: models.map(\.test)).first {
      [$0.first, $0.second].sorted() == [best, next].sorted()
    }
    guard let comparison, comparison.adjustedPValue < significance else { return nil }
    let (slow, fast) = (models[best], models[next])
    let ratio = slow.cost.fitSeconds! / fast.cost.fitSeconds!
    return HTMLStatement(
      "\(NumberText.compact(ratio, digits: 2))×",
      .strong(slow.name) + """
         takes \(QuantityText.seconds(slow.cost.fitSeconds!)) to train, \(NumberText.compact(ratio, digits: 2)) times \
        as long as
        """ + " " + .strong(fast.name) + """
           (\(QuantityText.seconds(fast.cost.fitSeconds!))), for \
          \(QuantityText.points(slow.test.accuracy.fraction - fast.test.accuracy.fraction)) of accuracy.
          """)
  }

  /// Training times below this, in seconds, do not count: the model only stores its images.
  static let minSeconds = 0.01

  /// The prediction speed; nil if it was not measured.
  package static func speed(_ model: EvaluatedModel) -> HTMLStatement? {
    guard let speed = model.cost.imagesPerSecond, let images = model.cost.testImages else { return nil }
    return HTMLStatement(
      "\(NumberText.compact(speed, digits: 2))/s",
      .strong(model.name) + """
         classifies \(NumberText.compact(speed, digits: 2)) images per second on the machine of this run (measured on \
        \(QuantityText.count(images, "image"))).
        """)
  }
}

extension [EvaluatedModel] {
  /// The index of the model with the most correctly classified test images; of equal ones, the first. The array is not
  /// empty.
  var mostAccurate: Int {
    indices.max { (self[$0].test.accuracy.successes, $1) < (self[$1].test.accuracy.successes, $0) }!
  }
}

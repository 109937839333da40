package import Evaluation
internal import Foundation
internal import Text

extension Statements {
  /// The accuracy on the test images; nil if its interval is too wide.
  package static func accuracy(_ model: EvaluatedModel) -> HTMLStatement? {
    let accuracy = model.test.accuracy
    guard accuracy.isNarrow else { return nil }
    return HTMLStatement(
      accuracy.percent,
      .strong(model.name) + """
         classifies \(accuracy.counts) test images correctly. On other images of the same kind, expect \
        \(accuracy.range).
        """)
  }

  /// The reason why ``accuracy(_:)`` is nil; nil if it is not.
  package static func tooFewImages(_ model: EvaluatedModel) -> HTMLText? {
    let accuracy = model.test.accuracy
    guard !accuracy.isNarrow else { return nil }
    return """
      \(accuracy.counts) test images are classified correctly. There are too few test images to estimate the accuracy: \
      its 95 % interval is \(accuracy.range). Most statements are therefore left out.
      """
  }

  /// The class with the highest recall; nil if the data do not show that its recall is above the overall accuracy.
  package static func bestClass(_ model: EvaluatedModel) -> HTMLStatement? {
    let classes = ClassIntervals.all(model.evaluation.confusion).filter { $0.recall.count > 0 }
    guard let best = classes.max(by: { ($0.recall.lower, $1.label) < ($1.recall.lower, $0.label) }),
      best.recall.isNarrow, best.recall.lower > model.test.accuracy.upper
    else { return nil }
    return HTMLStatement(
      best.recall.percent,
      "Best class: " + .strong(model.classNames[best.label])
        + ". \(best.recall.counts) of its images are classified correctly (\(best.recall.range)).")
  }

  /// The calibration on average: mean confidence against accuracy on the same images. Nil for too few images, and if
  /// neither a difference nor its absence (within 2.5 points) is shown.
  package static func confidence(_ model: EvaluatedModel) -> HTMLStatement? {
    let images = model.test.labels.indices
    guard images.count >= minImages else { return nil }
    let confidence = MeanInterval(model.test.confidences.map(Double.init)).mean
    let gap = MeanInterval(images.map { Double(model.test.confidences[$0]) - (model.test.isCorrect($0) ? 1 : 0) })
    let claim =
      "The mean confidence of " + HTMLText.strong(model.name) + """
         is \(QuantityText.percent(confidence)), its accuracy \(model.test.accuracy.percent):
        """
    let difference = QuantityText.points(abs(gap.mean))
    if gap.lower > 0 { return HTMLStatement(difference, claim + " it is overconfident.") }
    if gap.upper < 0 { return HTMLStatement(difference, claim + " it is underconfident.") }
    guard gap.upper - gap.lower <= maxIntervalWidth / 2 else { return nil }
    return HTMLStatement(difference, claim + " on average it is well calibrated.")
  }

  /// The effect of temperature scaling, fitted on hold-out images, on the log loss of the test images; nil if no
  /// difference is shown.
  package static func temperature(_ scaling: TemperatureScaling, _ model: EvaluatedModel, scaled: Predictions)
    -> HTMLStatement?
  {
    guard model.test.count >= minImages else { return nil }
    let gain = MeanInterval(zip(logLosses(model.test), logLosses(scaled)).map { $0 - $1 })
    // Differences below the precision of the sentence's four digits count as rounding.
    guard gain.lower > 0 || gain.upper < 0, abs(gain.mean) >= 0.00005 else { return nil }
    let errors = [model.test, scaled].map { ReliabilityDiagram($0).expectedCalibrationError }
    let verdict = gain.lower > 0 ? "improves the calibration" : "worsens the calibration, so do not use it"
    return HTMLStatement(
      NumberText.fixed(scaling.temperature, decimals: 2),
      """
      A temperature of \(NumberText.fixed(scaling.temperature, decimals: 2)), fitted on the hold-out images, \
      \(verdict): on the test images the calibration error changes from \(QuantityText.points(errors[0])) to \
      \(QuantityText.points(errors[1])), and the log loss by \(NumberText.fixed(-gain.mean, decimals: 4)) \
      (\(NumberText.fixed(-gain.upper, decimals: 4)) to \(NumberText.fixed(-gain.lower, decimals: 4))).
      """)
  }

  /// The negative logarithm of the probability of each image's label.
  private static func logLosses(_ predictions: Predictions) -> [Double] {
    predictions.labels.enumerated().map { image, label in
      -log(max(Double(predictions.probability(image, of: Int(label))), 0x1p-23))
    }
  }

  /// The group of images, by a measure such as brightness, with the lowest accuracy; nil if the data do not show that
  /// its accuracy is below that of all others.
  package static func weakestStratum(_ strata: [Stratum], measure: String) -> HTMLStatement? {
    guard strata.count > 1,
      let weakest = strata.min(by: { $0.accuracy.fraction < $1.accuracy.fraction }), weakest.accuracy.isNarrow
    else { return nil }
    let (right, count) = strata.reduce((0, 0)) { ($0.0 + $1.accuracy.successes, $0.1 + $1.accuracy.count) }
    let others = ProportionInterval(right - weakest.accuracy.successes, of: count - weakest.accuracy.count)
    guard weakest.accuracy.upper < others.lower else { return nil }
    return HTMLStatement(
      weakest.accuracy.percent,
      """
      The accuracy is lowest for images with a \(measure) of \
      \(QuantityText.percents(weakest.lowest, weakest.highest)): \(weakest.accuracy.counts) are classified correctly \
      (\(weakest.accuracy.range)), against \(others.percent) of the others.
      """)
  }
}

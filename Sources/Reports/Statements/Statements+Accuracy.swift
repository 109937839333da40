package import Evaluation
internal import Foundation

extension Statements {
  /// Nil if the interval is too wide.
  package static func accuracy(_ model: JudgedModel) -> HTMLStatement? {
    let accuracy = model.test.accuracy
    guard accuracy.isStated else { return nil }
    return HTMLStatement(
      accuracy.percent,
      .strong(model.name) + """
         names \(accuracy.counts) test images rightly. Of other images of the same kind, expect \(accuracy.range).
        """)
  }

  /// Why ``accuracy(_:)`` is silent; nil if it is not.
  package static func tooFewImages(_ model: JudgedModel) -> HTMLText? {
    let accuracy = model.test.accuracy
    guard !accuracy.isStated else { return nil }
    return """
      \(accuracy.counts) test images are told rightly. That is too few images to say how good the model is: the true share is \
      somewhere in \(accuracy.range). So most sentences are left out.
      """
  }

  /// The class that is told best: if the data show that its recall is above the accuracy over all classes.
  package static func bestClass(_ model: JudgedModel) -> HTMLStatement? {
    let classes = ClassIntervals.all(model.evaluation.confusion).filter { $0.recall.count > 0 }
    guard let best = classes.max(by: { ($0.recall.lower, $1.label) < ($1.recall.lower, $0.label) }),
      best.recall.isStated, best.recall.lower > model.test.accuracy.upper
    else { return nil }
    return HTMLStatement(
      best.recall.percent,
      "Best told: " + .strong(model.classNames[best.label])
        + ". \(best.recall.counts) of its images are named rightly (\(best.recall.range)).")
  }

  /// Whether confidence is what it claims: mean confidence against accuracy on the same images. Nil with few images, and where neither a
  /// difference nor its absence (within two and a half points) is shown.
  package static func confidence(_ model: JudgedModel) -> HTMLStatement? {
    let images = model.test.labels.indices
    guard images.count >= leastImages else { return nil }
    let confidence = MeanInterval(model.test.confidences.map(Double.init)).mean
    let gap = MeanInterval(images.map { Double(model.test.confidences[$0]) - (model.test.isCorrect($0) ? 1 : 0) })
    let claim =
      HTMLText.strong(model.name) + """
         is \(Wording.percent(confidence)) sure of its answers on average, and \(model.test.accuracy.percent) of them are right:
        """
    let difference = Wording.points(abs(gap.mean))
    if gap.lower > 0 { return HTMLStatement(difference, claim + " it is too sure of itself.") }
    if gap.upper < 0 { return HTMLStatement(difference, claim + " it is better than it believes.") }
    guard gap.upper - gap.lower <= widestInterval / 2 else { return nil }
    return HTMLStatement(difference, claim + " on average its confidence can be taken at its word.")
  }

  /// What scaling by a temperature, fitted on hold-out images, does to the test images' log loss. Nil if no difference is shown.
  package static func temperature(_ scaling: TemperatureScaling, _ model: JudgedModel, scaled: Predictions)
    -> HTMLStatement?
  {
    guard model.test.count >= leastImages else { return nil }
    let gain = MeanInterval(zip(logLosses(model.test), logLosses(scaled)).map { $0 - $1 })
    guard gain.lower > 0 || gain.upper < 0 else { return nil }
    let errors = [model.test, scaled].map { ReliabilityDiagram($0).expectedCalibrationError }
    let verdict = gain.lower > 0 ? "more honest" : "less honest, so leave it as it is"
    return HTMLStatement(
      NumberText.fixed(scaling.temperature, decimals: 2),
      """
      A temperature of \(NumberText.fixed(scaling.temperature, decimals: 2)), chosen on hold-out images, makes the confidence \
      \(verdict): on the test images the mean gap between confidence and accuracy goes from \(Wording.points(errors[0])) to \
      \(Wording.points(errors[1])), and the log loss changes by \(NumberText.fixed(-gain.mean, decimals: 4)) \
      (\(NumberText.fixed(-gain.upper, decimals: 4)) to \(NumberText.fixed(-gain.lower, decimals: 4))).
      """)
  }

  /// -ln of the probability of each image's class.
  private static func logLosses(_ predictions: Predictions) -> [Double] {
    predictions.labels.enumerated().map { image, label in
      -log(max(Double(predictions.probability(image, of: Int(label))), 0x1p-23))
    }
  }

  /// The group of images by a measure, as brightness, that is told worst: if the data show that its accuracy is below that of all others.
  package static func weakestStratum(_ strata: [Stratum], measure: String) -> HTMLStatement? {
    guard strata.count > 1,
      let weakest = strata.min(by: { $0.accuracy.share < $1.accuracy.share }), weakest.accuracy.isStated
    else { return nil }
    let (right, count) = strata.reduce((0, 0)) { ($0.0 + $1.accuracy.successes, $0.1 + $1.accuracy.count) }
    let others = ProportionInterval(right - weakest.accuracy.successes, of: count - weakest.accuracy.count)
    guard weakest.accuracy.upper < others.lower else { return nil }
    return HTMLStatement(
      weakest.accuracy.percent,
      """
      Images with a \(measure) of \(Wording.percents(weakest.lowest, weakest.highest)) are told worst: \
      \(weakest.accuracy.counts) rightly (\(weakest.accuracy.range)), against \(others.percent) of the others.
      """)
  }
}

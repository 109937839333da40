/// The effect of a confidence threshold on a set of images.
package struct AutomationOutcome: Sendable, Equatable, Codable {
  /// The fraction of the items (of the predicted class) that are labeled automatically.
  package let coverage: ProportionInterval
  /// The fraction of those that are labeled correctly.
  package let precision: ProportionInterval

  init(_ predictions: Predictions, predictedAs label: Int?, threshold: Float) {
    let items = predictions.labels.indices.filter { label == nil || Int(predictions.predicted[$0]) == label }
    let automated = items.filter { predictions.confidences[$0] >= threshold }
    coverage = ProportionInterval(automated.count, of: items.count)
    precision = ProportionInterval(automated.count(where: predictions.isCorrect), of: automated.count)
  }
}

/// The confidence threshold at which items can be labeled automatically with a target precision, or the reason why the
/// data do not support one.
///
/// The threshold is *chosen on the hold-out images*: the lowest threshold at which the lower end of the 95 % interval
/// of the precision (``ProportionInterval``) is at least the target. The lowest threshold at which the precision itself
/// reaches the target would be the luckiest of many: with a simulated model of known precision, it misses the target
/// every other time, and the one chosen here about one time in fifty (one in ten if there are hardly enough images to
/// choose at all). The threshold is then *verified on the test images*, which play no part in the choice: their
/// coverage and precision are the ones to report.
///
/// The plan holds for items like those images. If the mix of classes or the camera changes, choose the threshold again.
package struct AutomationPlan: Sendable, Equatable, Codable {
  /// A threshold and its effect.
  package struct Threshold: Sendable, Equatable, Codable {
    /// Items with at least this confidence are labeled automatically.
    package let confidence: Float
    package let holdOut: AutomationOutcome
    package let test: AutomationOutcome
    /// Whether the test images contradict the target: the upper end of the interval of their precision is below it.
    package let isContradicted: Bool
  }

  /// Why there is no threshold.
  package enum Refusal: Sendable, Equatable, Codable {
    /// There are too few hold-out images to show the target precision, even if all of them were classified correctly.
    case tooFewImages(count: Int, needed: Int)
    /// No threshold reaches the target. `best` is the precision with the highest lower end.
    case tooImprecise(best: ProportionInterval)
  }

  package enum Decision: Sendable, Equatable, Codable {
    case threshold(Threshold)
    case refusal(Refusal)
  }

  /// The target precision.
  package let target: Double
  /// The predicted class of the items; nil for all items.
  package let label: Int?
  package let decision: Decision

  /// The usual target precisions: one wrong label in 20, 50 and 100.
  package static let standardTargets = [0.95, 0.98, 0.99]

  /// - Parameters:
  ///   - target: above 0 and below 1
  ///   - holdOut: the predictions to choose the threshold on
  ///   - test: predictions of the same model to verify it on
  package init(target: Double, predictedAs label: Int? = nil, holdOut: Predictions, test: Predictions) {
    precondition(target > 0 && target < 1, "the target precision is between 0 and 1")
    (self.target, self.label) = (target, label)
    let steps = AutomationStep.all(holdOut, predictedAs: label)
    let needed = ProportionInterval.trialsNeeded(forLower: target)
    guard let whole = steps.last, whole.automated >= needed else {
      decision = .refusal(.tooFewImages(count: steps.last?.automated ?? 0, needed: needed))
      return
    }
    let precisions = steps.map { ProportionInterval($0.correct, of: $0.automated) }
    guard let chosen = precisions.lastIndex(where: { $0.lower >= target }) else {
      decision = .refusal(.tooImprecise(best: precisions.max { $0.lower < $1.lower }!))
      return
    }
    let confidence = steps[chosen].threshold
    let verified = AutomationOutcome(test, predictedAs: label, threshold: confidence)
    decision = .threshold(
      Threshold(
        confidence: confidence, holdOut: AutomationOutcome(holdOut, predictedAs: label, threshold: confidence),
        test: verified,
        isContradicted: verified.precision.upper < target))
  }

  /// The chosen threshold; nil if the data do not support one.
  package var threshold: Threshold? { if case .threshold(let threshold) = decision { threshold } else { nil } }

  /// Why there is no threshold.
  package var refusal: Refusal? { if case .refusal(let refusal) = decision { refusal } else { nil } }

  /// Returns a plan for each target, first for all items, then for each predicted class.
  package static func all(
    targets: [Double] = standardTargets, holdOut: Predictions, test: Predictions
  ) -> [AutomationPlan] {
    ([nil] + (0..<holdOut.classCount).map(Optional.some)).flatMap { label in
      targets.map { AutomationPlan(target: $0, predictedAs: label, holdOut: holdOut, test: test) }
    }
  }
}

extension AutomationPlan.Refusal: CustomStringConvertible {
  package var description: String {
    switch self {
    case .tooFewImages(let count, let needed):
      "there are only \(count) hold-out images; at least \(needed) are needed, even if all are classified correctly"
    case .tooImprecise(let best):
      """
      no threshold reaches it with enough certainty; the best classifies \(best.successes) of \(best.count) hold-out \
      images correctly
      """
    }
  }
}

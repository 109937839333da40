/// What a confidence threshold did on some images.
package struct AutomationOutcome: Sendable, Equatable, Codable {
  /// Of all items (of the predicted class), those labeled without a person.
  package let coverage: ProportionInterval
  /// Of those, the rightly labeled.
  package let precision: ProportionInterval

  init(_ predictions: Predictions, predictedAs label: Int?, threshold: Float) {
    let items = predictions.labels.indices.filter { label == nil || Int(predictions.predicted[$0]) == label }
    let automated = items.filter { predictions.confidences[$0] >= threshold }
    coverage = ProportionInterval(automated.count, of: items.count)
    precision = ProportionInterval(automated.count(where: predictions.isCorrect), of: automated.count)
  }
}

/// The confidence threshold to set so that items can be labeled without a person at a target precision; or why the data do not
/// support one.
///
/// The threshold is *chosen on hold-out images*: the lowest at which the lower end of the precision's 95 % interval
/// (``ProportionInterval``) is at least the target. The lowest at which the precision itself is would be one of many that were
/// tried, and lucky: with a simulated model whose true precision is known, it misses the target every other time, and the one
/// chosen here about one time in fifty (one in ten, where there are hardly enough images to choose at all). It is then *verified on
/// test images*, which had no part in the choice: their coverage and precision are the ones to quote.
///
/// It holds for items like those images. If the mix of classes or the camera changes, choose again.
package struct AutomationPlan: Sendable, Equatable, Codable {
  /// A threshold and what it did.
  package struct Threshold: Sendable, Equatable, Codable {
    /// Items with at least this confidence are labeled automatically.
    package let confidence: Float
    package let holdOut: AutomationOutcome
    package let test: AutomationOutcome
    /// Whether the precision on the test images rules the target out: the upper end of its interval is below it.
    package let testContradicts: Bool
  }

  /// Why there is no threshold.
  package enum Refusal: Sendable, Equatable, Codable {
    /// Even if every hold-out image were told rightly, they would be too few to show the target precision.
    case tooFewImages(count: Int, needed: Int)
    /// No threshold reaches the target. `best` is the precision with the highest lower end.
    case tooImprecise(best: ProportionInterval)
  }

  package enum Decision: Sendable, Equatable, Codable {
    case threshold(Threshold)
    case refusal(Refusal)
  }

  /// The precision to reach.
  package let target: Double
  /// Only items predicted to be of this class; nil for all.
  package let label: Int?
  package let decision: Decision

  /// What people ask for: one label in 20, in 50, in 100 may be wrong.
  package static let usualTargets = [0.95, 0.98, 0.99]

  /// - Parameters:
  ///   - target: above 0, below 1
  ///   - holdOut: what the threshold is chosen on
  ///   - test: what it is verified on, by the same model
  package init(target: Double, predictedAs label: Int? = nil, holdOut: Predictions, test: Predictions) {
    precondition(target > 0 && target < 1, "no number of images shows a precision of 1")
    (self.target, self.label) = (target, label)
    let steps = AutomationStep.all(holdOut, predictedAs: label)
    let needed = ProportionInterval.trialsNeeded(forLower: target)
    guard let whole = steps.last, whole.automated >= needed else {
      decision = .refusal(.tooFewImages(count: steps.last?.automated ?? 0, needed: needed))
      return
    }
    let precisions = steps.map { ProportionInterval($0.right, of: $0.automated) }
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
        testContradicts: verified.precision.upper < target))
  }

  /// The chosen threshold; nil if the data do not support one.
  package var threshold: Threshold? { if case .threshold(let threshold) = decision { threshold } else { nil } }

  /// Why there is no threshold.
  package var refusal: Refusal? { if case .refusal(let refusal) = decision { refusal } else { nil } }

  /// A plan for each target over all items, then for each class by label.
  package static func all(
    targets: [Double] = usualTargets, holdOut: Predictions, test: Predictions
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
      "only \(count) hold-out images; to show it takes at least \(needed), all of them told rightly"
    case .tooImprecise(let best):
      "no threshold reaches it: the best is \(best.successes) right of \(best.count) hold-out images"
    }
  }
}

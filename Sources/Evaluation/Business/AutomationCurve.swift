/// How much of the work a model can do alone: if only items are labeled automatically of which the model is at least so sure, how
/// many are these (coverage), and how many of their labels are right (precision)? Also known as the risk-coverage curve of
/// selective classification (El-Yaniv and Wiener, "On the foundations of noise-free selective classification", 2010).
package struct AutomationCurve: Sendable, Equatable, Codable {
  package struct Point: Sendable, Equatable, Codable {
    /// Items with at least this confidence are labeled automatically.
    package let threshold: Float
    /// The share of the items that are.
    package let coverage: Double
    /// The share of their labels that are right.
    package let precision: Double
  }

  /// Only items predicted to be of this class; nil for all.
  package let label: Int?
  /// From few items to all, at most 200; none without items.
  package let points: [Point]

  package init(_ predictions: Predictions, predictedAs label: Int? = nil) {
    self.label = label
    let steps = AutomationStep.all(predictions, predictedAs: label)
    let all = steps.map {
      Point(
        threshold: $0.threshold, coverage: Double($0.automated) / Double(steps.last!.automated),
        precision: Double($0.right) / Double($0.automated))
    }
    points = thinned(all, to: 200) { SIMD4($0.coverage, $0.precision, 0, 0) }
  }
}

/// What a threshold does: each distinct confidence is one, the highest first.
struct AutomationStep {
  let threshold: Float
  /// Items with at least this confidence.
  let automated: Int
  /// Those of them that are told rightly.
  let right: Int

  static func all(_ predictions: Predictions, predictedAs label: Int?) -> [AutomationStep] {
    let items = predictions.labels.indices.filter { label == nil || Int(predictions.predicted[$0]) == label }
    let order = predictions.byConfidence(items)
    var (steps, right) = ([AutomationStep](), 0)
    for (rank, item) in order.enumerated() {
      right += predictions.isCorrect(item) ? 1 : 0
      let confidence = predictions.confidences[item]
      if rank + 1 < order.count, predictions.confidences[order[rank + 1]] == confidence { continue }
      steps.append(AutomationStep(threshold: confidence, automated: rank + 1, right: right))
    }
    return steps
  }
}

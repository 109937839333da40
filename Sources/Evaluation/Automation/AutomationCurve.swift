/// Precision against coverage: if only items with at least a given confidence are labeled automatically, the fraction
/// of items that are (coverage), and the fraction of their labels that are correct (precision). Also known as the
/// risk-coverage curve of selective classification (El-Yaniv and Wiener, "On the foundations of noise-free selective
/// classification", 2010).
package struct AutomationCurve: Sendable, Equatable, Codable {
  package struct Point: Sendable, Equatable, Codable {
    /// Items with at least this confidence are labeled automatically.
    package let threshold: Float
    /// The fraction of the items that are labeled automatically.
    package let coverage: Double
    /// The fraction of their labels that are correct.
    package let precision: Double
  }

  /// The predicted class of the items; nil for all items.
  package let label: Int?
  /// At most 200 points in order of increasing coverage; empty without items.
  package let points: [Point]

  package init(_ predictions: Predictions, predictedAs label: Int? = nil) {
    self.label = label
    let steps = AutomationStep.all(predictions, predictedAs: label)
    let all = steps.map {
      Point(
        threshold: $0.threshold, coverage: Double($0.automated) / Double(steps.last!.automated),
        precision: Double($0.correct) / Double($0.automated))
    }
    points = thinned(all, to: 200) { SIMD4($0.coverage, $0.precision, 0, 0) }
  }
}

/// The effect of a threshold. Each distinct confidence is one, in descending order.
struct AutomationStep {
  let threshold: Float
  /// Items with at least this confidence.
  let automated: Int
  /// The number of those that are classified correctly.
  let correct: Int

  static func all(_ predictions: Predictions, predictedAs label: Int?) -> [AutomationStep] {
    let items = predictions.labels.indices.filter { label == nil || Int(predictions.predicted[$0]) == label }
    let order = predictions.byConfidence(items)
    var (steps, correct) = ([AutomationStep](), 0)
    for (rank, item) in order.enumerated() {
      correct += predictions.isCorrect(item) ? 1 : 0
      let confidence = predictions.confidences[item]
      if rank + 1 < order.count, predictions.confidences[order[rank + 1]] == confidence { continue }
      steps.append(AutomationStep(threshold: confidence, automated: rank + 1, correct: correct))
    }
    return steps
  }
}

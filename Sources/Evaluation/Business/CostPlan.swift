/// What it costs to label some images in three ways: with a threshold, all by people, all by the model.
package struct CostOutcome: Sendable, Equatable, Codable {
  /// Of all items, those labeled without a person.
  package let coverage: ProportionInterval
  /// Of those, the rightly labeled.
  package let precision: ProportionInterval
  /// Per 1,000 items, as all below: wrong labels and reviews together.
  package let cost: MeanInterval
  /// If people label everything: known without any data.
  package let costAllManual: Double
  package let costAllAutomatic: MeanInterval
  /// What the threshold saves. Of the same items, so the interval is narrower than the difference of two. Where it includes 0, the
  /// data do not show that anything is saved.
  package let savedAgainstManual: MeanInterval
  package let savedAgainstAutomatic: MeanInterval

  /// - Parameter threshold: items with at least this confidence are labeled automatically; nil for none
  init(_ predictions: Predictions, model: CostModel, threshold: Float?) {
    let items = predictions.labels.indices
    let automated = items.map { item in threshold.map { predictions.confidences[item] >= $0 } ?? false }
    let errorCosts = model.errorCosts(predictions)
    let costs = items.map { automated[$0] ? errorCosts[$0] : model.costReview }
    func perThousand(_ value: (Int) -> Double) -> MeanInterval { MeanInterval(items.map { 1000 * value($0) }) }
    coverage = ProportionInterval(automated.count { $0 }, of: items.count)
    precision = ProportionInterval(items.count { automated[$0] && predictions.isCorrect($0) }, of: coverage.successes)
    cost = perThousand { costs[$0] }
    costAllManual = 1000 * model.costReview
    costAllAutomatic = perThousand { errorCosts[$0] }
    savedAgainstManual = perThousand { model.costReview - costs[$0] }
    savedAgainstAutomatic = perThousand { errorCosts[$0] - costs[$0] }
  }
}

/// The confidence threshold that makes labeling cheapest: chosen on hold-out images, verified on test images.
///
/// Items of which the model is at least so sure are labeled automatically, and cost what their mistakes cost; a person labels the
/// others. If confidence were exact and every mistake cost the same, an item should go to a person if (1 - confidence) costError >
/// costReview; the threshold is found by counting instead, so that it is right for a model that is too sure of itself, and for
/// costs that differ by pair.
package struct CostPlan: Sendable, Equatable, Codable {
  package struct Point: Sendable, Equatable, Codable {
    /// Items with at least this confidence are labeled automatically; nil where none is.
    package let threshold: Float?
    package let coverage: Double
    /// Per 1,000 items.
    package let cost: Double
  }

  package let model: CostModel
  /// The cheapest threshold; of equally cheap ones the highest. Nil: people should label everything.
  package let threshold: Float?
  package let holdOut: CostOutcome
  package let test: CostOutcome
  /// Cost by threshold on the hold-out images, from nothing labeled automatically to everything; at most 200 points.
  package let curve: [Point]

  /// - Parameters: what one model says of two sets of images.
  /// - Returns: nil if either is empty.
  package init?(_ model: CostModel, holdOut: Predictions, test: Predictions) {
    guard holdOut.count > 0, test.count > 0 else { return nil }
    let all = Self.costs(holdOut, model: model)
    // The least of equal elements comes first, and the first has the highest threshold.
    let threshold = all.min { $0.cost < $1.cost }!.threshold
    (self.model, self.threshold) = (model, threshold)
    self.holdOut = CostOutcome(holdOut, model: model, threshold: threshold)
    self.test = CostOutcome(test, model: model, threshold: threshold)
    let scale = max(all.map(\.cost).max()!, .leastNormalMagnitude)
    curve = thinned(all, to: 200) { SIMD4($0.coverage, $0.cost / scale, 0, 0) }
  }

  /// The cost at each distinct confidence, the highest first, after that of labeling nothing automatically.
  private static func costs(_ predictions: Predictions, model: CostModel) -> [Point] {
    let errorCosts = model.errorCosts(predictions)
    let order = predictions.byConfidence(predictions.labels.indices)
    let count = Double(order.count)
    var points = [Point(threshold: nil, coverage: 0, cost: 1000 * model.costReview)]
    var errors = 0.0
    for (rank, item) in order.enumerated() {
      errors += errorCosts[item]
      let confidence = predictions.confidences[item]
      if rank + 1 < order.count, predictions.confidences[order[rank + 1]] == confidence { continue }
      let reviews = model.costReview * Double(order.count - rank - 1)
      points.append(
        Point(threshold: confidence, coverage: Double(rank + 1) / count, cost: 1000 * (errors + reviews) / count))
    }
    return points
  }
}

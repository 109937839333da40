/// The cost of labeling a set of images in three ways: with a threshold, manually, and automatically.
package struct CostOutcome: Sendable, Equatable, Codable {
  /// The fraction of the items that are labeled automatically.
  package let coverage: ProportionInterval
  /// The fraction of those that are labeled correctly.
  package let precision: ProportionInterval
  /// The cost of wrong labels and manual labels per 1,000 items; the costs below are per 1,000 items too.
  package let cost: MeanInterval
  /// The cost if everything is labeled manually: exact, because it does not depend on the data.
  package let costAllManual: Double
  package let costAllAutomatic: MeanInterval
  /// The savings of the threshold. Both costs are of the same items, so the interval is narrower than that of a
  /// difference of two independent means. If it includes 0, the data do not show any savings.
  package let savingsOverManual: MeanInterval
  package let savingsOverAutomatic: MeanInterval

  /// - Parameter threshold: the minimum confidence of automatically labeled items; nil for none
  init(_ predictions: Predictions, costs: LabelingCosts, threshold: Float?) {
    let items = predictions.labels.indices
    let automated = items.map { item in threshold.map { predictions.confidences[item] >= $0 } ?? false }
    let errorCosts = costs.errorCosts(predictions)
    let itemCosts = items.map { automated[$0] ? errorCosts[$0] : costs.costReview }
    func perThousand(_ value: (Int) -> Double) -> MeanInterval { MeanInterval(items.map { 1000 * value($0) }) }
    coverage = ProportionInterval(automated.count { $0 }, of: items.count)
    precision = ProportionInterval(items.count { automated[$0] && predictions.isCorrect($0) }, of: coverage.successes)
    cost = perThousand { itemCosts[$0] }
    costAllManual = 1000 * costs.costReview
    costAllAutomatic = perThousand { errorCosts[$0] }
    savingsOverManual = perThousand { costs.costReview - itemCosts[$0] }
    savingsOverAutomatic = perThousand { errorCosts[$0] - itemCosts[$0] }
  }
}

/// The cheapest confidence threshold, chosen on hold-out images and verified on test images.
///
/// Items with at least this confidence are labeled automatically and cost what their errors cost; the others are
/// labeled manually. If confidence were exact and all errors cost the same, an item should be labeled manually if (1 -
/// confidence) costError > costReview. The threshold is found by counting instead, so that it is correct for an
/// overconfident model and for costs that differ between pairs.
package struct CostPlan: Sendable, Equatable, Codable {
  package struct Point: Sendable, Equatable, Codable {
    /// Items with at least this confidence are labeled automatically; nil where none is.
    package let threshold: Float?
    package let coverage: Double
    /// Per 1,000 items.
    package let cost: Double
  }

  package let costs: LabelingCosts
  /// The cheapest threshold; of equally cheap ones, the highest. Nil if labeling everything manually is cheapest.
  package let threshold: Float?
  package let holdOut: CostOutcome
  package let test: CostOutcome
  /// The cost by threshold on the hold-out images, from full manual to full automatic labeling; at most 200 points.
  package let curve: [Point]

  /// - Parameters:
  ///   - holdOut: predictions of the model on the hold-out images
  ///   - test: predictions of the same model on the test images
  /// - Returns: nil if either set is empty
  package init?(_ costs: LabelingCosts, holdOut: Predictions, test: Predictions) {
    guard holdOut.count > 0, test.count > 0 else { return nil }
    let all = Self.curve(holdOut, costs: costs)
    // Of equal costs, `min` returns the first, which has the highest threshold.
    let threshold = all.min { $0.cost < $1.cost }!.threshold
    (self.costs, self.threshold) = (costs, threshold)
    self.holdOut = CostOutcome(holdOut, costs: costs, threshold: threshold)
    self.test = CostOutcome(test, costs: costs, threshold: threshold)
    let scale = max(all.map(\.cost).max()!, .leastNormalMagnitude)
    curve = thinned(all, to: 200) { SIMD4($0.coverage, $0.cost / scale, 0, 0) }
  }

  /// Returns the cost without automatic labeling, then the cost at each distinct confidence in descending order.
  private static func curve(_ predictions: Predictions, costs: LabelingCosts) -> [Point] {
    let errorCosts = costs.errorCosts(predictions)
    let order = predictions.byConfidence(predictions.labels.indices)
    let count = Double(order.count)
    var points = [Point(threshold: nil, coverage: 0, cost: 1000 * costs.costReview)]
    var errors = 0.0
    for (rank, item) in order.enumerated() {
      errors += errorCosts[item]
      let confidence = predictions.confidences[item]
      if rank + 1 < order.count, predictions.confidences[order[rank + 1]] == confidence { continue }
      let reviews = costs.costReview * Double(order.count - rank - 1)
      points.append(
        Point(threshold: confidence, coverage: Double(rank + 1) / count, cost: 1000 * (errors + reviews) / count))
    }
    return points
  }
}

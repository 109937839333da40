/// The performance of one class against the rest at every threshold on its probability: the ROC curve (true against
/// false positive rate) and the precision-recall curve, as defined by scikit-learn's `roc_curve`, `roc_auc_score` and
/// `average_precision_score`.
///
/// An image is *positive* if its probability is at least the threshold. Images with equal probabilities are counted
/// together, so each distinct probability is one point. For a rare class, prefer precision and recall: a small false
/// positive rate can still be many images.
package struct OperatingCurve: Sendable, Equatable, Codable {
  package struct Point: Sendable, Equatable, Codable {
    /// Images with at least this probability are positive; nil where none is.
    package let threshold: Float?
    /// The fraction of the images of other classes that are positive.
    package let falsePositiveRate: Double
    /// The fraction of the images of the class that are positive (true positive rate).
    package let recall: Double
    /// The fraction of the positive images that are of the class; 1 where none is positive.
    package let precision: Double
  }

  package let label: Int
  /// The number of images of the class.
  package let positives: Int
  /// The number of images of other classes.
  package let negatives: Int
  /// From no image positive to all images positive, thinned to at most ``maxPoints`` points without a visible change.
  package let points: [Point]
  /// The probability that a random image of the class has a higher probability than a random image of another class;
  /// ties count half.
  package let areaUnderROC: Double
  /// The mean precision weighted by the gain in recall: Σ (recall_i - recall_(i-1)) precision_i. For random guessing,
  /// it is the fraction of images of the class.
  package let averagePrecision: Double

  package static let maxPoints = 200

  /// - Returns: nil if there are no images of the class, or none of other classes
  package init?(_ predictions: Predictions, label: Int) {
    positives = predictions.labels.count { $0 == label }
    negatives = predictions.count - positives
    guard positives > 0, negatives > 0 else { return nil }
    self.label = label
    let scores = predictions.labels.indices.map { predictions.probability($0, of: label) }
    let order = scores.indices.sorted { (scores[$1], $0) < (scores[$0], $1) }
    var all = [Point(threshold: nil, falsePositiveRate: 0, recall: 0, precision: 1)]
    var (truePositives, falsePositives) = (0, 0)
    var (lastTrue, lastFalse, twiceArea) = (0, 0, 0)
    var precisionSum = 0.0
    for (rank, image) in order.enumerated() {
      if predictions.labels[image] == label { truePositives += 1 } else { falsePositives += 1 }
      if rank + 1 < order.count, scores[order[rank + 1]] == scores[image] { continue }
      let precision = Double(truePositives) / Double(rank + 1)
      twiceArea += (falsePositives - lastFalse) * (truePositives + lastTrue)
      precisionSum += Double(truePositives - lastTrue) * precision
      (lastTrue, lastFalse) = (truePositives, falsePositives)
      all.append(
        Point(
          threshold: scores[image], falsePositiveRate: Double(falsePositives) / Double(negatives),
          recall: Double(truePositives) / Double(positives), precision: precision))
    }
    areaUnderROC = Double(twiceArea) / (2 * Double(positives) * Double(negatives))
    averagePrecision = precisionSum / Double(positives)
    // A point close to a line in three coordinates is also close in each pair of them, so one choice of points serves
    // both curves.
    points = thinned(all, to: Self.maxPoints) { SIMD4($0.falsePositiveRate, $0.recall, $0.precision, 0) }
  }

  /// Returns the curves of all classes that have one, by label.
  package static func all(_ predictions: Predictions) -> [OperatingCurve] {
    (0..<predictions.classCount).compactMap { OperatingCurve(predictions, label: $0) }
  }
}

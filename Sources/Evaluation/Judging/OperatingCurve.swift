/// How well one class is told from the rest at every threshold on its probability: the ROC curve (false against true positive rate)
/// and the precision-recall curve, as scikit-learn's `roc_curve`, `roc_auc_score` and `average_precision_score` define them.
///
/// An image is *taken* for the class if its probability is at least the threshold. Equal probabilities are taken together, so each
/// distinct one gives one point. Where the class is rare, look at precision and recall: a small false positive rate can still be
/// many images.
package struct OperatingCurve: Sendable, Equatable, Codable {
  package struct Point: Sendable, Equatable, Codable {
    /// Images with at least this probability are taken; nil where none is.
    package let threshold: Float?
    /// The share of the other classes' images that are taken.
    package let falsePositiveRate: Double
    /// The share of the class's images that are taken (true positive rate).
    package let recall: Double
    /// The share of the taken images that are of the class; 1 where none is taken.
    package let precision: Double
  }

  package let label: Int
  /// Images of the class.
  package let positives: Int
  /// Images of other classes.
  package let negatives: Int
  /// From nothing taken to everything taken, thinned to at most ``mostPoints``, without a visible change.
  package let points: [Point]
  /// The probability that a random image of the class has a higher probability than a random other one (equal ones count half).
  package let areaUnderROC: Double
  /// The mean of the precision over the recall gained: Σ (recall_i - recall_(i-1)) precision_i. A class drawn at random has its
  /// share of the images.
  package let averagePrecision: Double

  package static let mostPoints = 200

  /// - Returns: nil if there are no images of the class, or only such: nothing can be told apart.
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
    // What stays near a line in three coordinates does so in each two of them: one choice of points serves both curves.
    points = thinned(all, to: Self.mostPoints) { SIMD4($0.falsePositiveRate, $0.recall, $0.precision, 0) }
  }

  /// The curve of every class that has one, by label.
  package static func all(_ predictions: Predictions) -> [OperatingCurve] {
    (0..<predictions.classCount).compactMap { OperatingCurve(predictions, label: $0) }
  }
}

/// Possible label errors found by confident learning (Northcutt, Jiang and Chuang, "Confident learning: estimating
/// uncertainty in dataset labels", 2021).
///
/// Models differ in their confidence in each class, so each class j has its own threshold t_j: the mean probability of
/// j over the images labeled j. An image counts confidently as class j if its probability of j is at least t_j; if
/// several classes pass, the most probable one counts, and if none passes, the image is not counted. The *confident
/// joint* C counts images by their label i and their confident class j; the images off the diagonal, i ≠ j, are the
/// candidates.
///
/// The ranked candidates are meant for review by a person; they do not estimate the number of label errors, since a
/// model can be confidently wrong.
///
/// The probabilities must be *out of fold*, from models that were not trained on the image: a model agrees with the
/// labels that it was trained on.
package struct LabelQuality: Sendable, Equatable, Codable {
  package struct Candidate: Sendable, Equatable, Codable {
    package let image: Int
    package let label: Int
    /// The confident class of the image; with `label`, it determines the entry of the confident joint.
    package let suggested: Int
    /// The probability of the label: the lower, the more suspicious.
    package let selfConfidence: Float
    /// The probability of the label minus the highest probability of another class, from -1 to 1: the lower, the more
    /// suspicious.
    package let normalizedMargin: Float
  }

  package enum Ranking: String, Sendable, Codable { case normalizedMargin, selfConfidence }

  /// t_j by label; nil for a class without images, which is never a confident class.
  package let thresholds: [Double?]
  /// `confidentJoint[label][suggested]`: the number of images.
  package let confidentJoint: [[Int]]
  /// In descending order of suspicion; of equally suspicious ones, the lower index first.
  package let candidates: [Candidate]

  package init(outOfFold predictions: Predictions, rankedBy ranking: Ranking = .normalizedMargin) {
    let classes = 0..<predictions.classCount
    let thresholds = Self.thresholds(predictions)
    var joint = classes.map { _ in classes.map { _ in 0 } }
    var candidates: [Candidate] = []
    for (image, byte) in predictions.labels.enumerated() {
      let label = Int(byte)
      let passing = classes.filter { other in
        thresholds[other].map { Double(predictions.probability(image, of: other)) >= $0 } ?? false
      }
      // Of equally probable classes, the lowest counts.
      let suggested = passing.max {
        predictions.probability(image, of: $0) < predictions.probability(image, of: $1)
      }
      guard let suggested else { continue }
      joint[label][suggested] += 1
      guard suggested != label else { continue }
      let selfConfidence = predictions.probability(image, of: label)
      let best = classes.filter { $0 != label }.map { predictions.probability(image, of: $0) }.max()!
      candidates.append(
        Candidate(
          image: image, label: label, suggested: suggested, selfConfidence: selfConfidence,
          normalizedMargin: selfConfidence - best))
    }
    let score = ranking == .normalizedMargin ? \Candidate.normalizedMargin : \Candidate.selfConfidence
    (self.thresholds, confidentJoint) = (thresholds, joint)
    self.candidates = candidates.sorted { ($0[keyPath: score], $0.image) < ($1[keyPath: score], $1.image) }
  }

  /// Returns the mean probability of each class over the images with that label.
  private static func thresholds(_ predictions: Predictions) -> [Double?] {
    var sums = [Double](repeating: 0, count: predictions.classCount)
    var counts = sums.map { _ in 0 }
    for (image, label) in predictions.labels.enumerated() {
      sums[Int(label)] += Double(predictions.probability(image, of: Int(label)))
      counts[Int(label)] += 1
    }
    return zip(sums, counts).map { $1 > 0 ? $0 / Double($1) : nil }
  }
}

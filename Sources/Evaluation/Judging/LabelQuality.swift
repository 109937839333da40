/// Images whose label may be wrong, found by confident learning (Northcutt, Jiang and Chuang, "Confident learning: estimating
/// uncertainty in dataset labels", 2021).
///
/// Models differ in how sure they are of a class at all, so each class j gets its own threshold: t_j, the mean probability of j
/// over the images labeled j. An image counts confidently as class j if its probability of j is at least t_j (if several classes
/// pass, the most probable one counts; if none does, the image counts nowhere). The *confident joint* C counts images by their
/// label i and the class j that they confidently are: those off the diagonal, i ≠ j, are the candidates.
///
/// They are candidates to be looked at by a person, ranked, and no estimate of how many labels are wrong: a model also confidently
/// errs.
///
/// The probabilities must be *out of fold*, by models that were not fitted on the image that they judge; a model agrees with labels
/// it was fitted to.
package struct LabelQuality: Sendable, Equatable, Codable {
  package struct Candidate: Sendable, Equatable, Codable {
    package let image: Int
    package let label: Int
    /// The class that the image confidently is: together with `label` the entry of the confident joint that it falls in.
    package let suggested: Int
    /// The probability of its label: the lower, the more suspect.
    package let selfConfidence: Float
    /// The probability of its label less the highest one of another class, from -1 to 1: the lower, the more suspect.
    package let normalizedMargin: Float
  }

  package enum Ranking: String, Sendable, Codable { case normalizedMargin, selfConfidence }

  /// t_j by label; nil for a class without images, which no image confidently is.
  package let thresholds: [Double?]
  /// `confidentJoint[label][suggested]`: images.
  package let confidentJoint: [[Int]]
  /// The most suspect first; of equally suspect ones, the lower index.
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
      // The first of equal ones is the lowest class.
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

  /// The mean probability of each class over the images that are labeled so.
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

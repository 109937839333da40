internal import Foundation

/// The images on which several models contradict the labels, or each other.
package struct ModelDisagreement: Sendable, Equatable, Codable {
  /// The class probabilities predicted by a model.
  package struct Opinion: Sendable {
    package let model: String
    /// (images, classes)
    package let probabilities: [Float]

    package init(model: String, probabilities: [Float]) {
      (self.model, self.probabilities) = (model, probabilities)
    }
  }

  /// An image that all models assign to the same class, different from its label.
  package struct Suspect: Sendable, Equatable, Codable {
    package let image: Int
    package let label: Int
    package let prediction: Int
    /// The mean over the models of the probability of the predicted class, and of the label.
    package let predictionProbability: Double
    package let labelProbability: Double
  }

  /// An image on which the models disagree.
  package struct Contested: Sendable, Equatable, Codable {
    package let image: Int
    package let label: Int
    /// The predicted classes, by model.
    package let predictions: [Int]
    /// The entropy of the mean probabilities of the models, in bits.
    package let entropy: Double
    /// The part of the entropy due to disagreement between the models rather than to their own uncertainty: the entropy
    /// of the mean minus the mean of the entropies (Jensen-Shannon divergence), in bits.
    package let divergence: Double
  }

  package let models: [String]
  package let images: Int
  /// (models, models) The fraction of images for which both models predict the same class.
  package let agreement: [[Double]]
  /// The number of images that all models assign to the same class, different from the label.
  package let suspectCount: Int
  /// Possible label errors, in descending order of the gap between the probabilities of prediction and label; of equal
  /// ones, the lower index first.
  package let suspects: [Suspect]
  /// The images with different predictions, in descending order of entropy; of equal ones, the lower index first.
  package let contested: [Contested]
  package let contestedCount: Int

  /// - Parameters:
  ///   - opinions: at least one. On training images, the probabilities must come from models that were not trained on
  ///     the image (out-of-bag, leave-one-out, other folds); otherwise they repeat its label.
  ///   - labels: at least one; each below `classCount`
  ///   - listed: the maximum length of each list
  /// - Throws: ``EvaluationError`` if a probability is not a number from 0 to 1.
  package init(
    _ opinions: [Opinion], labels: [UInt8], classCount: Int, listed: Int = 100
  ) throws(EvaluationError) {
    precondition(!opinions.isEmpty && !labels.isEmpty, "a comparison needs at least one model and one image")
    for opinion in opinions {
      precondition(
        opinion.probabilities.count == labels.count * classCount, "probabilities and labels differ in number")
      try EvaluationError.check(opinion.probabilities, classCount: classCount)
    }
    var same = [[Int]](repeating: [Int](repeating: 0, count: opinions.count), count: opinions.count)
    var (suspects, contested): ([Suspect], [Contested]) = ([], [])
    for (image, label) in labels.enumerated() {
      let rows = opinions.map { $0.probabilities[image * classCount..<(image + 1) * classCount].map(Double.init) }
      let predictions = rows.map { $0.firstIndex(of: $0.max()!)! }
      for (first, prediction) in predictions.enumerated() {
        for (second, other) in predictions.enumerated() where prediction == other { same[first][second] += 1 }
      }
      let mean = (0..<classCount).map { place in rows.reduce(0) { $0 + $1[place] } / Double(rows.count) }
      if Set(predictions).count > 1 {
        let entropy = Self.entropy(mean)
        contested.append(
          Contested(
            image: image, label: Int(label), predictions: predictions, entropy: entropy,
            divergence: max(0, entropy - rows.reduce(0) { $0 + Self.entropy($1) } / Double(rows.count))))
      } else if predictions[0] != Int(label) {
        suspects.append(
          Suspect(
            image: image, label: Int(label), prediction: predictions[0],
            predictionProbability: mean[predictions[0]], labelProbability: mean[Int(label)]))
      }
    }
    suspects.sort {
      ($1.predictionProbability - $1.labelProbability, $0.image)
        < ($0.predictionProbability - $0.labelProbability, $1.image)
    }
    contested.sort { ($1.entropy, $0.image) < ($0.entropy, $1.image) }
    (models, images) = (opinions.map(\.model), labels.count)
    agreement = same.map { $0.map { Double($0) / Double(labels.count) } }
    (suspectCount, contestedCount) = (suspects.count, contested.count)
    (self.suspects, self.contested) = (Array(suspects.prefix(listed)), Array(contested.prefix(listed)))
  }

  /// In bits.
  private static func entropy(_ probabilities: [Double]) -> Double {
    probabilities.reduce(0) { $1 > 0 ? $0 - $1 * log2($1) : $0 }
  }
}

internal import Foundation

/// Where several models contradict the labels of the same images, or each other.
package struct ModelDisagreement: Sendable, Equatable, Codable {
  /// The class probabilities that a model gives.
  package struct Opinion: Sendable {
    package let model: String
    /// (images, classes)
    package let probabilities: [Float]

    package init(model: String, probabilities: [Float]) {
      (self.model, self.probabilities) = (model, probabilities)
    }
  }

  /// An image that all models take for the same class, which is not its label.
  package struct Suspect: Sendable, Equatable, Codable {
    package let image: Int
    package let label: Int
    package let prediction: Int
    /// The mean over models of the probability of the class that they predict, and of the label.
    package let predictionProbability: Double
    package let labelProbability: Double
  }

  /// An image whose class the models are least sure of, taken together.
  package struct Contested: Sendable, Equatable, Codable {
    package let image: Int
    package let label: Int
    /// By model.
    package let predictions: [Int]
    /// The entropy of the models' mean probabilities, in bits.
    package let entropy: Double
    /// How much of it comes from models that differ, and not from models that are unsure themselves: the entropy of the mean less the
    /// mean of the entropies (Jensen-Shannon divergence), in bits.
    package let divergence: Double
  }

  package let models: [String]
  package let images: Int
  /// (models, models): the share of images of which both predict the same class.
  package let agreement: [[Double]]
  /// How many images there are that all models take for the same other class.
  package let suspectCount: Int
  /// Candidates for wrong labels: the widest gap between the probabilities of prediction and label first; of equal ones, the lower number.
  package let suspects: [Suspect]
  /// The highest entropy first; of equal ones, the lower number. Only images on which the models' predictions differ.
  package let contested: [Contested]
  package let contestedCount: Int

  /// - Parameters:
  ///   - opinions: at least one. On training images, probabilities must come from models that have not seen the image (out-of-bag,
  ///     leave-one-out, other folds), or they repeat its label.
  ///   - labels: each below `classCount`; at least one
  ///   - listed: entries in each list
  /// - Throws: ``EvaluationError`` if a probability is not a number from 0 to 1.
  package init(
    _ opinions: [Opinion], labels: [UInt8], classCount: Int, listed: Int = 100
  ) throws(EvaluationError) {
    precondition(!opinions.isEmpty && !labels.isEmpty, "there is no opinion, or no image to have one of")
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

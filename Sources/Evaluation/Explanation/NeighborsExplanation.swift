package import Compute
package import Datasets
package import Models
package import Progress

/// The explanation of a nearest-neighbors prediction for one image: the neighbors and the weights of their votes.
package struct NeighborsExplanation: Sendable, Equatable, Codable {
  package struct Voter: Sendable, Equatable, Codable {
    /// The index of the training image.
    package let image: Int
    package let label: Int
    /// The distance by the model's metric, between principal components if the model uses them.
    package let distance: Double
    /// The fraction of all votes.
    package let share: Double
  }

  package let classNames: [String]
  package let metric: DistanceMetric
  package let weights: Weighting
  /// In order of increasing distance.
  package let neighbors: [Voter]
  /// The number of neighbors with each label.
  package let votes: [Int]
  /// The probabilities that the model predicts, by label: the sums of the neighbors' shares.
  package let probabilities: [Float]
  /// The most probable class; of equally probable ones, the lowest.
  package let prediction: Int

  /// Explains each of `images`.
  /// - Throws: ``ModelError/badSettings(_:)`` if the images do not have the model's shape; `CancellationError` if
  ///   stopped.
  package static func all(
    of model: NearestNeighbors, images: LabeledImages, classNames: [String], on context: ComputeContext,
    progress: (FitProgress) -> Bool
  ) throws -> [NeighborsExplanation] {
    try model.nearest(model.configuration.neighbors, to: images, on: context, progress: progress).map {
      NeighborsExplanation(of: model, neighbors: $0, classNames: classNames)
    }
  }

  /// - Parameter found: the neighbors of one image in order of increasing distance
  package init(of model: NearestNeighbors, neighbors found: [Neighbor], classNames: [String]) {
    let voteWeights = NearestNeighbors.voteWeights(found, weights: model.configuration.weights)
    let total = voteWeights.reduce(0, +)
    var votes = [Int](repeating: 0, count: classNames.count)
    neighbors = zip(found, voteWeights).map { neighbor, weight in
      let label = Int(model.training.labels[neighbor.row])
      votes[label] += 1
      return Voter(image: neighbor.row, label: label, distance: neighbor.distance, share: weight / total)
    }
    let probabilities = model.vote(of: [found])
    (self.votes, self.probabilities, self.classNames) = (votes, probabilities, classNames)
    (metric, weights) = (model.configuration.metric, model.configuration.weights)
    prediction = probabilities.firstIndex(of: probabilities.max()!)!
  }
}

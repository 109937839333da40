package import Compute
package import Datasets
package import Models

/// Why nearest neighbours say what they say of one image: the neighbours, and what their votes count.
package struct NeighborsExplanation: Sendable, Equatable, Codable {
  package struct Voter: Sendable, Equatable, Codable {
    /// A training image.
    package let image: Int
    package let label: Int
    /// By the model's metric. Of principal components, if the model has some.
    package let distance: Double
    /// Its share of all votes.
    package let share: Double
  }

  package let classNames: [String]
  package let metric: Metric
  package let weights: Weighting
  /// Nearest first.
  package let neighbors: [Voter]
  /// By label: how many neighbours have it.
  package let votes: [Int]
  /// By label: their shares, added up. As the model gives them.
  package let probabilities: [Float]
  /// The most probable class; of equally probable ones, the lowest.
  package let prediction: Int

  /// Explains each of `images`.
  /// - Throws: ``ModelError/badSettings(_:)`` if they are not of the model's shape; `CancellationError` if stopped.
  package static func all(
    of model: NearestNeighbors, images: LabeledImages, classNames: [String], on context: ComputeContext,
    progress: (FitProgress) -> Bool
  ) throws -> [NeighborsExplanation] {
    try model.nearest(model.configuration.neighbors, to: images, on: context, progress: progress).map {
      NeighborsExplanation(of: model, neighbors: $0, classNames: classNames)
    }
  }

  /// - Parameter found: of one image, nearest first
  package init(of model: NearestNeighbors, neighbors found: [Neighbor], classNames: [String]) {
    let voteWeights = NearestNeighbors.voteWeights(found, weights: model.configuration.weights)
    let total = voteWeights.reduce(0, +)
    var votes = [Int](repeating: 0, count: classNames.count)
    neighbors = zip(found, voteWeights).map { neighbor, weight in
      let label = Int(model.training.labels[neighbor.row])
      votes[label] += 1
      return Voter(image: neighbor.row, label: label, distance: neighbor.distance, share: weight / total)
    }
    let probabilities = model.vote(found, weights: model.configuration.weights)
    (self.votes, self.probabilities, self.classNames) = (votes, probabilities, classNames)
    (metric, weights) = (model.configuration.metric, model.configuration.weights)
    prediction = probabilities.firstIndex(of: probabilities.max()!)!
  }
}

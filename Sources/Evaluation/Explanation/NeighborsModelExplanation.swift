package import Compute
package import Datasets
package import Models
package import Progress

/// The explanation of a nearest-neighbors model: the neighbors of some images.
package struct NeighborsModelExplanation: Sendable, Equatable, Codable {
  package struct Example: Sendable, Equatable, Codable {
    package let example: ExampleImage
    package let explanation: NeighborsExplanation
    /// (height, width, channels) for each pictured neighbor in order of increasing distance. The model's training
    /// images need not be those of the data set.
    package let pictures: [[UInt8]]
  }

  package let settings: ExplanationSettings
  /// The accuracy on the evaluated test images.
  package let accuracy: ProportionInterval
  package let neighbors: Int
  package let metric: DistanceMetric
  package let weights: Weighting
  /// The number of principal components that distances are computed from; nil for pixels.
  package let components: Int?
  package let trainingImages: Int
  package let examples: [Example]

  /// The maximum number of pictured neighbors.
  package static let maxPictured = 11

  /// - Parameter test: the model's predictions for all test images, if they are known
  /// - Throws: ``ModelError/badSettings(_:)`` if a setting or the data set does not match the model;
  ///   `CancellationError` if stopped.
  package init(
    _ model: NearestNeighbors, of dataset: Dataset, settings: ExplanationSettings = ExplanationSettings(),
    test: Predictions? = nil, on context: ComputeContext, progress: (FitProgress) -> Bool = { _ in true }
  ) throws {
    try model.checkFits(dataset)
    try settings.check(testImages: dataset.test.count, classCount: dataset.classCount)
    let found = try ExampleSelection(
      of: model, dataset: dataset, settings: settings, test: test, on: context, progress: progress)
    let configuration = model.configuration
    (self.settings, accuracy, trainingImages) = (settings, found.accuracy, model.training.count)
    (neighbors, metric, weights) = (configuration.neighbors, configuration.metric, configuration.weights)
    components = configuration.components
    let explanations = try NeighborsExplanation.all(
      of: model, images: dataset.test.selecting(found.examples.map(\.image)), classNames: dataset.classNames,
      on: context, progress: progress)
    examples = zip(found.examples, explanations).map { example, explanation in
      Example(
        example: example, explanation: explanation,
        pictures: explanation.neighbors.prefix(Self.maxPictured).map { Array(model.training.pixels(of: $0.image)) })
    }
  }
}

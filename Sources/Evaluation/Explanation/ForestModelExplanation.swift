package import Compute
package import Datasets
package import Models
package import Progress

/// The explanation of a forest: the importance of each pixel, and the votes on some images.
package struct ForestModelExplanation: Sendable, Equatable, Codable {
  package struct Example: Sendable, Equatable, Codable {
    package let example: ExampleImage
    package let explanation: ForestExplanation
  }

  package let settings: ExplanationSettings
  /// The accuracy on the evaluated test images.
  package let accuracy: ProportionInterval
  package let trees: Int
  /// The number of nodes in all trees.
  package let nodes: Int
  /// (height, width, 1) The impurity importance of each pixel, measured on the training images.
  package let importance: PixelMap
  /// The permutation importance, measured on sampled test images; nil without test images.
  package let permutation: PermutationImportance?
  package let examples: [Example]

  /// - Parameter test: the model's predictions for all test images, if they are known
  /// - Throws: ``ModelError/badSettings(_:)`` if a setting or the data set does not match the forest;
  ///   `CancellationError` if stopped.
  package init(
    _ forest: Forest, of dataset: Dataset, settings: ExplanationSettings = ExplanationSettings(),
    test: Predictions? = nil, on context: ComputeContext, progress: (FitProgress) -> Bool = { _ in true }
  ) throws {
    try forest.checkFits(dataset)
    try settings.check(testImages: dataset.test.count, classCount: dataset.classCount)
    let found = try ExampleSelection(
      of: forest, dataset: dataset, settings: settings, test: test, on: context, progress: progress)
    (self.settings, accuracy, trees) = (settings, found.accuracy, forest.trees.count)
    nodes = forest.trees.reduce(0) { $0 + $1.nodeCount }
    importance = forest.importanceMap
    permutation = try PermutationImportance.sampled(dataset, settings, on: context, progress: progress) {
      VariantPredictor(of: forest, originals: $0, partSize: $1, on: context)
    }
    // Each explanation traverses all trees.
    let explanations = context.team.map(found.examples.count) { index in
      ForestExplanation(
        of: forest, pixels: dataset.test.pixels(of: found.examples[index].image), classNames: dataset.classNames)
    }
    examples = zip(found.examples, explanations).map(Example.init)
  }
}

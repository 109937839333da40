package import Compute
package import Datasets
package import Models
package import Progress

/// The explanation of a decision tree: the importance of each pixel, and the paths of some images.
package struct TreeModelExplanation: Sendable, Equatable, Codable {
  package struct Example: Sendable, Equatable, Codable {
    package let example: ExampleImage
    package let path: TreeExplanation
  }

  package let settings: ExplanationSettings
  /// The accuracy on the evaluated test images.
  package let accuracy: ProportionInterval
  package let nodes: Int
  package let leaves: Int
  /// The number of comparisons on the longest path.
  package let depth: Int
  /// (height, width, 1) The impurity importance of each pixel, measured on the training images.
  package let importance: PixelMap
  /// The permutation importance, measured on sampled test images; nil without test images.
  package let permutation: PermutationImportance?
  package let examples: [Example]

  /// - Parameter test: the model's predictions for all test images, if they are known
  /// - Throws: ``ModelError/badSettings(_:)`` if a setting or the data set does not match the tree; `CancellationError`
  ///   if stopped.
  package init(
    _ tree: DecisionTree, of dataset: Dataset, settings: ExplanationSettings = ExplanationSettings(),
    test: Predictions? = nil, on context: ComputeContext, progress: (FitProgress) -> Bool = { _ in true }
  ) throws {
    try tree.checkFits(dataset)
    try settings.check(testImages: dataset.test.count, classCount: dataset.classCount)
    let found = try ExampleSelection(
      of: tree, dataset: dataset, settings: settings, test: test, on: context, progress: progress)
    (self.settings, accuracy) = (settings, found.accuracy)
    (nodes, leaves, depth) = (tree.tree.nodeCount, tree.tree.leafCount, tree.tree.depth)
    importance = tree.importanceMap
    permutation = try PermutationImportance.sampled(dataset, settings, on: context, progress: progress) {
      VariantPredictor(of: tree, originals: $0, partSize: $1, on: context)
    }
    examples = found.examples.map { example in
      Example(
        example: example,
        path: TreeExplanation(
          of: tree, pixels: dataset.test.pixels(of: example.image), classNames: dataset.classNames))
    }
  }
}

extension PermutationImportance {
  /// The number of blocks along the longer side of an image.
  private static let blocksPerSide = 7

  /// Measures the importance on sampled test images; nil without test images.
  /// - Parameter predictor: returns the model's predictor for variants of images whose parts have this side
  static func sampled(
    _ dataset: Dataset, _ settings: ExplanationSettings, on context: ComputeContext, progress: (FitProgress) -> Bool,
    predictor: (LabeledImages, _ partSize: Int) -> VariantPredictor
  ) throws -> PermutationImportance? {
    let images = dataset.test.selecting(
      KeyedSample.images(settings.sampledImages, of: dataset.test, seed: settings.seed, .permuted))
    if images.count == 0 { return nil }
    let longer = max(dataset.shape.height, dataset.shape.width)
    let blockSize = (longer + blocksPerSide - 1) / blocksPerSide
    let predictor = predictor(images, blockSize)
    return try PermutationImportance(
      of: images, classCount: dataset.classCount, blockSize: blockSize, seed: settings.seed
    ) { variants in
      let probabilities = predictor.probabilities(for: variants, on: context)
      let done = FitProgress(done: images.count, total: images.count, unit: .images)
      guard progress(done) else { throw CancellationError() }
      return probabilities
    }
  }
}

package import Compute
package import Datasets
package import Models

/// Predictions for labeled images that a model was not fitted on and that are not test images. Thresholds and
/// temperatures are chosen on them.
///
/// Their source depends on the kind of model and is described by ``explanation``; no kind needs images beyond the
/// training images.
package struct HoldOut: Sendable, Equatable, Codable {
  /// Nil if there are none; otherwise at least one.
  package let predictions: Predictions?
  /// Sentences for the reader of a report: the source of the predictions and its consequences, or the reason why there
  /// are none.
  package let explanation: String

  package init(_ predictions: Predictions?, explanation: String) {
    precondition(predictions?.count != 0, "hold-out predictions of no images")
    (self.predictions, self.explanation) = (predictions, explanation)
  }

  /// The most training images that are classified by their neighbors; more would hardly narrow the intervals.
  package static let mostNeighborQueries = 10_000
  /// The fraction of the images that the companion of a tree is not fitted on.
  package static let companionFraction = 0.1

  /// Classifies training images by models, or parts of a model, that were not fitted on them:
  /// - network: classifies its validation set;
  /// - forest: each image is classified by the trees whose bootstrap samples do not contain it;
  /// - nearest neighbors: each of a sample of images is classified by its neighbors other than itself;
  /// - tree: a companion tree with the same settings, fitted on all but ``companionFraction`` of the images, classifies
  ///   these.
  ///
  /// - Parameters:
  ///   - model: of one of the four kinds
  ///   - training: the images that it was fitted on, in the same order
  /// - Throws: ``EvaluationError``; `CancellationError` if `progress` returns false; errors of fitting and prediction.
  package init(
    of model: any Classifier, training: LabeledImages, on context: ComputeContext, progress: (FitProgress) -> Bool
  ) throws {
    switch model {
    case let network as Network: try self.init(network, training, context, progress)
    case let forest as Forest: try self.init(forest, training, context)
    case let neighbors as NearestNeighbors: try self.init(neighbors, context, progress)
    case let tree as DecisionTree: try self.init(tree, training, context, progress)
    default: self.init(nil, explanation: "There are no hold-out predictions for this kind of model.")
    }
  }

  private init(
    _ network: Network, _ training: LabeledImages, _ context: ComputeContext, _ progress: (FitProgress) -> Bool
  ) throws {
    let settings = network.configuration
    let heldOut = Split.holdOut(labels: training.labels, fraction: settings.validation, seed: settings.seed).heldOut
    guard !heldOut.isEmpty else {
      self.init(nil, explanation: "The network was trained on all training images, so there are no hold-out images.")
      return
    }
    try self.init(
      network, classifying: training.selecting(heldOut), on: context, progress: progress,
      explanation: """
        The hold-out images are the network's validation set: \(grouped(heldOut.count)) of the \
        \(grouped(training.count)) training images, which it was not trained on. The best epoch was chosen on them, so \
        results may be slightly better than on new images.
        """)
  }

  private init(_ forest: Forest, _ training: LabeledImages, _ context: ComputeContext) throws {
    let rows = forest.outOfBagProbabilities(trainingImages: training, on: context)
    let classified = rows.indices.filter { rows[$0] != nil }
    guard !classified.isEmpty else {
      self.init(
        nil,
        explanation: forest.forestSettings.bootstrap
          ? "Every tree was grown on every training image, so there are no hold-out images."
          : "The forest was grown without bootstrap samples, so there are no hold-out images.")
      return
    }
    let predictions = try Predictions(
      probabilities: rows.flatMap { $0 ?? [] }, labels: classified.map { training.labels[$0] },
      classCount: forest.classCount)
    self.init(
      predictions,
      explanation: """
        The hold-out images are \(grouped(classified.count)) of the \(grouped(training.count)) training images, each \
        classified only by the trees whose bootstrap samples do not contain it (out of bag). These are about a third \
        of the trees, so the whole forest is slightly more accurate and more confident.
        """)
  }

  private init(
    _ neighbors: NearestNeighbors, _ context: ComputeContext, _ progress: (FitProgress) -> Bool
  ) throws {
    let (count, training) = (neighbors.configuration.neighbors, neighbors.training)
    guard count < training.count else {
      self.init(
        nil,
        explanation: """
          Each image is classified by all training images, including itself, so there are no hold-out images.
          """)
      return
    }
    let sample = KeyedSample.sample(Self.mostNeighborQueries, of: Array(0..<training.count), seed: 0, .holdOut).sorted()
    // Searches for one more neighbor and leaves out the image itself, as in `leaveOneOutProbabilities`.
    let found = try neighbors.nearest(count + 1, to: training.selecting(sample), on: context, progress: progress)
    let probabilities = zip(sample, found).flatMap { image, found in
      neighbors.vote(
        Array(found.filter { $0.row != image }.prefix(count)), weights: neighbors.configuration.weights)
    }
    let predictions = try Predictions(
      probabilities: probabilities, labels: sample.map { training.labels[$0] }, classCount: neighbors.classCount)
    let images =
      sample.count < training.count
      ? "\(grouped(sample.count)) of the \(grouped(training.count)) training images, sampled at random,"
      : "all \(grouped(training.count)) training images,"
    self.init(
      predictions,
      explanation: """
        The hold-out images are \(images) each classified by its nearest neighbors other than itself (leave-one-out). \
        Near duplicates among the training images make results slightly better than on new images.
        """)
  }

  private init(
    _ tree: DecisionTree, _ training: LabeledImages, _ context: ComputeContext, _ progress: (FitProgress) -> Bool
  ) throws {
    let settings = tree.treeSettings
    let split = Split.holdOut(labels: training.labels, fraction: Self.companionFraction, seed: settings.seed)
    guard !split.heldOut.isEmpty else {
      self.init(
        nil,
        explanation: "No class has enough training images to hold some out, so there are no hold-out images.")
      return
    }
    let companion = try DecisionTree.fit(
      training.selecting(split.kept), classCount: tree.classCount, settings: settings, on: context, progress: progress)
    try self.init(
      companion, classifying: training.selecting(split.heldOut), on: context, progress: progress,
      explanation: """
        The tree was fitted on all training images, so a companion tree with the same settings was fitted on \
        \(grouped(split.kept.count)) of them. The hold-out images are the other \(grouped(split.heldOut.count)), \
        classified by the companion. Choices based on them apply to the tree only as far as the two trees are alike.
        """)
  }

  private init(
    _ model: any Classifier, classifying images: LabeledImages, on context: ComputeContext,
    progress: (FitProgress) -> Bool, explanation: String
  ) throws {
    let probabilities = try model.probabilities(for: images, on: context, progress: progress)
    self.init(
      try Predictions(probabilities: probabilities, labels: images.labels, classCount: model.classCount),
      explanation: explanation)
  }
}

/// Returns a number with commas between thousands.
private func grouped(_ count: Int) -> String {
  count < 1000 ? "\(count)" : grouped(count / 1000) + "," + "\(1000 + count % 1000)".dropFirst()
}

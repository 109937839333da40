package import Compute
package import Datasets
package import Models

/// What a model says of labeled images that it was not fitted on, and that are not the test images: what thresholds and temperatures
/// are chosen by.
///
/// Where they come from differs by kind of model, and ``explanation`` says it: no kind needs images beyond the training images.
package struct HoldOut: Sendable, Equatable, Codable {
  /// Nil if there are none; otherwise at least one.
  package let predictions: Predictions?
  /// How they were made and what that means for their use, or why there are none: sentences for the reader of a report.
  package let explanation: String

  package init(_ predictions: Predictions?, explanation: String) {
    precondition(predictions?.count != 0, "hold-out predictions of no images")
    (self.predictions, self.explanation) = (predictions, explanation)
  }

  /// So many training images at most are judged by their neighbours: more would make intervals hardly narrower.
  package static let mostNeighborQueries = 10_000
  /// What the companion of a tree does not see.
  package static let companionShare = 0.1

  /// Judges training images by what was not fitted on them:
  /// - a network: its validation images;
  /// - a forest: for each image, the trees whose bootstrap left it out;
  /// - nearest neighbours: for each of a sample of images, its neighbours other than itself;
  /// - a tree: a companion, fitted with the same settings on all but ``companionShare`` of the images, judges those.
  ///
  /// - Parameters:
  ///   - model: of one of the four kinds
  ///   - training: what it was fitted on, in the same order
  /// - Throws: ``EvaluationError``; `CancellationError` if `progress` returns false; what fitting and predicting throw.
  package init(
    of model: any Classifier, training: LabeledImages, on context: ComputeContext, progress: (FitProgress) -> Bool
  ) throws {
    switch model {
    case let network as Network: try self.init(network, training, context, progress)
    case let forest as Forest: try self.init(forest, training, context)
    case let neighbors as NearestNeighbors: try self.init(neighbors, context, progress)
    case let tree as DecisionTree: try self.init(tree, training, context, progress)
    default: self.init(nil, explanation: "Nothing is known of how this kind of model judges images that are new to it.")
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
      network, judges: training.selecting(heldOut), on: context, progress: progress,
      explanation: """
        The hold-out images are the network's validation images: \(grouped(heldOut.count)) of the \(grouped(training.count)) training images, which \
        it was not trained on. They chose the best epoch, so they may look a little better than new images would.
        """)
  }

  private init(_ forest: Forest, _ training: LabeledImages, _ context: ComputeContext) throws {
    let rows = forest.outOfBagProbabilities(trainingImages: training, on: context)
    let judged = rows.indices.filter { rows[$0] != nil }
    guard !judged.isEmpty else {
      self.init(
        nil,
        explanation: forest.forestSettings.bootstrap
          ? "Every tree was grown on every training image, so there are no hold-out images."
          : "The forest was grown without bootstrap: every tree saw every training image, so there are no hold-out images."
      )
      return
    }
    let predictions = try Predictions(
      probabilities: rows.flatMap { $0 ?? [] }, labels: judged.map { training.labels[$0] },
      classCount: forest.classCount)
    self.init(
      predictions,
      explanation: """
        The hold-out images are \(grouped(judged.count)) of the \(grouped(training.count)) training images, each judged by those trees alone whose \
        bootstrap left it out (out of bag). These are about a third of the trees, so the whole forest is a little better \
        and surer of itself.
        """)
  }

  private init(
    _ neighbors: NearestNeighbors, _ context: ComputeContext, _ progress: (FitProgress) -> Bool
  ) throws {
    let (count, training) = (neighbors.configuration.neighbors, neighbors.training)
    guard count < training.count else {
      self.init(
        nil,
        explanation: "Each image is judged by all training images, itself among them, so there are no hold-out images.")
      return
    }
    let sample = KeyedSample.draw(Self.mostNeighborQueries, of: Array(0..<training.count), seed: 0, .holdOut).sorted()
    // One more is searched for, and the image itself left out, as in `leaveOneOutProbabilities`.
    let found = try neighbors.nearest(count + 1, to: training.selecting(sample), on: context, progress: progress)
    let probabilities = zip(sample, found).flatMap { image, found in
      neighbors.vote(
        Array(found.filter { $0.row != image }.prefix(count)), weights: neighbors.configuration.weights)
    }
    let predictions = try Predictions(
      probabilities: probabilities, labels: sample.map { training.labels[$0] }, classCount: neighbors.classCount)
    let which =
      sample.count < training.count
      ? "drawn from the \(grouped(training.count)) training images" : "all training images"
    self.init(
      predictions,
      explanation: """
        The hold-out images are \(grouped(sample.count)) images, \(which), each judged by its neighbours other than itself (leave one \
        out). Training images that nearly repeat one another make this look a little better than new images would.
        """)
  }

  private init(
    _ tree: DecisionTree, _ training: LabeledImages, _ context: ComputeContext, _ progress: (FitProgress) -> Bool
  ) throws {
    let settings = tree.treeSettings
    let split = Split.holdOut(labels: training.labels, fraction: Self.companionShare, seed: settings.seed)
    guard !split.heldOut.isEmpty else {
      self.init(
        nil,
        explanation: "No class has enough training images to hold some out, so there are no hold-out images.")
      return
    }
    let companion = try DecisionTree.fit(
      training.selecting(split.kept), classCount: tree.classCount, settings: settings, on: context, progress: progress)
    try self.init(
      companion, judges: training.selecting(split.heldOut), on: context, progress: progress,
      explanation: """
        The tree saw all training images. So a companion tree with the same settings was fitted on \(grouped(split.kept.count)) of them and \
        judged the other \(grouped(split.heldOut.count)): these are the hold-out images. What is chosen by them carries over to the tree \
        itself only as far as the two trees are alike.
        """)
  }

  private init(
    _ model: any Classifier, judges images: LabeledImages, on context: ComputeContext,
    progress: (FitProgress) -> Bool, explanation: String
  ) throws {
    let probabilities = try model.probabilities(for: images, on: context, progress: progress)
    self.init(
      try Predictions(probabilities: probabilities, labels: images.labels, classCount: model.classCount),
      explanation: explanation)
  }
}

/// With commas between thousands.
private func grouped(_ count: Int) -> String {
  count < 1000 ? "\(count)" : grouped(count / 1000) + "," + "\(1000 + count % 1000)".dropFirst()
}

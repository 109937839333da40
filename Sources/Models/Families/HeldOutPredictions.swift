internal import Compute
internal import Datasets
internal import Progress

/// Class probabilities of training images by models, or parts of a model, that were not fitted on them.
package struct HeldOutPredictions: Sendable {
  /// Where the predictions come from, or why there are none.
  package enum Source: String, Sendable, Equatable, Codable {
    /// The network's validation set, on which the best epoch was chosen.
    case validationSet
    /// Each image is classified by the trees whose bootstrap samples do not contain it.
    case outOfBag
    /// Each image is classified by its neighbors other than itself.
    case leaveOneOut
    /// A model with the same settings was fitted on other training images.
    case companion
    case noneTrainedOnAll, noneInEveryBootstrap, noneOfTooManyNeighbors, noneOfTooFewImages
  }

  /// The positions of the images among the training images, ascending; empty if there are no predictions.
  package let images: [Int]
  /// (images, classes)
  package let probabilities: [Float]
  package let source: Source

  package init(_ images: [Int], _ probabilities: [Float], _ source: Source) {
    (self.images, self.probabilities, self.source) = (images, probabilities, source)
  }

  /// No predictions, for this reason.
  package static func none(_ source: Source) -> HeldOutPredictions { HeldOutPredictions([], [], source) }
}

/// The fraction of the training images that a companion is not fitted on.
private let companionFraction = 0.1

extension ModelFamily {
  /// Fits a companion, a model with the same settings, on most of the training images, and classifies the others.
  /// - Parameter seed: of the choice of the images
  static func companionPredictions(
    of model: Model, seed: UInt64, training: LabeledImages, on context: ComputeContext, progress: (FitProgress) -> Bool
  ) throws -> HeldOutPredictions {
    let split = Split.holdOut(labels: training.labels, fraction: companionFraction, seed: seed)
    guard !split.heldOut.isEmpty else { return .none(.noneOfTooFewImages) }
    let companion = try fit(
      training.selecting(split.kept), classCount: model.classCount, settings: try Settings(saved: model.settings),
      on: context, progress: progress)
    return HeldOutPredictions(
      split.heldOut,
      try companion.probabilities(for: training.selecting(split.heldOut), on: context, progress: progress), .companion)
  }
}

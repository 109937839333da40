package import Compute
package import Datasets
package import Models
package import Progress

/// Predictions for labeled images that a model was not fitted on and that are not test images. Thresholds and
/// temperatures are chosen on them. They need no images beyond the training images.
package struct HoldOut: Sendable, Equatable, Codable {
  /// Nil if there are none; otherwise at least one.
  package let predictions: Predictions?
  /// Where the predictions come from, or why there are none.
  package let source: HeldOutPredictions.Source
  /// The number of training images.
  package let trainingCount: Int

  package init(_ predictions: Predictions?, source: HeldOutPredictions.Source, trainingCount: Int) {
    precondition(predictions?.count != 0, "hold-out predictions of no images")
    (self.predictions, self.source, self.trainingCount) = (predictions, source, trainingCount)
  }

  /// Classifies training images by models, or parts of a model, that were not fitted on them, as its family defines.
  ///
  /// - Parameters:
  ///   - training: the images that it was fitted on, in the same order
  ///   - known: the predictions, if they are known
  /// - Throws: ``EvaluationError``; `CancellationError` if `progress` returns false; errors of fitting and prediction.
  package init(
    of model: any Classifier, training: LabeledImages, known: HeldOutPredictions? = nil, on context: ComputeContext,
    progress: (FitProgress) -> Bool
  ) throws {
    let found =
      try known
      ?? model.kind.family.heldOutPredictions(of: model, training: training, on: context, progress: progress)
    let predictions =
      found.images.isEmpty
      ? nil
      : try Predictions(
        probabilities: found.probabilities, labels: found.images.map { training.labels[$0] },
        classCount: model.classCount)
    self.init(predictions, source: found.source, trainingCount: training.count)
  }
}

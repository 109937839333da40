package import Compute
package import Datasets
package import Models
package import Progress

/// The explanation of a model of any kind.
package enum ModelExplanation: Sendable, Equatable, Codable {
  case network(NetworkExplanation)
  case forest(ForestModelExplanation)
  case tree(TreeModelExplanation)
  case neighbors(NeighborsModelExplanation)

  /// The models that ``make(_:of:settings:on:progress:)`` explains, for messages.
  package static let explainedModels = "networks with convolutions, forests, trees and nearest neighbors"

  /// - Parameters:
  ///   - dataset: the data set with the test images to explain the model on; there may be none
  ///   - test: the model's predictions for all test images, if they are known
  ///   - progress: receives the progress; returns false to stop
  /// - Returns: nil if there are none: for other families, and for networks without convolutions
  /// - Throws: ``ModelError/badSettings(_:)`` if a setting or the data set does not match the model;
  ///   ``EvaluationError`` if the model returns invalid probabilities; `CancellationError` if stopped.
  package static func make(
    _ classifier: any Classifier, of dataset: Dataset, settings: ExplanationSettings = ExplanationSettings(),
    test: Predictions? = nil, on context: ComputeContext, progress: (FitProgress) -> Bool = { _ in true }
  ) throws -> ModelExplanation? {
    switch classifier {
    case let model as Network where model.blockCount > 0:
      .network(
        try NetworkExplanation(model, of: dataset, settings: settings, test: test, on: context, progress: progress))
    case let model as Forest:
      .forest(
        try ForestModelExplanation(model, of: dataset, settings: settings, test: test, on: context, progress: progress))
    case let model as DecisionTree:
      .tree(
        try TreeModelExplanation(model, of: dataset, settings: settings, test: test, on: context, progress: progress))
    case let model as NearestNeighbors:
      .neighbors(
        try NeighborsModelExplanation(
          model, of: dataset, settings: settings, test: test, on: context, progress: progress))
    default: nil
    }
  }
}

package import Compute
package import Datasets
package import Models

/// Why a model says what it says, for any kind of model.
package enum ModelExplanation: Sendable, Equatable, Codable {
  case network(NetworkExplanation)
  case forest(ForestModelExplanation)
  case tree(TreeModelExplanation)
  case neighbors(NeighborsModelExplanation)

  /// - Parameters:
  ///   - dataset: whose test images the model is explained on; there may be none.
  ///   - progress: told how far the work is; returns false to stop early.
  /// - Throws: ``ModelError/badSettings(_:)`` if a setting or the data set does not fit the model; ``EvaluationError`` if the model
  ///   gives no probabilities; `CancellationError` if stopped.
  package static func make(
    _ classifier: any Classifier, of dataset: Dataset, settings: ExplanationSettings = ExplanationSettings(),
    on context: ComputeContext, progress: (FitProgress) -> Bool = { _ in true }
  ) throws -> ModelExplanation {
    switch classifier {
    case let model as Network:
      .network(try NetworkExplanation(model, of: dataset, settings: settings, on: context, progress: progress))
    case let model as Forest:
      .forest(try ForestModelExplanation(model, of: dataset, settings: settings, on: context, progress: progress))
    case let model as DecisionTree:
      .tree(try TreeModelExplanation(model, of: dataset, settings: settings, on: context, progress: progress))
    case let model as NearestNeighbors:
      .neighbors(
        try NeighborsModelExplanation(model, of: dataset, settings: settings, on: context, progress: progress))
    default: throw ModelError.badSettings("models of the kind \(type(of: classifier).kind.rawValue) are not explained")
    }
  }
}

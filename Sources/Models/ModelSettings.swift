package import Compute
package import Datasets

/// A model to fit: its kind, and all that its fit depends on beside the images.
package enum ModelSettings: Sendable, Equatable {
  case cnn(NetworkSettings)
  case forest(ForestSettings)
  case tree(TreeSettings)
  case knn(NeighborsSettings)

  package var kind: ModelKind {
    switch self {
    case .cnn: .cnn
    case .forest: .forest
    case .tree: .tree
    case .knn: .knn
    }
  }

  /// By the names of the command line's options.
  package var text: [String: String] {
    switch self {
    case .cnn(let settings): settings.text
    case .forest(let settings): settings.text
    case .tree(let settings): settings.text
    case .knn(let settings): settings.text
    }
  }

  /// - Parameter progress: told how far the fit is; returns false to stop early.
  /// - Throws: ``ModelError/badSettings(_:)``; `CancellationError` if stopped.
  package func fit(
    _ images: LabeledImages, classCount: Int, on context: ComputeContext, progress: (FitProgress) -> Bool
  ) throws -> any Classifier {
    switch self {
    case .cnn(let settings):
      try Network.fit(images, classCount: classCount, settings: settings, on: context, progress: progress)
    case .forest(let settings):
      try Forest.fit(images, classCount: classCount, settings: settings, on: context, progress: progress)
    case .tree(let settings):
      try DecisionTree.fit(images, classCount: classCount, settings: settings, on: context, progress: progress)
    case .knn(let settings):
      try NearestNeighbors.fit(images, classCount: classCount, settings: settings, on: context, progress: progress)
    }
  }
}

package import Compute
package import Datasets

/// The kind of a model to fit, and everything that the fit depends on besides the images.
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

  /// The settings as text, by the names of the command-line options.
  package var text: [String: String] {
    switch self {
    case .cnn(let settings): settings.text
    case .forest(let settings): settings.text
    case .tree(let settings): settings.text
    case .knn(let settings): settings.text
    }
  }

  /// Checks the values that do not depend on the images.
  ///
  /// - Throws: ``ModelError/badSettings(_:)`` for the first invalid setting.
  package func check() throws(ModelError) {
    switch self {
    case .cnn(let settings): try settings.validate()
    case .forest(let settings): try settings.check()
    case .tree(let settings): try settings.check()
    case .knn(let settings): try settings.check()
    }
  }

  /// Fits the model.
  ///
  /// - Parameter progress: called with the progress of the fit; returns false to stop
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

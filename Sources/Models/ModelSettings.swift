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

  /// Reads settings. Those that are missing have their defaults.
  ///
  /// - Parameter text: the values by name
  /// - Throws: ``ModelError/badSettings(_:)``, which says what is allowed.
  package init(_ kind: ModelKind, _ text: [String: String]) throws(ModelError) {
    switch kind {
    case .cnn: self = .cnn(try NetworkSettings(text))
    case .forest: self = .forest(try ForestSettings(text))
    case .tree: self = .tree(try TreeSettings(text))
    case .knn: self = .knn(try NeighborsSettings(text))
    }
  }

  private var family: any FamilySettings {
    switch self {
    case .cnn(let settings): settings
    case .forest(let settings): settings
    case .tree(let settings): settings
    case .knn(let settings): settings
    }
  }

  /// The settings as text, by name.
  package var text: [String: String] { family.text }

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

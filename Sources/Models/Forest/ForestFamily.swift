package import Compute
package import Datasets

extension ModelKind {
  package static let forest = ModelKind("forest")
}

extension ModelSettings {
  package static func forest(_ settings: ForestSettings) -> ModelSettings { ModelSettings(.forest, settings) }
}

/// Random forests.
package enum ForestFamily: TreeEnsembleFamily {
  package typealias Settings = ForestSettings

  package static let kind = ModelKind.forest
  package static let title = "Random forest"
  package static let noun = "a random forest"
  package static let discussion = """
    The parameters and defaults are those of scikit-learn's RandomForestClassifier.

    Example:  atelier train forest --trees 300 --max-depth 20
    """
  package static let searchExample = "--trees 100,200,300 --max-depth 10,20,none"

  package static var reference: ReferenceModel? {
    var settings = ForestSettings()
    settings.trees = 300
    return ReferenceModel(settings: .forest(settings), accuracy: 0.8685, knownDigest: "3ac3d7dd32e7c8c7")
  }

  package static func forest(_ settings: ForestSettings) -> ForestSettings { settings }

  package static func model(
    tensors: [Tensor], settings: [String: String], imageShape: ImageShape, classCount: Int
  ) throws(ModelError) -> Forest {
    try Forest(
      tensors: tensors, kind: kind, settings: try ForestSettings(saved: settings), imageShape: imageShape,
      classCount: classCount)
  }
}

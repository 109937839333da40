package import Compute
package import Datasets

/// Extremely randomized trees: forests whose nodes are split by the best of one random cut for each candidate feature.
package enum ExtraTreesFamily: TreeEnsembleFamily {
  package typealias Settings = ExtraTreesSettings

  package static let kind = ModelKind("extra-trees")
  package static let title = "Extra trees"
  package static let noun = "a forest of extremely randomized trees"
  package static let discussion = """
    Nodes are split by random thresholds, which makes the trees faster to grow and more different than those of a \
    random forest. The parameters and defaults are those of scikit-learn's ExtraTreesClassifier.

    Example:  atelier train extra-trees --trees 300
    """
  package static let searchExample = "--trees 100,300 --max-features sqrt,0.1"

  package static func forest(_ settings: ExtraTreesSettings) -> ForestSettings { settings.forest }

  package static func model(
    tensors: [Tensor], settings: [String: String], imageShape: ImageShape, classCount: Int
  ) throws(ModelError) -> Forest {
    try Forest(
      tensors: tensors, kind: kind, settings: try ExtraTreesSettings(saved: settings).forest, imageShape: imageShape,
      classCount: classCount)
  }
}

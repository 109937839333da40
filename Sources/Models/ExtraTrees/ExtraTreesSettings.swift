/// Settings of extremely randomized trees (Geurts, Ernst and Wehenkel, 2006): parameters of scikit-learn's
/// `ExtraTreesClassifier`, with its defaults.
package struct ExtraTreesSettings: FamilySettings {
  /// The forest that these trees form. ``Forest`` fits it.
  package var forest = ForestSettings()

  package init() {
    forest.bootstrap = false
    forest.tree.splitter = .random
  }

  package static let schema: [Setting<ExtraTreesSettings>] = ForestSettings.schema.map { $0.nested(at: \.forest) }
}

/// Settings of a random forest: parameters of scikit-learn's `RandomForestClassifier`, with its defaults.
package struct ForestSettings: FamilySettings {
  package var trees = 100
  /// Whether each tree sees a sample, with replacement, of as many images as there are; otherwise, it sees each image
  /// once.
  package var bootstrap = true
  /// Settings of each tree. Their seed is the forest's.
  package var tree = TreeSettings()

  package init() { tree.maxFeatures = .sqrt }

  package static let schema: [Setting<ForestSettings>] =
    [
      .integer("trees", \.trees, in: 1...100_000, help: "Number of trees").asResource(),
      .flag(
        "bootstrap", \.bootstrap, help: "Whether to fit each tree on a sample of the images, drawn with replacement"),
    ] + TreeSettings.schema.map { $0.nested(at: \.tree) }
}

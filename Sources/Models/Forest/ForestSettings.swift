/// Settings of a random forest: parameters of scikit-learn's `RandomForestClassifier`, with its defaults.
package struct ForestSettings: Sendable, Equatable {
  package var trees = 100
  /// Whether each tree sees a sample, with replacement, of as many images as there are; otherwise, it sees each image
  /// once.
  package var bootstrap = true
  /// Settings of each tree. Their seed is the forest's.
  package var tree = TreeSettings()

  package init() { tree.maxFeatures = .sqrt }

  /// Parses and checks settings. Those that are missing get their defaults.
  ///
  /// - Parameter text: values by the names of the command-line options
  /// - Throws: ``ModelError/badSettings(_:)``, which says what is allowed.
  package init(_ text: [String: String]) throws(ModelError) {
    var reader = SettingsReader(text, of: "a forest")
    trees = try reader.integer("trees", default: 100, from: 1, to: 100_000)
    bootstrap = try reader.value("bootstrap", default: true, allowed: "true or false", Bool.init)
    tree = try TreeSettings(&reader, maxFeatures: .sqrt)
    try reader.finish()
  }

  package var text: [String: String] {
    tree.text.merging(["trees": String(trees), "bootstrap": String(bootstrap)]) { _, new in new }
  }

  /// Checks all values.
  ///
  /// - Throws: ``ModelError/badSettings(_:)`` for a value that ``init(_:)`` does not accept.
  package func check() throws(ModelError) { _ = try ForestSettings(text) }
}

/// How a forest grows: the parameters of scikit-learn's `RandomForestClassifier`, with its defaults.
package struct ForestSettings: Sendable, Equatable {
  package var trees = 100
  /// Whether each tree sees as many images as there are, drawn with replacement, or each image once.
  package var bootstrap = true
  /// How each tree grows. Its seed is the forest's.
  package var tree = TreeSettings()

  package init() { tree.maxFeatures = .sqrt }

  /// The settings in `text`, checked; defaults for those that are missing.
  ///
  /// - Parameter text: by the command line's option names.
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

  /// - Throws: ``ModelError/badSettings(_:)`` for values that the parser would not let through.
  package func check() throws(ModelError) { _ = try ForestSettings(text) }
}

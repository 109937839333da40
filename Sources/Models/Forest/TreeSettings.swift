internal import Foundation

/// How trees grow: the parameters of scikit-learn's `DecisionTreeClassifier`, with its defaults.
package struct TreeSettings: Sendable, Equatable {
  /// What a split must reduce most.
  package enum Criterion: String, Sendable, CaseIterable, Codable {
    case gini, entropy
  }

  package var criterion = Criterion.gini
  /// Splits between the root and a leaf; nil for no limit.
  package var maxDepth: Int?
  /// How many features are drawn at each node. As in scikit-learn, more are drawn only while all drawn so far are
  /// constant in the node.
  package var maxFeatures = MaxFeatures.all
  /// A node with fewer distinct images becomes a leaf.
  package var minSamplesSplit = 2
  /// A split must leave so many distinct images on each side.
  package var minSamplesLeaf = 1
  package var seed: UInt64 = 0

  package init() {}

  /// The settings among `text` that are a tree's, checked; defaults for those that are missing.
  ///
  /// - Parameter text: by the command line's option names.
  /// - Throws: ``ModelError/badSettings(_:)``, which says what is allowed.
  package init(_ text: [String: String]) throws(ModelError) {
    var reader = SettingsReader(text, of: "a decision tree")
    try self.init(&reader)
    try reader.finish()
  }

  package var text: [String: String] {
    [
      "criterion": criterion.rawValue, "max-depth": maxDepth.map(String.init) ?? "none",
      "max-features": maxFeatures.description, "min-samples-split": String(minSamplesSplit),
      "min-samples-leaf": String(minSamplesLeaf), "seed": String(seed),
    ]
  }

  init(_ reader: inout SettingsReader, maxFeatures: MaxFeatures = .all) throws(ModelError) {
    criterion = try reader.value("criterion", default: .gini, allowed: "gini or entropy", Criterion.init)
    maxDepth = try reader.value("max-depth", default: nil, allowed: "none or an integer from 1") { text in
      if text == "none" { return .some(nil) }
      guard let depth = Int(text), depth >= 1 else { return nil }
      return depth
    }
    self.maxFeatures = try reader.value(
      "max-features", default: maxFeatures, allowed: "sqrt, log2, all or a fraction above 0 and up to 1",
      MaxFeatures.init)
    minSamplesSplit = try reader.integer("min-samples-split", default: 2, from: 2)
    minSamplesLeaf = try reader.integer("min-samples-leaf", default: 1, from: 1)
    seed = try reader.value("seed", default: 0, allowed: "an integer from 0 to 2^64 - 1") { UInt64($0) }
  }

  /// - Throws: ``ModelError/badSettings(_:)`` for values that the parser would not let through.
  package func check() throws(ModelError) { _ = try TreeSettings(text) }
}

/// How many features a node looks at.
package enum MaxFeatures: Sendable, Equatable, LosslessStringConvertible {
  case sqrt, log2, all
  case fraction(Double)

  package init?(_ text: String) {
    switch text {
    case "sqrt": self = .sqrt
    case "log2": self = .log2
    case "all": self = .all
    default:
      guard let fraction = Double(text), fraction > 0, fraction <= 1 else { return nil }
      self = .fraction(fraction)
    }
  }

  package var description: String {
    switch self {
    case .sqrt: "sqrt"
    case .log2: "log2"
    case .all: "all"
    case .fraction(let fraction): String(fraction)
    }
  }

  /// Their number, of `featureCount`; rounded down, and at least 1.
  package func count(of featureCount: Int) -> Int {
    let count =
      switch self {
      case .sqrt: Int(Double(featureCount).squareRoot())
      case .log2: Int.bitWidth - 1 - max(featureCount, 1).leadingZeroBitCount
      case .all: featureCount
      case .fraction(let fraction): Int(fraction * Double(featureCount))
      }
    return min(max(count, 1), featureCount)
  }
}

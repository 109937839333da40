internal import Foundation

/// Settings of a decision tree: parameters of scikit-learn's `DecisionTreeClassifier`, with its defaults.
package struct TreeSettings: Sendable, Equatable {
  /// The impurity that splits minimize.
  package enum Criterion: String, Sendable, CaseIterable, Codable {
    case gini, entropy
  }

  package var criterion = Criterion.gini
  /// The maximum number of splits between the root and a leaf; nil for no limit.
  package var maxDepth: Int?
  /// The number of features sampled at each node. As in scikit-learn, more are sampled only while all of them are
  /// constant in the node.
  package var maxFeatures = MaxFeatures.all
  /// The minimum number of distinct images in a node that splits.
  package var minSamplesSplit = 2
  /// The minimum number of distinct images on each side of a split.
  package var minSamplesLeaf = 1
  package var seed: UInt64 = 0

  package init() {}

  /// Parses and checks settings. Those that are missing get their defaults.
  ///
  /// - Parameter text: values by the names of the command-line options
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

  /// Checks all values.
  ///
  /// - Throws: ``ModelError/badSettings(_:)`` for a value that ``init(_:)`` does not accept.
  package func check() throws(ModelError) { _ = try TreeSettings(text) }
}

/// The number of features searched at a node.
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

  /// Returns the number of features out of `featureCount`, rounded down, at least 1.
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

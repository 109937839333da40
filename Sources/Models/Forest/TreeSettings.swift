/// Settings of a decision tree: parameters of scikit-learn's `DecisionTreeClassifier`, with its defaults.
package struct TreeSettings: FamilySettings {
  /// The impurity that splits minimize.
  package enum Criterion: String, Sendable, CaseIterable, Codable {
    case gini, entropy
  }

  /// How a node is split.
  package enum Splitter: Sendable {
    /// By the best cut of the candidate features.
    case best
    /// By the best of one random cut for each candidate feature (Geurts, Ernst and Wehenkel, "Extremely randomized
    /// trees", 2006).
    case random
  }

  package var criterion = Criterion.gini
  /// Not in the schema: the family of the model determines it.
  package var splitter = Splitter.best
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

  package static let schema: [Setting<TreeSettings>] = [
    .choice("criterion", \.criterion, help: "Split criterion"),
    .integer("max-depth", \.maxDepth, in: 1...(.max), help: "Maximum depth of a tree, in splits").counted(in: "splits"),
    Setting(
      "max-features", \.maxFeatures,
      SettingValues(
        kind: .real, allowed: "sqrt, log2, all or a fraction above 0 and up to 1", placeholder: "sqrt|log2|all|fraction"
      ),
      help: "Pixels considered for each split: sqrt, log2, all, or a fraction", parse: { MaxFeatures($0) },
      text: { $0.description }),
    .integer(
      "min-samples-split", \.minSamplesSplit, in: 2...(.max), help: "Minimum number of images in a node to split it"
    )
    .counted(in: "images"),
    .integer(
      "min-samples-leaf", \.minSamplesLeaf, in: 1...(.max), help: "Minimum number of images on each side of a split"
    )
    .counted(in: "images"),
    .seed(\.seed),
  ]
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

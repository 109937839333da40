package import Evaluation

/// Sentences built from the numbers of a run. A function returns a sentence only if the data support it, as its comment
/// defines; otherwise nil, or a sentence that states the reason.
package enum Statements {
  /// Fractions with a wider 95 % interval are not stated.
  static let maxIntervalWidth = 0.1
  /// Means over fewer images are not stated: their intervals rely on many values.
  static let minImages = 30
  /// The significance level.
  package static let significance = 0.05
}

extension ProportionInterval {
  /// Whether the interval is narrow enough for a statement.
  package var isNarrow: Bool { upper - lower <= Statements.maxIntervalWidth }
}

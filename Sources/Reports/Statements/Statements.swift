package import Evaluation

/// Sentences that are built from the numbers of a run. Each function gives a sentence only where the data support it, which its
/// comment defines; otherwise nothing, or a sentence that says why not.
package enum Statements {
  /// A share is put into a sentence only if its 95 % interval is at most so wide: what could as well be 70 as 90 % is no finding.
  package static let widestInterval = 0.1
  /// A mean over fewer images is put into no sentence: its interval relies on many.
  package static let leastImages = 30
  /// A difference is one if chance alone would give it less often than this.
  package static let significance = 0.05
}

extension ProportionInterval {
  /// Whether it is narrow enough to be put into a sentence.
  package var isStated: Bool { upper - lower <= Statements.widestInterval }
}

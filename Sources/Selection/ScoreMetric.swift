package import Evaluation

/// The metrics that configurations can be ranked by, with scikit-learn's names. Higher is better.
package enum ScoreMetric: String, Sendable, Codable, CaseIterable {
  case accuracy
  case balancedAccuracy = "balanced_accuracy"
  case macroF1 = "f1_macro"
  case negativeLogLoss = "neg_log_loss"

  /// The version of the metrics' definitions, incremented when one changes, so that no table mixes scores of different
  /// definitions.
  static let definitionsVersion = 2

  /// Returns the score of an evaluation. The log loss is negated, so that higher is better.
  package func score(_ evaluation: Evaluation) -> Double {
    switch self {
    case .accuracy: evaluation.accuracy
    case .balancedAccuracy: evaluation.balancedAccuracy
    case .macroF1: evaluation.macroAverage.f1
    case .negativeLogLoss: -evaluation.logLoss
    }
  }
}

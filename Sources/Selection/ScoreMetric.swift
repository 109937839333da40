package import Evaluation

/// What configurations are ranked by, under scikit-learn's names; of each, more is better.
package enum ScoreMetric: String, Sendable, Codable, CaseIterable {
  case accuracy
  case balancedAccuracy = "balanced_accuracy"
  case macroF1 = "f1_macro"
  case negativeLogLoss = "neg_log_loss"

  /// Scores that were computed by other definitions do not belong into one table: increased whenever one changes.
  static let definitionsVersion = 2

  /// More is better: the logarithmic loss, in nats for an image, is negative.
  package func score(_ evaluation: Evaluation) -> Double {
    switch self {
    case .accuracy: evaluation.accuracy
    case .balancedAccuracy: evaluation.balancedAccuracy
    case .macroF1: evaluation.macroAverage.f1
    case .negativeLogLoss: -evaluation.logLoss
    }
  }
}

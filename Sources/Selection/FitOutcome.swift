/// What came of one configuration on one split.
package struct FitOutcome: Sendable, Equatable, Codable {
  /// By metric.
  package let scores: [String: Double]
  /// Why there are no scores.
  package let failure: String?

  package init(scores: [String: Double]) { (self.scores, failure) = (scores, nil) }
  package init(failure: String) { (scores, self.failure) = ([:], failure) }
}

/// How long one configuration took on one split: its share of what it had in common with others. Differs from run to run.
package struct FitTime: Sendable, Equatable, Codable {
  package let fitSeconds: Double
  package let scoreSeconds: Double

  package init(fitSeconds: Double, scoreSeconds: Double) {
    (self.fitSeconds, self.scoreSeconds) = (fitSeconds, scoreSeconds)
  }
}

internal import Evaluation

/// What came of one configuration on one split.
package struct FitOutcome: Sendable, Equatable, Codable {
  /// By metric.
  package let scores: [String: Double]
  /// Why there are no scores.
  package let failure: String?

  /// - Parameter scores: by metric; more is better
  package init(scores: [String: Double]) { (self.scores, failure) = (scores, nil) }
  /// - Parameter failure: why there are no scores, for people
  package init(failure: String) { (scores, self.failure) = ([:], failure) }

  /// - Parameter probabilities: (images, classes)
  package init(probabilities: [Float], labels: [UInt8], classCount: Int) {
    guard !labels.isEmpty else {
      self.init(failure: "this split leaves no image to judge by")
      return
    }
    do {
      let evaluation = try Evaluation(
        probabilities: probabilities, labels: labels, classNames: (0..<classCount).map(String.init))
      self.init(
        scores: Dictionary(uniqueKeysWithValues: ScoreMetric.allCases.map { ($0.rawValue, $0.score(evaluation)) }))
    } catch {
      self.init(failure: "\(error)")
    }
  }
}

/// How long one configuration took on one split: its share of what it had in common with others. Differs from run to run.
package struct FitTime: Sendable, Equatable, Codable {
  package let fitSeconds: Double
  package let scoreSeconds: Double

  package init(fitSeconds: Double, scoreSeconds: Double) {
    (self.fitSeconds, self.scoreSeconds) = (fitSeconds, scoreSeconds)
  }
}

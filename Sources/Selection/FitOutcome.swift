internal import Evaluation

/// The result of one configuration on one split.
package struct FitOutcome: Sendable, Equatable, Codable {
  /// Scores by metric.
  package let scores: [String: Double]
  /// The reason why there are no scores.
  package let failure: String?

  /// - Parameter scores: by metric; more is better
  package init(scores: [String: Double]) { (self.scores, failure) = (scores, nil) }
  /// - Parameter failure: the reason why there are no scores, shown to the user
  package init(failure: String) { (scores, self.failure) = ([:], failure) }

  /// - Parameter probabilities: (images, classes)
  package init(probabilities: [Float], labels: [UInt8], classCount: Int) {
    guard !labels.isEmpty else {
      self.init(failure: "this split has no test images")
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

/// The time of one configuration on one split; the time of a shared fit is divided equally. Varies from run to run.
package struct FitTime: Sendable, Equatable, Codable {
  package let fitSeconds: Double
  package let scoreSeconds: Double

  package init(fitSeconds: Double, scoreSeconds: Double) {
    (self.fitSeconds, self.scoreSeconds) = (fitSeconds, scoreSeconds)
  }
}

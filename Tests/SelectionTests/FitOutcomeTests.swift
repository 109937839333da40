import Selection
import Testing

/// Scores determine the winners of searches, so a class without test images must not lower them.
@Suite struct FitOutcomeTests {
  private func scores(_ predictions: [UInt8], _ labels: [UInt8], classCount: Int) -> [String: Double] {
    let probabilities = predictions.flatMap { label in (0..<classCount).map { $0 == Int(label) ? Float(1) : 0 } }
    return FitOutcome(probabilities: probabilities, labels: labels, classCount: classCount).scores
  }

  @Test func perfectFitHasPerfectScoresDespiteAbsentClasses() {
    let found = scores([1, 2, 3, 4, 1], [1, 2, 3, 4, 1], classCount: 6)
    #expect(found == ["accuracy": 1, "balanced_accuracy": 1, "f1_macro": 1, "neg_log_loss": 0])
  }

  /// Of classes 0 to 3, 0 is absent and 3 is only predicted, so 3 affects F1 but not balanced accuracy.
  @Test func classThatIsOnlyPredictedAffectsF1() throws {
    let found = scores([1, 3, 2, 2], [1, 1, 2, 2], classCount: 4)
    #expect(found["balanced_accuracy"] == 0.75)
    let f1 = try #require(found["f1_macro"])
    let expected = (2.0 / 3 + 1 + 0) / 3
    #expect(abs(f1 - expected) < 1e-12)
  }

  @Test func hasNoScoreWithoutTestImages() {
    let outcome = FitOutcome(probabilities: [], labels: [], classCount: 3)
    #expect(outcome.scores.isEmpty && outcome.failure != nil)
  }
}

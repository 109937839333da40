import Evaluation
import Testing

@Suite struct ClassIntervalsTests {
  /// A class with 8 of 10 images found among 12 predicted, an absent class, and one for the rest.
  private let confusion = ConfusionMatrix(
    labels: Array(repeating: 0, count: 10) + Array(repeating: 2, count: 30),
    predictions: Array(repeating: 0, count: 8) + [2, 2] + Array(repeating: 0, count: 4)
      + Array(repeating: 2, count: 26), classCount: 3)

  @Test func fractionsEqualClassMeasures() {
    for measured in ClassIntervals.all(confusion) {
      let measures = ClassMeasures(confusion, label: measured.label)
      #expect(measured.precision.fraction == measures.precision && measured.recall.fraction == measures.recall)
      #expect(abs(measured.f1 - measures.f1) < 1e-15)
      #expect(measured.f1Interval.contains(measured.f1))
    }
  }

  @Test func f1IntervalFollowsFromJaccardIndex() {
    let measured = ClassIntervals(confusion, label: 0)
    // 8 of the 14 images that are of the class or predicted to be; F1 = 16 / 22.
    let jaccard = ProportionInterval(8, of: 14)
    #expect(abs(measured.f1 - 16.0 / 22) < 1e-15)
    #expect(measured.f1Interval.lowerBound == 2 * jaccard.lower / (1 + jaccard.lower))
    #expect(measured.f1Interval.upperBound == 2 * jaccard.upper / (1 + jaccard.upper))
  }

  @Test func absentClassHasFullInterval() {
    let measured = ClassIntervals(confusion, label: 1)
    #expect(measured.f1Interval == 0...1 && measured.recall.count == 0 && measured.precision.count == 0)
  }
}

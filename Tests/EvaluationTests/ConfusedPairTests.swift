import Evaluation
import Testing

@Suite struct ConfusedPairTests {
  /// Images of class 0, except for the last three; the first two are predicted to be of class 1, the second with more
  /// confidence.
  private func predictions() throws -> Predictions {
    try Predictions(
      probabilities: [
        0.3, 0.6, 0.1, 0.1, 0.8, 0.1, 0.7, 0.2, 0.1, 0.9, 0.1, 0, 0.2, 0.1, 0.7, 0.4, 0.5, 0.1, 0.2, 0.1, 0.7, 0.6, 0.3,
        0.1,
      ], labels: [0, 0, 0, 0, 0, 1, 1, 1], classCount: 3)
  }

  @Test func ordersPairsByFrequencyAndImagesByConfidence() throws {
    let pairs = ConfusedPair.mostFrequent(in: try predictions())
    #expect(pairs.map { [$0.truth, $0.prediction] } == [[0, 1], [0, 2], [1, 0], [1, 2]])
    #expect(pairs.map(\.count) == [2, 1, 1, 1])
    #expect(pairs.map(\.examples) == [[1, 0], [4], [7], [6]])
    #expect(pairs[0].fraction == ProportionInterval(2, of: 5))
    #expect(try throughJSON(pairs) == pairs)
  }

  @Test func respectsLimits() throws {
    let pairs = ConfusedPair.mostFrequent(in: try predictions(), limit: 2, examples: 1)
    #expect(pairs.map(\.examples) == [[1], [4]])
  }

  @Test func findsCorrectAndIncorrectImageOfEachClass() throws {
    let examples = ExampleImages(of: try predictions(), errors: 3)
    #expect(examples.classes.map(\.right) == [3, 5, nil])
    #expect(examples.classes.map(\.wrong) == [1, 6, nil])
    // Images 4 and 6 have equal confidence, so the lower index is chosen.
    #expect(examples.confidentErrors == [1, 4, 6])
    #expect(try throughJSON(examples) == examples)
  }
}

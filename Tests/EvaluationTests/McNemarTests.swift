import Evaluation
import Testing

@Suite struct McNemarTests {
  /// A sum of a few thousand terms, each rounded once.
  @Test func pValuesMatchSciPy() throws {
    for expected in try MetricsFixture.load().mcnemar {
      for pValue in [
        McNemarTest.pValue(expected.first, expected.second), McNemarTest.pValue(expected.second, expected.first),
      ] { #expect(abs(pValue - expected.pValue) <= 1e-11 * expected.pValue) }
    }
  }

  @Test func pValueIsOneWithoutDiscordantImages() { #expect(McNemarTest.pValue(0, 0) == 1) }

  @Test func pValuesOfFewImagesMatchEnumeration() {
    #expect(abs(McNemarTest.pValue(0, 5) - 2.0 / 32) < 1e-15)
    #expect(abs(McNemarTest.pValue(1, 4) - 2 * 6.0 / 32) < 1e-15)
    #expect(McNemarTest.pValue(2, 2) == 1)
  }

  @Test func countsImagesByCorrectness() throws {
    let first = try decided([(0, 0), (1, 1), (0, 1), (1, 0), (1, 1)], classCount: 2)
    let second = try decided([(0, 0), (1, 0), (0, 0), (1, 0), (1, 0)], classCount: 2)
    let test = McNemarTest(first, second)
    #expect([test.bothCorrect, test.onlyFirstCorrect, test.onlySecondCorrect, test.bothIncorrect] == [1, 2, 1, 1])
    #expect(test.pValue == 1)
    #expect(try throughJSON(test) == test)
  }

  /// R: p.adjust(c(0.01, 0.04, 0.03, 0.005), "holm") gives 0.03 0.06 0.06 0.02.
  @Test func holmCorrectionMatchesR() {
    let adjusted = McNemarTests.rounded(ModelComparison.holm([0.01, 0.04, 0.03, 0.005]))
    #expect(adjusted == [0.03, 0.06, 0.06, 0.02])
    #expect(ModelComparison.holm([0.5, 0.9, 0.8]) == [1, 1, 1])
    #expect(ModelComparison.holm([]).isEmpty)
  }

  private static func rounded(_ values: [Double]) -> [Double] { values.map { ($0 * 1e12).rounded() / 1e12 } }

  @Test func comparesEveryPairWithCorrection() throws {
    let truth = (0..<40).map { $0 % 2 }
    let models = try [0, 10, 30].map { wrong in
      try decided(truth.enumerated().map { ($1, $0 < wrong ? 1 - $1 : $1) }, classCount: 2)
    }
    let pairs = ModelComparison.pairs(of: models)
    #expect(pairs.map { [$0.first, $0.second] } == [[0, 1], [0, 2], [1, 2]])
    #expect(
      pairs.map(\.test.pValue) == [McNemarTest.pValue(10, 0), McNemarTest.pValue(30, 0), McNemarTest.pValue(20, 0)])
    #expect(
      pairs.map(\.adjustedPValue) == [
        McNemarTest.pValue(10, 0), 3 * McNemarTest.pValue(30, 0), 2 * McNemarTest.pValue(20, 0),
      ])
  }
}

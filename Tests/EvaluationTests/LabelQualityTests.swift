import Evaluation
import Testing

@Suite struct LabelQualityTests {
  /// cleanlab computes in float64.
  private let tolerance = 1e-6

  @Test func matchesCleanlab() throws {
    let fixture = try MetricsFixture.load()
    let found = LabelQuality(outOfFold: try fixture.predictions())
    #expect(found.confidentJoint == fixture.labelQuality.confidentJoint)
    for (threshold, expected) in zip(found.thresholds, fixture.labelQuality.thresholds) {
      #expect(abs(try #require(threshold) - expected) < 1e-12)
    }
    let byImage = found.candidates.sorted { $0.image < $1.image }
    #expect(byImage.map(\.image) == fixture.labelQuality.candidates.map(\.image))
    for (candidate, expected) in zip(byImage, fixture.labelQuality.candidates) {
      #expect(abs(Double(candidate.selfConfidence) - expected.selfConfidence) < tolerance)
      #expect(abs(Double(candidate.normalizedMargin) - expected.normalizedMargin) < tolerance)
    }
  }

  @Test func mostSuspiciousIsFirst() throws {
    let predictions = try MetricsFixture.load().predictions()
    let byMargin = LabelQuality(outOfFold: predictions).candidates.map(\.normalizedMargin)
    let byConfidence = LabelQuality(outOfFold: predictions, rankedBy: .selfConfidence).candidates.map(\.selfConfidence)
    #expect(byMargin == byMargin.sorted() && byConfidence == byConfidence.sorted())
  }

  @Test func candidatesAreOffTheDiagonal() throws {
    let found = LabelQuality(outOfFold: try MetricsFixture.load().predictions())
    for label in 0..<4 {
      for suggested in 0..<4 where suggested != label {
        let count = found.candidates.count { $0.label == label && $0.suggested == suggested }
        #expect(count == found.confidentJoint[label][suggested])
      }
    }
  }

  /// Thresholds 0.7 and 0.5: the second image is confidently of class b, the last of no class; class c has no images.
  @Test func thresholdsAreClassSpecific() throws {
    let predictions = try Predictions(
      probabilities: [0.9, 0.1, 0, 0.5, 0.5, 0, 0.25, 0.75, 0, 0.5, 0.25, 0.25], labels: [0, 0, 1, 1], classCount: 3)
    let found = LabelQuality(outOfFold: predictions)
    #expect(found.thresholds == [Double(Float(0.9) + 0.5) / 2, 0.5, nil])
    #expect(found.confidentJoint == [[1, 1, 0], [0, 1, 0], [0, 0, 0]])
    #expect(found.candidates.map(\.image) == [1] && found.candidates.map(\.suggested) == [1])
    #expect(try throughJSON(found) == found)
  }

  @Test func certainModelHasNoCandidates() throws {
    #expect(LabelQuality(outOfFold: try decided([(0, 0), (1, 1), (2, 2)], classCount: 3)).candidates.isEmpty)
    #expect(LabelQuality(outOfFold: try decided([(0, 0), (0, 0)], classCount: 1)).candidates.isEmpty)
    #expect(LabelQuality(outOfFold: try decided([], classCount: 2)).candidates.isEmpty)
  }
}

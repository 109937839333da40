import Evaluation
import Testing

@Suite struct CalibrationTests {
  @Test func binsMatchNumPy() throws {
    let fixture = try MetricsFixture.load()
    let diagram = ReliabilityDiagram(try fixture.predictions())
    #expect(diagram.bins.map(\.accuracy.count) == fixture.reliability.map(\.count))
    #expect(diagram.bins.map(\.accuracy.successes) == fixture.reliability.map(\.right))
    for (bin, expected) in zip(diagram.bins, fixture.reliability) {
      #expect(abs(bin.meanConfidence - expected.meanConfidence) < 1e-12)
    }
    #expect(diagram.bins.first?.lower == 0 && diagram.bins.last?.upper == 1)
  }

  @Test func calibrationErrorEqualsEvaluation() throws {
    let fixture = try MetricsFixture.load()
    let evaluation = try Evaluation(
      probabilities: fixture.probabilities, labels: fixture.labels, classNames: ["a", "b", "c", "d"])
    #expect(
      ReliabilityDiagram(try fixture.predictions()).expectedCalibrationError == evaluation.expectedCalibrationError)
  }

  /// SciPy's search stops at about the square root of the machine precision.
  @Test func temperatureMatchesSciPy() throws {
    let fixture = try MetricsFixture.load()
    let predictions = try fixture.predictions()
    let scaling = try #require(TemperatureScaling(fittedOn: predictions))
    #expect(abs(scaling.temperature - fixture.temperature.temperature) < 1e-6)
    #expect(abs(scaling.logLossBefore - fixture.temperature.before) < 1e-12)
    #expect(abs(scaling.logLossAfter - fixture.temperature.after) < 1e-12)
    let scaled = scaling.applied(to: predictions)
    for (value, expected) in zip(scaled.probabilities, fixture.temperature.scaled) {
      #expect(abs(Double(value) - expected) < 1e-6)
    }
    #expect(scaled.labels == predictions.labels && scaling.images == predictions.count)
  }

  @Test func scalingPreservesPredictions() throws {
    let predictions = try MetricsFixture.load().predictions()
    let scaling = try #require(TemperatureScaling(fittedOn: predictions))
    #expect(scaling.applied(to: predictions).predicted == predictions.predicted)
  }

  @Test func scalingIsIdempotent() throws {
    let predictions = try MetricsFixture.load().predictions()
    let scaled = try #require(TemperatureScaling(fittedOn: predictions)).applied(to: predictions)
    #expect(abs(try #require(TemperatureScaling(fittedOn: scaled)).temperature - 1) < 1e-4)
  }

  /// 90 of 100 are correct, all with the same confidence p: ln(p / (1 - p)) / T = ln(9).
  @Test(arguments: [Float(0.99), 0.75]) func twoClassTemperatureMatchesClosedForm(confidence: Float) throws {
    let predictions = try twoClassPredictions((0..<100).map { (confidence, $0 < 90) })
    let scaled = try #require(TemperatureScaling(fittedOn: predictions)).applied(to: predictions)
    #expect(abs(scaled.confidences[0] - 0.9) < 1e-5)
  }

  @Test func temperatureIsBounded() throws {
    let right = try #require(TemperatureScaling(fittedOn: twoClassPredictions([(0.6, true), (0.7, true)])))
    #expect(right.temperature == TemperatureScaling.temperatures.lowerBound)
    let wrong = try #require(TemperatureScaling(fittedOn: twoClassPredictions([(0.6, false), (0.7, false)])))
    #expect(wrong.temperature == TemperatureScaling.temperatures.upperBound)
  }

  @Test func isNilWithoutImages() throws { #expect(TemperatureScaling(fittedOn: try twoClassPredictions([])) == nil) }
}

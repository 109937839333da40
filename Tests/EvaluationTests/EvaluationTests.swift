import Evaluation
import Foundation
import Testing

/// Metrics that scikit-learn computes from probabilities (Tests/Peers/fixtures/evaluation.py).
private struct Fixture: Decodable {
  let probabilities: [Float]
  let labels: [UInt8]
  let accuracy, top2Accuracy, top3Accuracy, logLoss, brierScore, expectedCalibrationError: Double
  let classes: [ClassMeasures]
  let macroAverage, weightedAverage: ClassMeasures
  let confusion: [[Int]]
}

@Suite struct EvaluationTests {
  /// Both sides add a few hundred float64 numbers; scikit-learn's log loss first rounds each logarithm to float32.
  private let tolerance = 1e-12
  private let logTolerance = 1e-6

  @Test func matchesScikitLearn() throws {
    let url = try #require(Bundle.module.url(forResource: "Fixtures/evaluation", withExtension: "json"))
    let fixture = try JSONDecoder().decode(Fixture.self, from: Data(contentsOf: url))
    let names = fixture.confusion.indices.map { "class \($0)" }
    let found = try Evaluation(probabilities: fixture.probabilities, labels: fixture.labels, classNames: names)
    #expect(found.confusion.counts == fixture.confusion)
    for (value, expected) in [
      (found.accuracy, fixture.accuracy), (found.top2Accuracy, fixture.top2Accuracy),
      (found.top3Accuracy, fixture.top3Accuracy), (found.brierScore, fixture.brierScore),
      (found.expectedCalibrationError, fixture.expectedCalibrationError),
    ] { #expect(abs(value - expected) < tolerance) }
    #expect(abs(found.logLoss - fixture.logLoss) < logTolerance)
    let measures = zip(
      found.classes + [found.macroAverage, found.weightedAverage],
      fixture.classes + [fixture.macroAverage, fixture.weightedAverage])
    for (value, expected) in measures {
      #expect(abs(value.precision - expected.precision) < tolerance)
      #expect(abs(value.recall - expected.recall) < tolerance)
      #expect(abs(value.f1 - expected.f1) < tolerance)
    }
  }

  @Test func perfectModelHasBestMetrics() throws {
    let found = try Evaluation(probabilities: [1, 0, 0, 1], labels: [0, 1], classNames: ["a", "b"])
    #expect([found.accuracy, found.macroAverage.f1, found.weightedAverage.f1] == [1, 1, 1])
    #expect([found.logLoss, found.brierScore, found.expectedCalibrationError] == [0, 0, 0])
  }

  @Test func confidentWrongModelHasWorstMetrics() throws {
    let found = try Evaluation(probabilities: [0, 1, 1, 0], labels: [0, 1], classNames: ["a", "b"])
    #expect([found.accuracy, found.top2Accuracy, found.top3Accuracy, found.macroAverage.f1] == [0, 1, 1, 0])
    #expect([found.brierScore, found.expectedCalibrationError] == [2, 1])
    #expect(abs(found.logLoss - log(0x1p23)) < tolerance)
  }

  /// Class b is never predicted, class c has no images.
  @Test func divisionsByZeroGiveZero() throws {
    let found = try Evaluation(
      probabilities: [0.8, 0.1, 0.1, 0.6, 0.4, 0, 0.1, 0.2, 0.7], labels: [0, 1, 0], classNames: ["a", "b", "c"])
    #expect(found.confusion.counts == [[1, 0, 1], [1, 0, 0], [0, 0, 0]])
    #expect(found.classes.map(\.precision) == [0.5, 0, 0])
    #expect(found.classes.map(\.recall) == [0.5, 0, 0])
    #expect(found.classes.map(\.f1) == [0.5, 0, 0])
    #expect(found.balancedAccuracy == 0.25)
    #expect(abs(found.macroAverage.f1 - 0.5 / 3) < tolerance && abs(found.weightedAverage.f1 - 1.0 / 3) < tolerance)
  }

  @Test func singleClassIsAlwaysCorrect() throws {
    let found = try Evaluation(probabilities: [1, 1, 1], labels: [0, 0, 0], classNames: ["only"])
    #expect([found.accuracy, found.top3Accuracy, found.macroAverage.f1] == [1, 1, 1])
    #expect(found.confusion.counts == [[3]])
    #expect(!found.description.contains("most frequent confusions"))
  }

  @Test func predictsLowestOfEquallyProbableClasses() throws {
    let found = try Evaluation(
      probabilities: [Float](repeating: 0.25, count: 16), labels: [0, 1, 2, 3], classNames: ["a", "b", "c", "d"])
    #expect(found.confusion.counts.map { $0[0] } == [1, 1, 1, 1])
    #expect([found.accuracy, found.top2Accuracy, found.top3Accuracy] == [0.25, 0.5, 0.75])
    #expect(found.expectedCalibrationError == 0)
  }

  /// Of two images, one is classified correctly: errors cancel within a bin of confidences, but not between bins.
  @Test(arguments: [(Float(0.75), 0.57), (Float(0.65), 0.13)])
  func calibrationErrorIsComputedByBins(second: Float, error: Double) throws {
    let found = try Evaluation(
      probabilities: [0.61, 0.39, second, 1 - second], labels: [0, 1], classNames: ["a", "b"])
    #expect(abs(found.expectedCalibrationError - error) < 1e-7, "float32 rounds the confidences")
  }

  @Test(arguments: [Float.nan, .infinity, -0.1, 1.5]) func rejectsInvalidProbabilities(value: Float) {
    #expect(throws: EvaluationError.self) {
      try Evaluation(probabilities: [0, 1, value, 0], labels: [0, 1], classNames: ["a", "b"])
    }
  }

  @Test func roundTripsThroughJSON() throws {
    let found = try Evaluation(probabilities: [0.7, 0.3, 0.6, 0.4], labels: [0, 1], classNames: ["a", "b"])
    #expect(try JSONDecoder().decode(Evaluation.self, from: JSONEncoder().encode(found)) == found)
  }

  @Test func textContainsAllMetrics() throws {
    let found = try Evaluation(
      probabilities: [0.75, 0.25, 0.75, 0.25, 0.25, 0.75, 0.25, 0.75], labels: [0, 0, 0, 1], classNames: ["cat", "hen"])
    let text = """
      images                           4
      accuracy                    0.7500
      balanced accuracy           0.8333
      top-2 accuracy              1.0000
      top-3 accuracy              1.0000
      log loss                    0.5623
      Brier score                 0.3750
      expected calibration error  0.0000

      class             precision  recall      F1  images
      cat                  1.0000  0.6667  0.8000       3
      hen                  0.5000  1.0000  0.6667       1
      macro average        0.7500  0.8333  0.7333       4
      weighted average     0.8750  0.7500  0.7667       4

      confusion matrix (rows: true class, columns: predicted class)
              0  1
      0  cat  2  1
      1  hen  0  1

      most frequent confusions
        cat classified as hen: 1
      """
    #expect(found.description == text)
  }

  /// Class a is absent, and class c is only predicted.
  @Test func textOmitsUndefinedMeasures() throws {
    let found = try Evaluation(
      probabilities: [0, 0.75, 0.25, 0, 0.25, 0.75, 0, 0.75, 0.25], labels: [1, 1, 1], classNames: ["a", "b", "c"])
    for line in [
      "a                         –       –       –       0", "b                    1.0000  0.6667  0.8000       3",
      "c                    0.0000       –  0.0000       0", "macro average        0.5000  0.3333  0.4000       3",
    ] { #expect(found.description.contains(line), "\(found.description)") }
    #expect(abs(found.balancedAccuracy - 2.0 / 3) < tolerance)
  }

  @Test func textOmitsMatrixOfManyClasses() throws {
    let names = (0..<30).map { "class \($0)" }
    var probabilities = [Float](repeating: 0, count: 900)
    for label in 0..<30 { probabilities[label * 30 + min(label + 1, 29)] = 1 }
    let found = try Evaluation(probabilities: probabilities, labels: (0..<30).map { UInt8($0) }, classNames: names)
    #expect(!found.description.contains("rows: true class"))
    #expect(found.description.hasSuffix("class 4 classified as class 5: 1"))
  }
}

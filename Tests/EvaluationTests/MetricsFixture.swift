import Compute
import Evaluation
import Foundation
import Testing

/// Values computed by SciPy, scikit-learn and cleanlab (Tests/Peers/fixtures/metrics.py).
struct MetricsFixture: Decodable {
  struct Interval: Decodable {
    let successes, count: Int
    let lower, upper: Double
  }
  struct McNemar: Decodable {
    let first, second: Int
    let pValue: Double
  }
  /// One more element than `thresholds`: the first is for no positive images.
  struct Curve: Decodable {
    let thresholds, falsePositiveRates, recalls, precisions: [Double]
    let areaUnderROC, averagePrecision: Double
  }
  struct Bin: Decodable {
    let count, right: Int
    let meanConfidence: Double
  }
  struct Temperature: Decodable {
    let temperature, before, after: Double
    let scaled: [Double]
  }
  struct Candidate: Decodable {
    let image: Int
    let normalizedMargin, selfConfidence: Double
  }
  struct Labels: Decodable {
    let thresholds: [Double]
    let confidentJoint: [[Int]]
    let candidates: [Candidate]
  }

  let classCount: Int
  let probabilities: [Float]
  let labels: [UInt8]
  let intervals: [Interval]
  let mcnemar: [McNemar]
  let curves: [Curve]
  let reliability: [Bin]
  let temperature: Temperature
  let labelQuality: Labels

  static func load() throws -> MetricsFixture {
    let url = try #require(Bundle.module.url(forResource: "Fixtures/metrics", withExtension: "json"))
    return try JSONDecoder().decode(MetricsFixture.self, from: Data(contentsOf: url))
  }

  func predictions() throws -> Predictions {
    try Predictions(probabilities: probabilities, labels: labels, classCount: classCount)
  }
}

/// Predictions of two classes: for each image, the confidence (at least 0.5) in class 0, and whether that is its label.
func twoClassPredictions(_ images: [(confidence: Float, isCorrect: Bool)]) throws -> Predictions {
  try Predictions(
    probabilities: images.flatMap { [$0.confidence, 1 - $0.confidence] }, labels: images.map { $0.isCorrect ? 0 : 1 },
    classCount: 2)
}

/// Predictions with confidence 1: for each image, its label and the predicted class.
func decided(_ images: [(label: Int, prediction: Int)], classCount: Int) throws -> Predictions {
  var probabilities = [Float](repeating: 0, count: images.count * classCount)
  for (image, pair) in images.enumerated() { probabilities[image * classCount + pair.prediction] = 1 }
  return try Predictions(probabilities: probabilities, labels: images.map { UInt8($0.label) }, classCount: classCount)
}

/// A perfectly calibrated model: a fraction p of the images with confidence p is classified correctly. Many confidences
/// are equal.
func calibrated(_ images: Int, seed: UInt64) throws -> Predictions {
  var random = RandomSequence(seed: seed, .test)
  return try twoClassPredictions(
    (0..<images).map { _ in
      let doubt = random.nextUniform()
      let confidence = (1000 * (1 - doubt * doubt / 2)).rounded() / 1000
      return (confidence, random.nextUniform() < confidence)
    })
}

/// Encodes a value as JSON and decodes it.
func throughJSON<Value: Codable>(_ value: Value) throws -> Value {
  try JSONDecoder().decode(Value.self, from: JSONEncoder().encode(value))
}

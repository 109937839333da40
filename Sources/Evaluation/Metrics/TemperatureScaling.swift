internal import Foundation

/// Temperature scaling: a single parameter that calibrates a model's confidence without changing its predictions (Guo
/// et al., "On calibration of modern neural networks", 2017).
///
/// The logarithms of the probabilities are divided by the temperature T and normalized again: q_c ∝ p_c^(1/T). T above
/// 1 lowers the confidence, T below 1 raises it; the order of the classes of an image does not change. T minimizes the
/// log loss of the hold-out images. Training images would measure the confidence in memorized labels, and test images
/// would be evaluated on the data that T was fitted to.
///
/// The log loss is convex in β = 1/T, with derivative Σ (E_q[ln p] - ln p_label) and second derivative Σ Var_q[ln p].
/// Newton's method finds the minimum, with bisection where a step would leave the range.
package struct TemperatureScaling: Sendable, Equatable, Codable {
  package let temperature: Double
  /// The log loss of the images fitted on, before and after scaling.
  package let logLossBefore: Double
  package let logLossAfter: Double
  /// The number of images fitted on.
  package let images: Int

  /// The range of temperatures. If the optimum is outside, as when every image is classified correctly, the end of the
  /// range is used.
  package static let temperatures = 0.05...20.0

  /// - Parameter holdOut: predictions on images that the model was not trained on and is not evaluated on
  /// - Returns: nil if there are none
  package init?(fittedOn holdOut: Predictions) {
    guard holdOut.count > 0 else { return nil }
    let logits = Self.logits(holdOut.probabilities)
    func loss(_ beta: Double) -> (mean: Double, slope: Double, curvature: Double) {
      Self.loss(logits: logits, labels: holdOut.labels, classCount: holdOut.classCount, beta: beta)
    }
    var (low, high) = (1 / Self.temperatures.upperBound, 1 / Self.temperatures.lowerBound)
    var beta = 1.0
    if loss(low).slope >= 0 {
      beta = low
    } else if loss(high).slope <= 0 {
      beta = high
    } else {
      for _ in 0..<100 {
        let (_, slope, curvature) = loss(beta)
        if slope > 0 { high = beta } else { low = beta }
        let step = beta - slope / curvature
        let next = step > low && step < high ? step : (low + high) / 2
        if abs(next - beta) <= 1e-12 * beta { break }
        beta = next
      }
    }
    temperature = 1 / beta
    (logLossBefore, logLossAfter) = (loss(1).mean, loss(beta).mean)
    images = holdOut.count
  }

  /// Returns predictions of the same model, scaled. Rounding can make almost equally probable classes equal.
  package func applied(to predictions: Predictions) -> Predictions {
    let classCount = predictions.classCount
    let logits = Self.logits(predictions.probabilities)
    var scaled: [Float] = []
    scaled.reserveCapacity(logits.count)
    for image in 0..<predictions.count {
      let row = logits[image * classCount..<(image + 1) * classCount]
      let largest = row.max()!
      let powers = row.map { exp(($0 - largest) / temperature) }
      let sum = powers.reduce(0, +)
      scaled += powers.map { Float($0 / sum) }
    }
    do {
      return try Predictions(probabilities: scaled, labels: predictions.labels, classCount: classCount)
    } catch {
      preconditionFailure("softmax returned an invalid probability: \(error)")
    }
  }

  /// ln p, where p is at least ``Evaluation/leastProbability``.
  private static func logits(_ probabilities: [Float]) -> [Double] {
    probabilities.map { log(max(Double($0), Evaluation.leastProbability)) }
  }

  /// Returns the mean log loss of softmax(beta * logits) and its first two derivatives with respect to beta.
  private static func loss(
    logits: [Double], labels: [UInt8], classCount: Int, beta: Double
  ) -> (mean: Double, slope: Double, curvature: Double) {
    var (mean, slope, curvature) = (0.0, 0.0, 0.0)
    for (image, label) in labels.enumerated() {
      let row = image * classCount..<(image + 1) * classCount
      let largest = logits[row].max()!
      var (sum, first, second) = (0.0, 0.0, 0.0)
      for index in row {
        let weight = exp(beta * (logits[index] - largest))
        sum += weight
        first += weight * logits[index]
        second += weight * logits[index] * logits[index]
      }
      let expected = first / sum
      let truth = logits[row.lowerBound + Int(label)]
      mean += beta * (largest - truth) + log(sum)
      slope += expected - truth
      curvature += max(0, second / sum - expected * expected)
    }
    let count = Double(labels.count)
    return (mean / count, slope / count, curvature / count)
  }
}

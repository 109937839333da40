/// Whether a model's confidence can be taken at its word: of the images it is 80 % sure of, are 80 % told rightly?
///
/// Images are sorted into intervals of equal width of their confidence, the probability of the predicted class; within each, mean
/// confidence and accuracy are compared (Guo et al., "On calibration of modern neural networks", 2017). Accuracy below confidence:
/// the model is too sure of itself. Intervals with few images say little; ``ProportionInterval`` shows how little.
package struct ReliabilityDiagram: Sendable, Equatable, Codable {
  package struct Bin: Sendable, Equatable, Codable {
    /// Confidences above `lower`, and up to `upper`. The first one holds 0 as well.
    package let lower: Double
    package let upper: Double
    /// 0 if there are no images.
    package let meanConfidence: Double
    /// Of the images in the interval; its `count` is their number.
    package let accuracy: ProportionInterval
  }

  /// ``Evaluation/calibrationBins`` intervals, in order.
  package let bins: [Bin]
  /// The same number as ``Evaluation/expectedCalibrationError``.
  package let expectedCalibrationError: Double

  /// - Parameter predictions: at least one
  package init(_ predictions: Predictions) {
    precondition(predictions.count > 0, "there are no images to judge by")
    let judged = predictions.labels.indices.map { (Double(predictions.confidences[$0]), predictions.isCorrect($0)) }
    var confidences = [Double](repeating: 0, count: Evaluation.calibrationBins)
    var (hits, images) = (confidences.map { _ in 0 }, confidences.map { _ in 0 })
    for (confidence, isCorrect) in judged {
      let bin = Evaluation.calibrationBin(of: confidence)
      confidences[bin] += confidence
      hits[bin] += isCorrect ? 1 : 0
      images[bin] += 1
    }
    let width = 1 / Double(Evaluation.calibrationBins)
    bins = images.indices.map {
      Bin(
        lower: Double($0) * width, upper: Double($0 + 1) * width,
        meanConfidence: images[$0] > 0 ? confidences[$0] / Double(images[$0]) : 0,
        accuracy: ProportionInterval(hits[$0], of: images[$0]))
    }
    expectedCalibrationError = Evaluation.calibrationError(judged)
  }
}

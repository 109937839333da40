/// The calibration of a model's confidence: whether 80 % of the images with 80 % confidence are classified correctly.
///
/// Images are binned by their confidence, the probability of the predicted class, in bins of equal width; within each
/// bin, mean confidence and accuracy are compared (Guo et al., "On calibration of modern neural networks", 2017). If
/// the accuracy is below the confidence, the model is overconfident. Bins with few images are uncertain, as
/// ``ProportionInterval`` shows.
package struct ReliabilityDiagram: Sendable, Equatable, Codable {
  package struct Bin: Sendable, Equatable, Codable {
    /// Confidences above `lower` and up to `upper`. The first bin includes 0.
    package let lower: Double
    package let upper: Double
    /// 0 without images.
    package let meanConfidence: Double
    /// The accuracy on the images in the bin; its `count` is the number of images.
    package let accuracy: ProportionInterval
  }

  /// ``Evaluation/calibrationBins`` bins in ascending order.
  package let bins: [Bin]
  /// Equal to ``Evaluation/expectedCalibrationError``.
  package let expectedCalibrationError: Double

  /// - Parameter predictions: at least one
  package init(_ predictions: Predictions) {
    precondition(predictions.count > 0, "calibration needs at least one image")
    let outcomes = predictions.labels.indices.map { (Double(predictions.confidences[$0]), predictions.isCorrect($0)) }
    var confidences = [Double](repeating: 0, count: Evaluation.calibrationBins)
    var (hits, images) = (confidences.map { _ in 0 }, confidences.map { _ in 0 })
    for (confidence, isCorrect) in outcomes {
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
    expectedCalibrationError = Evaluation.calibrationError(outcomes)
  }
}

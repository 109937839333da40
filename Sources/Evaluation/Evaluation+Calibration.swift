extension Evaluation {
  /// The number of bins, of equal width, that confidences are sorted into.
  static let calibrationBins = 15

  /// Returns the bin (b/15, (b+1)/15] of a confidence; the first one contains 0 as well.
  static func calibrationBin(of confidence: Double) -> Int {
    min(max(Int((confidence * Double(calibrationBins)).rounded(.up)) - 1, 0), calibrationBins - 1)
  }

  /// Returns the expected calibration error: the mean of |accuracy - mean confidence| over the bins (b/15, (b+1)/15] of
  /// the highest probability, weighted by images (Naeini, Cooper and Hauskrecht, "Obtaining well calibrated
  /// probabilities using Bayesian binning", 2015; with 15 bins as in Guo et al., "On calibration of modern neural
  /// networks", 2017).
  ///
  /// - Parameter predictions: one for each image; confidences are from 0 to 1
  static func calibrationError(_ predictions: [(confidence: Double, isCorrect: Bool)]) -> Double {
    var confidences = [Double](repeating: 0, count: calibrationBins)
    var hits = [Double](repeating: 0, count: calibrationBins)
    for (confidence, isCorrect) in predictions {
      let bin = calibrationBin(of: confidence)
      confidences[bin] += confidence
      hits[bin] += isCorrect ? 1 : 0
    }
    return zip(confidences, hits).reduce(0) { $0 + abs($1.0 - $1.1) } / Double(predictions.count)
  }
}

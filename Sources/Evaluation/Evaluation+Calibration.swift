extension Evaluation {
  /// Confidences are sorted into so many intervals of equal width.
  package static let calibrationBins = 15

  /// The interval (b/15, (b+1)/15] that a confidence falls in; the first one holds 0 as well.
  static func calibrationBin(of confidence: Double) -> Int {
    min(max(Int((confidence * Double(calibrationBins)).rounded(.up)) - 1, 0), calibrationBins - 1)
  }

  /// The expected calibration error: over intervals (b/15, (b+1)/15] of the highest probability, the mean of |share of images told
  /// rightly - mean confidence|, weighted by images (Naeini, Cooper and Hauskrecht, "Obtaining well calibrated probabilities using
  /// Bayesian binning", 2015; with 15 intervals as in Guo et al., "On calibration of modern neural networks", 2017).
  ///
  /// - Parameter judged: of each image; confidences from 0 to 1.
  static func calibrationError(_ judged: [(confidence: Double, isCorrect: Bool)]) -> Double {
    var confidences = [Double](repeating: 0, count: calibrationBins)
    var hits = [Double](repeating: 0, count: calibrationBins)
    for (confidence, isCorrect) in judged {
      let bin = calibrationBin(of: confidence)
      confidences[bin] += confidence
      hits[bin] += isCorrect ? 1 : 0
    }
    return zip(confidences, hits).reduce(0) { $0 + abs($1.0 - $1.1) } / Double(judged.count)
  }
}

/// The time, memory and disk space that a model takes; nil for what was not measured.
package struct ModelCost: Sendable, Equatable, Codable {
  package var fitSeconds: Double?
  /// The time to classify ``testImages`` images.
  package var testSeconds: Double?
  package var testImages: Int?
  /// The peak memory of the process during training.
  package var peakBytes: Int?
  /// The size of the saved model.
  package var fileBytes: Int?

  package init(
    fitSeconds: Double? = nil, testSeconds: Double? = nil, testImages: Int? = nil, peakBytes: Int? = nil,
    fileBytes: Int? = nil
  ) {
    (self.fitSeconds, self.testSeconds, self.testImages) = (fitSeconds, testSeconds, testImages)
    (self.peakBytes, self.fileBytes) = (peakBytes, fileBytes)
  }

  /// The prediction speed; nil if it was not measured, or if it took no measurable time.
  package var imagesPerSecond: Double? {
    guard let testSeconds, let testImages, testSeconds > 0, testImages > 0 else { return nil }
    return Double(testImages) / testSeconds
  }
}

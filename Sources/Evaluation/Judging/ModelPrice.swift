/// What a model costs to make, to keep and to ask. Nil where it was not measured.
package struct ModelPrice: Sendable, Equatable, Codable {
  package var fitSeconds: Double?
  /// For judging ``testImages``.
  package var testSeconds: Double?
  package var testImages: Int?
  /// The most memory that the process held while it fitted the model.
  package var peakBytes: Int?
  /// Of the saved model.
  package var fileBytes: Int?

  package init(
    fitSeconds: Double? = nil, testSeconds: Double? = nil, testImages: Int? = nil, peakBytes: Int? = nil,
    fileBytes: Int? = nil
  ) {
    (self.fitSeconds, self.testSeconds, self.testImages) = (fitSeconds, testSeconds, testImages)
    (self.peakBytes, self.fileBytes) = (peakBytes, fileBytes)
  }

  /// Nil if it was not measured, or took no measurable time.
  package var imagesPerSecond: Double? {
    guard let testSeconds, let testImages, testSeconds > 0, testImages > 0 else { return nil }
    return Double(testImages) / testSeconds
  }
}

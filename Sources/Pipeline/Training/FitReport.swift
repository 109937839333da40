package import Models

/// The results of a fit.
package struct FitReport: Codable {
  package let kind: ModelKind
  package let settings: [String: String]
  package let data: String
  package let dataDigest: String
  package let file: String
  package let testAccuracy: Double
  package let testImages: Int
  /// The accuracy of a forest with bootstrap on the training images, each classified by the trees not fitted on it.
  package let outOfBagAccuracy: Double?
  package let fitSeconds: Double
  /// The seconds of the evaluation on the test set, which is most of the time for nearest neighbors.
  package let testSeconds: Double
  /// The peak memory of this process and its local workers together during the fit.
  package let peakBytes: Int
  /// The results of each epoch; empty for models that are not trained in epochs.
  package let history: [EpochResult]
  /// SHA-256 over the model's tensors.
  package let digest: String
  package let atelierVersion: String
  package let instructionSet: String
  package let threads: Int
}

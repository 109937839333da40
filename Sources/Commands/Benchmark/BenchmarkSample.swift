internal import Compute
internal import Datasets
internal import Evaluation
internal import Foundation
internal import Models
internal import Progress

/// The measurement of one fit and one prediction of all test images, in a separate process.
struct BenchmarkSample: Codable {
  let fitSeconds: Double
  let predictSeconds: Double
  /// Training images per second, including the validation of each epoch; nil for models without steps.
  let fitImagesPerSecond: Double?
  /// The peak memory of the process, including data, after the fit, and after the prediction.
  let fitPeakBytes: Int
  let peakBytes: Int
  let testAccuracy: Double
  /// SHA-256 over the model's tensors.
  let digest: String

  /// Measures a fit and a prediction.
  /// - Throws: `CancellationError` if the user stops it; errors of the fit
  init(_ settings: ModelSettings, _ dataset: Dataset, on context: ComputeContext) throws {
    let clock = ContinuousClock()
    let shouldContinue = { (_: FitProgress) in !Interruption.isRequested }
    let start = clock.now
    var trained: Int?
    let model = try settings.fit(dataset.train, classCount: dataset.classCount, on: context) { progress in
      trained = progress.epoch.map { ($0 - 1) * progress.total + progress.done }
      return shouldContinue(progress)
    }
    let fitted = clock.now
    fitPeakBytes = peakMemory()
    let afterFit = clock.now
    let probabilities = try model.probabilities(for: dataset.test, on: context, progress: shouldContinue)
    predictSeconds = (clock.now - afterFit) / .seconds(1)
    peakBytes = peakMemory()
    let fitSeconds = (fitted - start) / .seconds(1)
    self.fitSeconds = fitSeconds
    fitImagesPerSecond = trained.map { Double($0) / fitSeconds }
    testAccuracy = try Evaluation(
      probabilities: probabilities, labels: dataset.test.labels, classNames: dataset.classNames
    ).accuracy
    digest = model.digest
  }
}

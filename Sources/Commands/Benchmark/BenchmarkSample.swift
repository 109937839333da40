internal import Compute
internal import Datasets
internal import Evaluation
internal import Foundation
internal import Models

/// One fit and one prediction of all test images, measured in a process of their own.
struct BenchmarkSample: Codable {
  let fitSeconds: Double
  let predictSeconds: Double
  /// Images that the training carried in each second, judging of the epochs included; nil for models that take no steps.
  let fitImagesPerSecond: Double?
  /// The most memory that the process had had, data included, when the fit was done; and when the prediction was.
  let fitPeakBytes: Int
  let peakBytes: Int
  let testAccuracy: Double
  /// SHA-256 over the model's tensors.
  let digest: String

  /// Measures. - Throws: `CancellationError` if the user stops it; what fitting throws.
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

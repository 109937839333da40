package import Compute
package import Datasets
internal import Evaluation
internal import Foundation
package import Models
internal import Progress

/// The measurement of one fit and one prediction of all test images, in a separate process.
package struct BenchmarkSample: Codable {
  package let fitSeconds: Double
  package let predictSeconds: Double
  /// Training images per second, including the validation of each epoch; nil for models without steps.
  package let fitImagesPerSecond: Double?
  /// The peak memory of the process, including data, after the fit, and after the prediction.
  package let fitPeakBytes: Int
  package let peakBytes: Int
  package let testAccuracy: Double
  /// SHA-256 over the model's tensors.
  package let digest: String

  /// Measures a fit and a prediction.
  /// - Parameter isStopped: polled while the model is fitted and used
  /// - Throws: `CancellationError` if stopped; errors of the fit
  package init(
    _ settings: ModelSettings, _ dataset: Dataset, on context: ComputeContext, isStopped: () -> Bool
  ) throws {
    let clock = ContinuousClock()
    let start = clock.now
    var trained: Int?
    let model = try settings.fit(dataset.train, classCount: dataset.classCount, on: context) { progress in
      trained = progress.epoch.map { ($0 - 1) * progress.total + progress.done }
      return !isStopped()
    }
    let fitted = clock.now
    fitPeakBytes = peakMemory()
    let afterFit = clock.now
    let probabilities = try model.probabilities(for: dataset.test, on: context, progress: { _ in !isStopped() })
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

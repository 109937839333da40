internal import Cluster
internal import Datasets
internal import Foundation
internal import Models
internal import Progress

/// The speed at which workers train a network.
struct TrainingSpeed: Codable {
  /// Training images per second, from the first report to the last, which excludes the start.
  let imagesPerSecond: Double
  /// The digest of the network.
  let digest: String

  /// Trains, and measures the speed.
  /// - Throws: `CancellationError` if the user stops it; errors of the training
  init(
    _ settings: NetworkSettings, _ dataset: Dataset, by cluster: Cluster,
    isStopped: () -> Bool = { Interruption.isRequested }
  ) throws {
    var (first, last): ((Int, ContinuousClock.Instant)?, (Int, ContinuousClock.Instant)?) = (nil, nil)
    let (network, _) = try cluster.train(
      settings, dataset.train, classCount: dataset.classCount, keepCheckpoint: { _ in },
      progress: { progress in
        let done = ((progress.fit.epoch ?? 1) - 1) * progress.fit.total + progress.fit.done
        if done > last?.0 ?? 0 { last = (done, .now) }
        if first == nil, let last { first = last }
        return !isStopped()
      })
    digest = network.digest
    guard let first, let last, last.0 > first.0 else {
      imagesPerSecond = 0
      return
    }
    imagesPerSecond = Double(last.0 - first.0) / ((last.1 - first.1) / .seconds(1))
  }
}

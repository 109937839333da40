package import Compute
package import Datasets
internal import Evaluation
internal import Models
internal import Text

/// Measures how long a network trains until it reaches an accuracy on the test images, with several random seeds.
///
/// The clock runs while the network is trained, and stops while it is evaluated, after each epoch.
package struct AccuracyBenchmark {
  private let target: Double
  private let dataset: Dataset
  private let context: ComputeContext
  private let log: (String) -> Void
  private let isStopped: () -> Bool

  package static let seeds: Range<UInt64> = 0..<5

  /// The standard network with a short training on all images, without a validation set.
  ///
  /// Chosen among 19 settings by their accuracy on validation images, a fifth of the training images, with two seeds
  /// (mean 0.9259; with the standard decay of 0.0005 0.9236): peaks from 0.05 to 0.2, decays to 0.005, batches of 64 to
  /// 128, averages, smoothing, dropout, mirrored images, a cosine, AdamW.
  private static var recipe: NetworkSettings {
    var settings = NetworkSettings()
    settings.epochs = 2
    settings.learningRate = 0.12
    settings.weightDecay = 0.002
    settings.validation = 0
    return settings
  }

  /// - Parameters:
  ///   - target: the test accuracy to reach
  ///   - log: receives messages about the progress
  ///   - isStopped: polled during the trainings
  package init(
    target: Double, dataset: Dataset, context: ComputeContext, log: @escaping (String) -> Void,
    isStopped: @escaping () -> Bool
  ) {
    (self.target, self.dataset, self.context) = (target, dataset, context)
    (self.log, self.isStopped) = (log, isStopped)
  }

  /// - Throws: ``ModelError``; `CancellationError` if stopped
  package func run() throws -> AccuracyResult {
    let samples = try Self.seeds.map { seed in
      let sample = try measure(seed)
      log("seed \(seed): \(sample.text)")
      return sample
    }
    return AccuracyResult(
      target: target, settings: Self.recipe.text, threads: context.team.count,
      instructionSet: context.instructionSet.rawValue, samples: samples)
  }

  private func measure(_ seed: UInt64) throws -> AccuracySample {
    var settings = Self.recipe
    settings.seed = seed
    let clock = ContinuousClock()
    var (start, elapsed) = (clock.now, Duration.zero)
    var (reached, accuracy): (Duration?, Double) = (nil, 0)
    let trainer = try NetworkTrainer(dataset.train, classCount: dataset.classCount, settings: settings, on: context)
    func evaluate() throws {
      elapsed += clock.now - start
      let predictions = try trainer.network.predictions(for: dataset.test, on: context)
      accuracy = Double(zip(predictions, dataset.test.labels).count { $0 == $1 }) / Double(dataset.test.count)
      if accuracy >= target { reached = reached ?? elapsed }
      start = clock.now
    }
    try trainer.run(progress: { _ in !isStopped() }, epochEnded: evaluate)
    return AccuracySample(
      seed: seed, secondsToTarget: reached.map { $0 / .seconds(1) }, trainingSeconds: elapsed / .seconds(1),
      testAccuracy: accuracy, digest: trainer.network.digest)
  }
}

/// The training with one seed.
package struct AccuracySample: Encodable {
  package let seed: UInt64
  /// The seconds of training until the end of the first epoch with the accuracy; nil if no epoch reaches it.
  package let secondsToTarget: Double?
  /// The seconds of the whole training.
  package let trainingSeconds: Double
  /// The accuracy of the final network on the test images.
  package let testAccuracy: Double
  /// The digest of the final network.
  package let digest: String

  fileprivate var text: String {
    let accuracy = "accuracy \(formatted(testAccuracy, digits: 4)) after \(formatted(trainingSeconds, digits: 1)) s"
    return secondsToTarget == nil ? "not reached, \(accuracy)" : accuracy
  }
}

/// The trainings with all seeds.
package struct AccuracyResult: Encodable {
  package let target: Double
  package let settings: [String: String]
  package let threads: Int
  package let instructionSet: String
  package let samples: [AccuracySample]
  /// The median time, in which a training that does not reach the accuracy counts as infinitely long; nil if it is
  /// infinite.
  package let medianSeconds: Double?

  init(target: Double, settings: [String: String], threads: Int, instructionSet: String, samples: [AccuracySample]) {
    (self.target, self.settings, self.threads) = (target, settings, threads)
    (self.instructionSet, self.samples) = (instructionSet, samples)
    let middle = median(samples.map { $0.secondsToTarget ?? .infinity })
    medianSeconds = middle.isFinite ? middle : nil
  }

  /// The results as a table, and the median.
  package var text: String {
    var table = TextTable(
      [.left, .right, .right, .right, .left],
      header: ["seed", "s to \(formatted(target, digits: 4))", "s in total", "accuracy", "digest"])
    for sample in samples {
      table.add([
        "\(sample.seed)", sample.secondsToTarget.map { formatted($0, digits: 1) } ?? "–",
        formatted(sample.trainingSeconds, digits: 1), formatted(sample.testAccuracy, digits: 4),
        String(sample.digest.prefix(16)),
      ])
    }
    let result = medianSeconds.map { "\(formatted($0, digits: 1)) s" } ?? "not reached"
    return table.text + "\nmedian training time to an accuracy of \(formatted(target, digits: 4)): \(result)"
  }
}

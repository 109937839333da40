internal import Cluster
package import Compute
package import Datasets
internal import Foundation
internal import Models
internal import Progress
package import Text

/// Measures the overhead of distribution: two local workers with half of the threads each, against one process with all
/// of them. Also measures the overhead of a sweep over its fits.
package struct ClusterBenchmark {
  package struct Result: Encodable {
    let name: String
    /// The value of each repetition.
    let values: [Double]
    let unit: String
    let median: Double
    /// The median for one process; nil if there is nothing to compare with.
    let oneProcess: Double?

    init(_ name: String, _ values: [Double], unit: String, oneProcess: [Double]? = nil) {
      (self.name, self.values, self.unit) = (name, values, unit)
      self.median = Benchmarks.median(values)
      self.oneProcess = oneProcess.map(Benchmarks.median)
    }
  }

  let dataset: Dataset
  let context: ComputeContext
  let repetitions: Int
  let epochs: Int
  /// The options of the data set, valid in any folder.
  let dataArguments: [String]
  let log: (String) -> Void
  /// Polled during the measurements.
  let isStopped: () -> Bool

  /// The number of empty tasks in one job.
  private static let emptyTasks = 100_000

  /// - Parameters:
  ///   - dataArguments: the options that give the same data set in any folder
  ///   - log: receives messages about the progress
  ///   - isStopped: polled during the measurements
  package init(
    dataset: Dataset, context: ComputeContext, repetitions: Int, epochs: Int, dataArguments: [String],
    log: @escaping (String) -> Void, isStopped: @escaping () -> Bool
  ) {
    (self.dataset, self.context, self.repetitions, self.epochs) = (dataset, context, repetitions, epochs)
    (self.dataArguments, self.log, self.isStopped) = (dataArguments, log, isStopped)
  }

  /// - Throws: `CancellationError` if stopped; ``ProcessFailure``, ``BenchmarkError``, and errors of fits
  package func run() throws -> [Result] {
    var cnn: (one: [Double], two: [Double]) = ([], [])
    var forest: (one: [Double], two: [Double]) = ([], [])
    var grid: (one: [Double], two: [Double]) = ([], [])
    var (ready, empty, recovery, trivial): ([Double], [Double], [Double], [Double]) = ([], [], [], [])
    let sweep = SweepBenchmark(dataArguments: dataArguments, threads: context.team.count, isStopped: isStopped)
    for repetition in 1...repetitions {
      log("\(repetition) of \(repetitions)")
      try withCluster(workers: 0) { one in
        cnn.one.append(try networkSpeed(one))
        forest.one.append(try forestSpeed(one))
      }
      let start = ContinuousClock.now
      try withCluster(workers: 2) { two in
        // A job with one task for each worker ends when both are ready.
        try two.runEmptyTasks(1)
        ready.append((ContinuousClock.now - start) / .seconds(1))
        let begun = ContinuousClock.now
        try two.runEmptyTasks(Self.emptyTasks)
        empty.append(Double(Self.emptyTasks) / ((ContinuousClock.now - begun) / .seconds(1)))
        cnn.two.append(try networkSpeed(two))
        forest.two.append(try forestSpeed(two))
        if let seconds = try secondsToRecover(two) { recovery.append(seconds) }
      }
      grid.one.append(try sweep.gridSpeed(workers: 0))
      grid.two.append(try sweep.gridSpeed(workers: 2))
      trivial.append(try sweep.trivialSeconds())
    }
    var results = [
      Result("network", cnn.two, unit: "images/s", oneProcess: cnn.one),
      Result("forest", forest.two, unit: "trees/s", oneProcess: forest.one),
      Result("grid of forests", grid.two, unit: "configurations/s", oneProcess: grid.one),
      Result("start to both workers ready", ready, unit: "s"), Result("empty tasks", empty, unit: "1/s"),
      Result("sweep of \(SweepBenchmark.trivialCount) trivial configurations", trivial, unit: "s"),
    ]
    if recovery.isEmpty {
      log("too few images to measure the recovery from a killed worker")
    } else {
      results.append(Result("kill of one worker to next step", recovery, unit: "s"))
    }
    return results
  }

  private func withCluster(workers: Int, _ body: (Cluster) throws -> Void) throws {
    var settings = ClusterSettings(threads: context.team.count)
    settings.workers = workers
    let cluster = try Cluster(settings, on: context, log: { _ in })
    defer { cluster.close() }
    try body(cluster)
  }

  private func networkSpeed(_ cluster: Cluster) throws -> Double {
    var settings = NetworkSettings()
    settings.epochs = epochs
    return try TrainingSpeed(settings, dataset, by: cluster, isStopped: isStopped).imagesPerSecond
  }

  private func forestSpeed(_ cluster: Cluster) throws -> Double {
    var settings = ForestSettings()
    settings.trees = 300
    let start = ContinuousClock.now
    _ = try cluster.fitTasks(
      of: .forest(settings), dataset.train, classCount: dataset.classCount,
      progress: { _ in !isStopped() })
    return Double(settings.trees) / ((ContinuousClock.now - start) / .seconds(1))
  }

  /// Kills a worker in the middle of an epoch, and measures the time until the next step.
  /// - Returns: the seconds; nil if the training ended before
  private func secondsToRecover(_ cluster: Cluster) throws -> Double? {
    var killed: (at: ContinuousClock.Instant, done: Int)?
    var seconds: Double?
    do {
      _ = try cluster.train(
        NetworkSettings(), dataset.train, classCount: dataset.classCount, keepCheckpoint: { _ in },
        progress: { progress in
          let done = progress.fit.done
          if let killed, done > killed.done {
            seconds = (ContinuousClock.now - killed.at) / .seconds(1)
            return false
          }
          // Steps that were in progress when the worker was killed may still be reported.
          if killed == nil, done > 3_000, progress.workers.count == 2 {
            kill(pid_t(progress.workers[0].process), SIGKILL)
            killed = (.now, done + NetworkSettings().batch)
          }
          return !isStopped()
        })
    } catch is CancellationError where !isStopped() {}
    return seconds
  }

  package static func table(_ results: [Result]) -> TextTable {
    var table = TextTable(
      [.left, .right, .left, .right, .right], header: ["", "median", "unit", "one process", "ratio"])
    for result in results {
      let ratio = result.oneProcess.map { formatted(100 * result.median / $0, digits: 1) + " %" }
      let digits = result.median < 100 ? 3 : 0
      table.add([
        result.name, formatted(result.median, digits: digits), result.unit,
        result.oneProcess.map { formatted($0, digits: digits) } ?? "", ratio ?? "",
      ])
    }
    return table
  }
}

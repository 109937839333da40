internal import Cluster
internal import Compute
internal import Datasets
internal import Evaluation
internal import Foundation
internal import Models

/// What working together costs: two local workers with half the threads each, against one process with all of them, in one run. And what a
/// sweep costs beside its fits.
struct ClusterBenchmark {
  struct Result: Encodable {
    let name: String
    /// One for each repetition.
    let values: [Double]
    let unit: String
    let median: Double
    /// What one process does in the same time; nil where there is nothing to compare with.
    let oneProcess: Double?

    init(_ name: String, _ values: [Double], unit: String, oneProcess: [Double]? = nil) {
      (self.name, self.values, self.unit) = (name, values, unit)
      self.median = Commands.median(values)
      self.oneProcess = oneProcess.map(Commands.median)
    }
  }

  let dataset: Dataset
  let context: ComputeContext
  let repetitions: Int
  let epochs: Int
  /// As `--data` takes it.
  let dataLocation: String
  let log: (String) -> Void

  /// Units that are nothing, in one job.
  private static let emptyUnits = 100_000

  func run() throws -> [Result] {
    var cnn: (one: [Double], two: [Double]) = ([], [])
    var forest: (one: [Double], two: [Double]) = ([], [])
    var grid: (one: [Double], two: [Double]) = ([], [])
    var (ready, empty, recovery, trivial): ([Double], [Double], [Double], [Double]) = ([], [], [], [])
    let sweep = SweepBenchmark(data: dataLocation, threads: context.team.count)
    for repetition in 1...repetitions {
      log("\(repetition) of \(repetitions)")
      try withCluster(workers: 0) { one in
        cnn.one.append(try networkSpeed(one))
        forest.one.append(try forestSpeed(one))
      }
      let start = ContinuousClock.now
      try withCluster(workers: 2) { two in
        // A job of one unit for each: done when both are there.
        try two.runEmptyTasks(1)
        ready.append((ContinuousClock.now - start) / .seconds(1))
        let begun = ContinuousClock.now
        try two.runEmptyTasks(Self.emptyUnits)
        empty.append(Double(Self.emptyUnits) / ((ContinuousClock.now - begun) / .seconds(1)))
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
      Result("start to both workers ready", ready, unit: "s"), Result("empty units", empty, unit: "1/s"),
      Result("sweep of \(SweepBenchmark.trivialCount) trivial configurations", trivial, unit: "s"),
    ]
    if recovery.isEmpty {
      log("too few images to see how soon a killed worker is made up for")
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
    return try TrainingSpeed(settings, dataset, by: cluster).imagesPerSecond
  }

  private func forestSpeed(_ cluster: Cluster) throws -> Double {
    var settings = ForestSettings()
    settings.trees = 300
    let start = ContinuousClock.now
    _ = try cluster.fitForest(
      settings, dataset.train, classCount: dataset.classCount, progress: { _ in !Interruption.isRequested })
    return Double(settings.trees) / ((ContinuousClock.now - start) / .seconds(1))
  }

  /// Kills a worker in the middle of an epoch, and waits until a further step is reported.
  /// - Returns: nil if the training was over before
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
          // The steps that were being taken when it was killed may still be reported.
          if killed == nil, done > 3_000, progress.workers.count == 2 {
            kill(pid_t(progress.workers[0].process), SIGKILL)
            killed = (.now, done + NetworkSettings().batch)
          }
          return !Interruption.isRequested
        })
    } catch is CancellationError where !Interruption.isRequested {}
    return seconds
  }

  static func table(_ results: [Result]) -> TextTable {
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

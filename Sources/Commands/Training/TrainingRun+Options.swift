internal import Cluster
internal import Compute
internal import Logging
internal import Pipeline

extension TrainingRun {
  /// Loads the data, starts the workers, calls `body`, and stops the workers.
  /// - Parameters:
  ///   - classes: the classes that the data must have
  ///   - observer: nil for one that prints resume commands with the same `--data`
  static func with<Result>(
    data: DataRequest, compute: ComputeOptions, cluster options: ClusterOptions, standardWorkers: Int = 0,
    classes: DataRequest.ClassNames? = nil, observer: CommandObserver? = nil,
    _ body: (TrainingRun) throws -> Result
  ) throws -> Result {
    let context = try compute.makeContext()
    let logger = compute.logger
    let dataset = try data.load(compute, classes: classes)
    let cluster = try Cluster(
      options.settings(threads: context.team.count, standardWorkers: standardWorkers), on: context
    ) { logger.info("\($0)") }
    defer { cluster.close() }
    if let endpoint = cluster.endpoint { logger.info("workers may join: atelier worker --join \(endpoint)") }
    // From here on, the command can end cleanly.
    Interruption.watch()
    return try body(
      TrainingRun(
        dataset, source: data.source, on: cluster, context: context,
        observer: observer ?? CommandObserver(compute, data: data.data)))
  }
}

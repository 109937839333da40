internal import Cluster
internal import Compute
internal import Launching
internal import Logging
internal import Pipeline

extension TrainingRun {
  /// Loads the data, starts the workers, calls `body`, and stops the workers.
  /// - Parameters:
  ///   - classes: the classes that the data must have
  ///   - observer: nil for one that prints resume commands with the same data and workers
  static func with<Result>(
    data: DataRequest, compute: ComputeOptions, cluster options: ClusterOptions, standardWorkers: Int = 0,
    classes: DataRequest.ClassNames? = nil, observer: CommandObserver? = nil,
    _ body: (TrainingRun) throws -> Result
  ) throws -> Result {
    StatusSocket.open()
    defer { StatusSocket.close() }
    let context = try compute.makeContext(launched: options.job?.threads(ofCores: availableCores()))
    let logger = compute.logger
    // Other hosts prepare their workers while the data are read.
    let settings = try options.settings(threads: context.team.count, standardWorkers: standardWorkers) {
      logger.info("\($0)")
    }
    defer { settings.launcher?.end() }
    let dataset = try data.load(compute, classes: classes)
    let cluster = try Cluster(settings, on: context) { logger.info("\($0)") }
    // The workers of a stopped run wait for the one that resumes it.
    var isOver = true
    defer { cluster.close(isOver: isOver) }
    if let endpoint = cluster.endpoint, options.listen != nil {
      logger.info("workers may join: atelier worker --join \(endpoint)")
    }
    // From here on, the command can end cleanly.
    Interruption.watch()
    do {
      return try body(
        TrainingRun(
          dataset, source: data.source, on: cluster, context: context,
          observer: observer ?? CommandObserver(compute, arguments: data.shellArguments + options.shellArguments)))
    } catch is CancellationError {
      isOver = false
      throw CancellationError()
    }
  }
}

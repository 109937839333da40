package import Logging
package import Progress

/// Receives what happens during fits and sweeps, and decides whether they continue. A fit shows nothing itself.
///
/// All calls come from the thread that fits. Steps (fits, evaluations, searches) follow each other and do not overlap.
package protocol RunObserver: AnyObject {
  /// Receives a message to the user.
  func log(_ message: String, _ level: Logger.Level)

  /// Called before the first progress of a step.
  /// - Parameters:
  ///   - label: the name of the step, such as `forest`
  ///   - batch: the number of images in a step of the optimizer; nil for computations without such steps
  func beginStep(_ label: String, batch: Int?)

  /// Receives the progress of the current step.
  /// - Parameter sweep: the progress of the sweep that the step belongs to
  /// - Returns: false to stop; the fit then throws `CancellationError`
  func report(_ progress: ClusterProgress, of sweep: SweepProgress.Snapshot?) -> Bool

  /// Called after the last progress of a step, also if it failed.
  func endStep()

  /// Receives a network in training at the end of each epoch, and when its training is stopped.
  /// - Throws: any error, which ends the training
  func show(_ network: NetworkState) throws

  /// Receives the results of a fitted, evaluated and saved model.
  func finish(_ fit: FitReport)

  /// Called when a configuration of a search has a new score, and at the end of the search.
  /// - Parameters:
  ///   - trials: returns the scores so far; sorting them takes time if there are many configurations
  ///   - isEnd: whether the search has ended
  func showTrials(_ trials: () -> TrialScores, isEnd: Bool)

  /// Called when a stopped or failed computation can be resumed.
  func canResume(_ unfinished: UnfinishedRun)
}

extension RunObserver {
  func info(_ message: String) { log(message, .info) }

  func warning(_ message: String) { log(message, .warning) }

  /// Calls `body` as a step, and passes it the function that reports progress.
  func step<Result>(
    _ label: String, batch: Int? = nil, _ body: (_ report: @escaping (ClusterProgress) -> Bool) throws -> Result
  ) rethrows -> Result {
    beginStep(label, batch: batch)
    defer { endStep() }
    return try body { self.report($0, of: nil) }
  }
}

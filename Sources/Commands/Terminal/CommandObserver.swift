internal import Cluster
internal import Foundation
internal import Logging
internal import Models
internal import Pipeline
internal import Progress
internal import Reports
internal import Selection

/// Shows fits and sweeps of a command: on standard error, in the event log (`--events`), and on the live page
/// (`--live`). Signals stop them.
final class CommandObserver: RunObserver {
  private let options: ComputeOptions
  /// The options for data and workers of commands that resume.
  private let arguments: String
  private var reporter: ProgressReporter?
  private var attention: LiveAttention?
  /// The time of the last update of the table of trials.
  private var lastTrials = ContinuousClock.now

  /// The least time between updates of the table of trials, each of which takes all configurations into account.
  private static let trialsInterval = Duration.seconds(1)
  private static let mostTrials = 20

  /// - Parameter arguments: the options for data and workers, as arguments of a shell command
  init(_ options: ComputeOptions, arguments: String) { (self.options, self.arguments) = (options, arguments) }

  func log(_ message: String, _ level: Logger.Level) { options.logger.log(level: level, "\(message)") }

  // MARK: Steps

  func beginStep(_ label: String, batch: Int?) {
    reporter = ProgressReporter(label, batch: batch, options: options)
    attention = nil
  }

  func report(_ progress: ClusterProgress, of sweep: SweepProgress.Snapshot?) -> Bool {
    guard let reporter else { return !Interruption.isRequested }
    reporter.sweep = sweep
    return reporter.report(progress)
  }

  func endStep() { (reporter, attention) = (nil, nil) }

  // MARK: Results

  func show(_ network: NetworkState) throws {
    if attention == nil { attention = try LiveAttention(network) }
    try attention?.show(network.tensors)
  }

  func finish(_ fit: FitReport) { LiveRun.add(fit) }

  func showTrials(_ trials: () -> TrialScores, isEnd: Bool) {
    guard LiveRun.isOpen, isEnd || ContinuousClock.now - lastTrials > Self.trialsInterval else { return }
    lastTrials = ContinuousClock.now
    let trials = trials()
    LiveRun.show(
      LiveSections.trials(
        trials.scored.prefix(Self.mostTrials).map { ($0.configuration.description, $0.score) },
        done: trials.scored.count, of: trials.total, metric: trials.metric.rawValue))
  }

  // MARK: Resuming

  func canResume(_ unfinished: UnfinishedRun) {
    StandardError.shared.showLive([])
    let saved =
      switch unfinished {
      case .training: "the training is saved"
      case .parts: "completed parts of the model are saved"
      case .sweep: "completed fits are saved"
      }
    options.logger.warning("\(saved); resume with: \(Self.resumeCommand(unfinished))\(arguments)")
  }

  /// Returns the shell command that resumes a computation, without options.
  private static func resumeCommand(_ unfinished: UnfinishedRun) -> String {
    switch unfinished {
    case .training(let kind, let path), .parts(let kind, let path):
      "atelier train \(kind.rawValue) --resume \(path.shellWord)"
    case .sweep(let name): "atelier sweep --resume \(name)"
    }
  }
}

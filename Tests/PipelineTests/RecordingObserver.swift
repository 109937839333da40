import Cluster
import Compute
import Logging
import Models
import Pipeline
import Progress

/// Keeps what it receives, and stops a step when a test wants it to.
final class RecordingObserver: RunObserver {
  private(set) var messages: [String] = []
  private(set) var steps: [String] = []
  private(set) var openSteps = 0
  private(set) var epochs: [Int] = []
  private(set) var fits: [FitReport] = []
  private(set) var trials: [TrialScores] = []
  private(set) var unfinished: [UnfinishedRun] = []

  /// Returns whether to stop.
  private let stops: (ClusterProgress, SweepProgress.Snapshot?) -> Bool
  /// Called for each network in training.
  var onNetwork: (NetworkState) throws -> Void = { _ in }
  /// Called for each table of trials.
  var onTrials: (TrialScores) -> Void = { _ in }

  init(stopping stops: @escaping (ClusterProgress, SweepProgress.Snapshot?) -> Bool = { _, _ in false }) {
    self.stops = stops
  }

  func log(_ message: String, _ level: Logger.Level) { messages.append("\(level): \(message)") }

  func beginStep(_ label: String, batch: Int?) {
    steps.append(label)
    openSteps += 1
  }

  func report(_ progress: ClusterProgress, of sweep: SweepProgress.Snapshot?) -> Bool { !stops(progress, sweep) }

  func endStep() { openSteps -= 1 }

  func show(_ network: NetworkState) throws {
    epochs.append(network.tensors.first { $0.name == "history.loss" }?.elementCount ?? 0)
    try onNetwork(network)
  }

  func finish(_ fit: FitReport) { fits.append(fit) }

  func showTrials(_ trials: () -> TrialScores, isEnd: Bool) {
    self.trials.append(trials())
    onTrials(trials())
  }

  func canResume(_ unfinished: UnfinishedRun) { self.unfinished.append(unfinished) }
}

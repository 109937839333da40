internal import Foundation
internal import Models
internal import Pipeline
internal import Progress
internal import Reports

/// Reports the progress of a fit or prediction: a bar on a terminal, else a line of text from time to time.
final class ProgressReporter {
  private let label: String
  private let batch: Int?
  private let isQuiet: Bool
  private let start = ContinuousClock.now
  private var rate: WorkRate
  private var lastShown: ContinuousClock.Instant
  private var lastEvent: ContinuousClock.Instant
  /// The last validation accuracy, which is shown until there is a newer one.
  private var validationAccuracy: Double?
  private var workers: [WorkerLine] = []
  /// What the job waits for; nil while it is running.
  private var waiting: String?
  /// The progress of the sweep that the fits belong to.
  var sweep: SweepProgress.Snapshot?

  /// The least time between updates of the bar, between lines without a terminal, and between events.
  private static let barInterval = Duration.milliseconds(100)
  private static let lineInterval = Duration.seconds(10)
  private static let eventInterval = Duration.seconds(1)

  /// - Parameter batch: the number of images in a step of the training; nil for models without steps
  init(_ label: String, batch: Int? = nil, options: ComputeOptions) {
    (self.label, self.batch, isQuiet, lastShown) = (label, batch, options.quiet, start)
    rate = WorkRate(batch: batch)
    // The first progress is an event at once, however short the computation is.
    lastEvent = start - Self.eventInterval
  }

  deinit { end() }

  /// Removes the bar.
  func end() { if !isQuiet { StandardError.shared.showLive([]) } }

  /// Reports progress with a line for each worker, unless the only one is in this process.
  func report(_ progress: ClusterProgress) -> Bool {
    waiting = progress.waiting
    StatusSocket.update { [label] in $0.set(label, progress) }
    workers = progress.workers.count == 1 && progress.workers[0].process == Int(getpid()) ? [] : progress.workers
    return report(progress.fit)
  }

  /// Shows the progress if it is due.
  /// - Returns: false once the user has asked to stop
  func report(_ progress: FitProgress) -> Bool {
    rate.update(progress, at: seconds)
    if !isQuiet {
      if let waiting { StandardError.shared.showLive([waiting]) } else { show(progress) }
    }
    if EventLog.isOpen { writeEvent(progress) }
    if LiveRun.isOpen { showLive(progress) }
    return !Interruption.isRequested
  }

  private func writeEvent(_ progress: FitProgress) {
    let now = ContinuousClock.now
    guard progress.validationAccuracy != nil || now - lastEvent >= Self.eventInterval else { return }
    lastEvent = now
    EventLog.write(EventLog.ProgressEvent(label, progress, workers: workers, sweep: sweep))
  }

  private func showLive(_ progress: FitProgress) {
    if let waiting { return LiveRun.show(LiveSections.waiting(waiting)) }
    let text = text(progress)
    LiveRun.showProgress(label, progress, workers: workers, rate: text.rate, secondsLeft: text.secondsLeft)
  }

  /// Seconds since the computation began or was resumed.
  private var seconds: Double { (ContinuousClock.now - start) / .seconds(1) }

  private func text(_ progress: FitProgress) -> ProgressText {
    ProgressText(
      label: label, progress: progress, batch: batch, seconds: seconds, rate: rate.value,
      forecast: sweep?.secondsLeft)
  }

  private func show(_ progress: FitProgress) {
    let now = ContinuousClock.now
    let isEndOfEpoch = progress.validationAccuracy != nil
    let interval = StandardError.shared.isTerminal ? Self.barInterval : Self.lineInterval
    guard isEndOfEpoch || now - lastShown >= interval else { return }
    lastShown = now
    validationAccuracy = progress.validationAccuracy ?? validationAccuracy
    var current = progress
    current.validationAccuracy = validationAccuracy
    let text = text(current)
    // The line at the end of an epoch stays on the screen.
    if isEndOfEpoch || !StandardError.shared.isTerminal {
      StandardError.shared.write(text.line + (sweep.map { "; \($0.text)" } ?? ""))
    }
    let columns = StandardError.shared.columns
    StandardError.shared.showLive(
      [text.bar(columns: columns)] + (sweep.map { ["  \($0.text)"] } ?? [])
        + workers.map { $0.text(unit: progress.total > 0 ? progress.unit.rawValue : nil, columns: columns) })
  }
}

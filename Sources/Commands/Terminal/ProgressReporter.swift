internal import Cluster
internal import Compute
internal import Evaluation
internal import Foundation
internal import Models
internal import Reports

/// Shows how far a fit or a prediction is: a live bar on a terminal, else a plain line now and then.
final class ProgressReporter {
  private let label: String
  private let batch: Int?
  private let isQuiet: Bool
  private let start = ContinuousClock.now
  private var shown: ContinuousClock.Instant
  private var lastEvent: ContinuousClock.Instant
  private var doneBefore: Int?
  /// The last hold-out accuracy that was lastEvent; it is shown until there is a newer one.
  private var validationAccuracy: Double?
  private var workers: [ClusterProgress.WorkerLine] = []
  /// Whom the job waits for.
  private var waiting: String?
  /// Of a sweep: what its fits have come to.
  var sweep: SweepProgress.Snapshot?

  /// How often the bar changes, and how often a line is written where there is no terminal.
  private static let barInterval = Duration.milliseconds(100)
  private static let lineInterval = Duration.seconds(10)
  private static let eventInterval = Duration.seconds(1)

  /// - Parameter batch: images in one step of the training, where there are steps.
  init(_ label: String, batch: Int? = nil, options: ComputeOptions) {
    (self.label, self.batch, isQuiet, shown) = (label, batch, options.quiet, start)
    // Machines are lastEvent at once, however short the work is.
    lastEvent = start - Self.eventInterval
  }

  deinit { end() }

  /// Takes the bar away.
  func end() { if !isQuiet { StandardError.shared.showLive([]) } }

  /// The same, with what each worker does; a worker within this process needs no line of its own.
  func report(_ progress: ClusterProgress) -> Bool {
    waiting = progress.waiting
    workers = progress.workers.count == 1 && progress.workers[0].process == Int(getpid()) ? [] : progress.workers
    return report(progress.fit)
  }

  /// Shows the progress if it is time to; false once the user wants to stop.
  func report(_ progress: FitProgress) -> Bool {
    // A resumed training begins in the middle: what was done before says nothing about speed.
    doneBefore = doneBefore ?? batch.map { ProgressText.doneInAll(progress) - $0 } ?? 0
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

  private func text(_ progress: FitProgress) -> ProgressText {
    ProgressText(
      label: label, progress: progress, batch: batch, seconds: (ContinuousClock.now - start) / .seconds(1),
      doneBefore: doneBefore ?? 0, forecast: sweep?.secondsLeft)
  }

  private func show(_ progress: FitProgress) {
    let now = ContinuousClock.now
    let isEndOfEpoch = progress.validationAccuracy != nil
    let interval = StandardError.shared.isTerminal ? Self.barInterval : Self.lineInterval
    guard isEndOfEpoch || now - shown >= interval else { return }
    shown = now
    validationAccuracy = progress.validationAccuracy ?? validationAccuracy
    var current = progress
    current.validationAccuracy = validationAccuracy
    let text = text(current)
    // The end of an epoch stays on the screen.
    if isEndOfEpoch || !StandardError.shared.isTerminal {
      StandardError.shared.write(text.line + (sweep.map { "; \($0.text)" } ?? ""))
    }
    StandardError.shared.showLive(
      [text.bar(columns: StandardError.shared.columns)] + (sweep.map { ["  \($0.text)"] } ?? [])
        + workers.map { $0.text(unit: progress.total > 0 ? progress.unit.rawValue : nil) })
  }
}

extension ClusterProgress.WorkerLine {
  /// For instance `  host 4711  2 threads avx512  images 960 to 1919  2870 images/s  48 %  0.1 s ago`.
  /// - Parameter unit: of what is counted; nil where nothing is.
  fileprivate func text(unit: String?) -> String {
    let seen = lastSeen >= 1_000 ? "  last seen \(formatted(Double(lastSeen) / 1000, digits: 0)) s ago" : ""
    let worker = "  \(host) \(process)  \(counted(threads, "thread")) \(instructionSet)"
    guard let unit else { return worker + seen }
    return "\(worker)  \(activity)  \(formatted(rate, digits: rate < 100 ? 1 : 0)) \(self.unit ?? unit)/s"
      + "  \(formatted(100 * share, digits: 0)) %\(seen)"
  }
}

internal import Evaluation
internal import Foundation
internal import Models

/// How far a piece of work is, as one line of text.
struct ProgressText {
  let label: String
  let progress: FitProgress
  /// Images in one step of the training; nil where there are no steps.
  let batch: Int?
  /// Seconds since the work began (or went on).
  let seconds: Double
  /// Units that had been done before it began, in all epochs.
  let doneBefore: Int
  /// Seconds until the end, where more is known than the rate.
  var forecast: Double?

  /// Units done in all epochs.
  static func doneInAll(_ progress: FitProgress) -> Int {
    ((progress.epoch ?? 1) - 1) * progress.total + progress.done
  }

  var rate: Double { seconds > 0 ? Double(Self.doneInAll(progress) - doneBefore) / seconds : 0 }

  var secondsLeft: Double? {
    if let forecast { return forecast }
    let left = (progress.epochs ?? 1) * progress.total - Self.doneInAll(progress)
    return rate > 0 ? Double(left) / rate : nil
  }

  /// A line for a log: `forest: 120 of 300 trees, 0:07 left, 25.1 trees/s`.
  var line: String { "\(label): " + (position + measures).joined(separator: ", ") }

  /// A line that changes in place: `forest [####--------]  120 of 300 trees  0:07 left  25.1 trees/s`.
  var bar: String {
    let width = 12
    let whole = Double((progress.epochs ?? 1) * progress.total)
    let share = whole > 0 ? Double(Self.doneInAll(progress)) / whole : 0
    let filled = min(max(Int(share * Double(width)), 0), width)
    let bar = String(repeating: "#", count: filled) + String(repeating: "-", count: width - filled)
    return (["\(label) [\(bar)]"] + position + measures).joined(separator: "  ")
  }

  private var position: [String] {
    guard let epoch = progress.epoch, let epochs = progress.epochs else {
      return ["\(progress.done) of \(progress.total) \(progress.unit.rawValue)"]
    }
    guard let batch, batch > 0 else { return ["epoch \(epoch) of \(epochs)"] }
    // A set smaller than a batch is one batch.
    let size = min(batch, max(progress.total, 1))
    return ["epoch \(epoch) of \(epochs)", "batch \(progress.done / size) of \(progress.total / size)"]
  }

  /// What a narrow terminal may cut off stands last.
  private var measures: [String] {
    var measures: [String] = []
    if let left = secondsLeft, left >= 1 { measures.append("\(Self.clock(left)) left") }
    measures.append("\(formatted(rate, digits: rate < 100 ? 1 : 0)) \(progress.unit.rawValue)/s")
    if let loss = progress.loss { measures.append("loss \(formatted(loss, digits: 4))") }
    if let accuracy = progress.validationAccuracy {
      measures.append("validation \(formatted(100 * accuracy, digits: 2)) %")
    }
    return measures
  }

  /// `0:07`, `12:34`, `1:02:03`
  static func clock(_ seconds: Double) -> String {
    let whole = Int(min(seconds, 1e9).rounded())
    let (hours, minutes) = (whole / 3600, whole / 60 % 60)
    return hours > 0
      ? String(format: "%d:%02d:%02d", hours, minutes, whole % 60) : String(format: "%d:%02d", minutes, whole % 60)
  }
}

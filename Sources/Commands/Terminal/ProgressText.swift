internal import Foundation
internal import Progress
internal import Text

/// The progress of a computation as a line of text.
struct ProgressText {
  let label: String
  let progress: FitProgress
  /// The number of images in a step of the training; nil for models without steps.
  let batch: Int?
  /// Seconds since the computation began or was resumed.
  let seconds: Double
  /// Completed items per second; 0 if it is not known yet.
  let rate: Double
  /// A better estimate of the seconds left than the rate gives.
  var forecast: Double?

  var secondsLeft: Double? {
    if let forecast { return forecast }
    let left = (progress.epochs ?? 1) * progress.total - progress.doneInAllEpochs
    return rate > 0 ? Double(left) / rate : nil
  }

  /// A line for a log: `forest: 120 of 300 trees, 0:07 left, 25.1 trees/s`.
  var line: String { "\(label): " + (position + speed + quality).joined(separator: ", ") }

  /// A line that changes in place, such as
  /// `cnn [####----]  epoch 2/4  57/445  loss 0.7125  validation 89.13 %  0:07 left  2778 images/s`.
  /// The least important fields are omitted if the line is too long.
  func bar(columns: Int) -> String {
    let width = 8
    let whole = Double((progress.epochs ?? 1) * progress.total)
    let fraction = whole > 0 ? Double(progress.doneInAllEpochs) / whole : 0
    let filled = min(max(Int(fraction * Double(width)), 0), width)
    let bar = String(repeating: "#", count: filled) + String(repeating: "-", count: width - filled)
    var line = "\(label) [\(bar)]"
    for field in shortPosition + quality + speed where line.count + 2 + field.count < columns { line += "  \(field)" }
    return line
  }

  private var shortPosition: [String] {
    guard progress.total > 0, let epoch = progress.epoch, let epochs = progress.epochs else { return position }
    return ["epoch \(epoch)/\(epochs)"] + (steps.map { ["\($0.done)/\($0.total)"] } ?? [])
  }

  private var position: [String] {
    guard progress.total > 0 else { return ["\(Self.clock(seconds)) elapsed"] }
    guard let epoch = progress.epoch, let epochs = progress.epochs else {
      return ["\(progress.done) of \(progress.total) \(progress.unit.rawValue)"]
    }
    return ["epoch \(epoch) of \(epochs)"] + (steps.map { ["batch \($0.done) of \($0.total)"] } ?? [])
  }

  /// The steps of the current epoch.
  private var steps: (done: Int, total: Int)? {
    guard let batch, batch > 0 else { return nil }
    // A training set smaller than a batch is one batch.
    let size = min(batch, max(progress.total, 1))
    return (progress.done / size, progress.total / size)
  }

  private var speed: [String] {
    guard progress.total > 0 else { return [] }
    let speed = rate > 0 ? ["\(formatted(rate, digits: rate < 100 ? 1 : 0)) \(progress.unit.rawValue)/s"] : []
    guard let left = secondsLeft, left >= 1 else { return speed }
    return ["\(Self.clock(left)) left"] + speed
  }

  private var quality: [String] {
    [
      progress.loss.map { "loss \(formatted($0, digits: 4))" },
      progress.validationAccuracy.map { "validation \(formatted(100 * $0, digits: 2)) %" },
    ].compactMap { $0 }
  }

  /// Formats seconds as `0:07`, `12:34` or `1:02:03`.
  static func clock(_ seconds: Double) -> String {
    let whole = Int(min(seconds, 1e9).rounded())
    let (hours, minutes) = (whole / 3600, whole / 60 % 60)
    return hours > 0
      ? String(format: "%d:%02d:%02d", hours, minutes, whole % 60) : String(format: "%d:%02d", minutes, whole % 60)
  }
}

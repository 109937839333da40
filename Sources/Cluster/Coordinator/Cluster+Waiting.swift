package import Coordination
internal import Text

/// Schedules the message about missing workers, which is repeated at growing intervals.
package struct WaitingReport {
  /// The time of the next line.
  private var nextLine: Milliseconds?
  private var interval: Milliseconds = 10_000

  /// Local workers start within this time, so that no line is needed.
  private static let firstLineDelay: Milliseconds = 2_000
  private static let maxInterval: Milliseconds = 600_000

  package init() {}

  /// - Parameters:
  ///   - text: The message, or nil if no worker is awaited.
  ///   - isDelayed: Whether to delay the first line.
  /// - Returns: The message if it is due: at first immediately, then at growing intervals.
  package mutating func line(_ text: String?, isDelayed: Bool, at now: Milliseconds) -> String? {
    guard let text else {
      (nextLine, interval) = (nil, 10_000)
      return nil
    }
    guard let due = nextLine ?? (isDelayed ? nil : now) else {
      nextLine = now + Self.firstLineDelay
      return nil
    }
    guard now >= due else { return nil }
    nextLine = now + interval
    interval = min(2 * interval, Self.maxInterval)
    return text
  }
}

extension Cluster {
  /// The message about missing workers; nil if the current job does not wait for any.
  var waiting: String? {
    guard !settings.isOneProcess, let (joined, wanted) = coordinator.awaitedWorkers else { return nil }
    let missing = "waiting for \(wanted - joined) of \(counted(wanted, "worker")) to join"
    guard let endpoint, settings.launcher == nil, !settings.endsWorkers else { return missing }
    return "\(missing) \(endpoint); `atelier worker --join \(endpoint)` starts one"
  }

  func reportAwaitedWorkers() {
    if let line = waitingReport.line(waiting, isDelayed: settings.listen == nil, at: now) {
      report(line, isFault: false)
    }
  }
}

internal import Compute
package import Coordination

/// What people are told while workers are awaited.
package struct WaitingReport {
  /// When the next line is due.
  private var nextLine: Milliseconds?
  private var interval: Milliseconds = 10_000

  /// Local workers take a moment, which is not worth a line.
  private static let firstLineDelay: Milliseconds = 2_000
  private static let maxInterval: Milliseconds = 600_000

  package init() {}

  /// - Parameters:
  ///   - text: nil if nobody is awaited
  ///   - isDelayed: whether to wait a moment with the first line
  /// - Returns: a line that it is time for: one at once, and then ever more seldom
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
  /// Whom the job in hand waits for; nil if enough workers are there.
  var waiting: String? {
    guard !settings.isOneProcess, let (joined, wanted) = coordinator.awaitedWorkers else { return nil }
    let missing = "waiting for \(wanted - joined) of \(counted(wanted, "worker")) to join"
    guard let endpoint else { return missing }
    return "\(missing) \(endpoint); `atelier worker --join \(endpoint)` starts one"
  }

  func reportAwaitedWorkers() {
    if let line = waitingReport.line(waiting, isDelayed: settings.listen == nil, at: now) { report(line, isFault: false) }
  }
}

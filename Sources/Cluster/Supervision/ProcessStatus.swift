package import Coordination
internal import Foundation

/// What a process reports to its supervisor.
package struct ProcessStatus: Sendable, Equatable {
  /// Whether a coordinator listens, or a worker is connected to its coordinator.
  package var isReady = false
  /// The time of the last iteration of the process's loop, by the host's monotonic clock; nil while no loop is running.
  package var lastIteration: Milliseconds?
  /// What the process does, in one line.
  package var text: String

  package init(text: String) { self.text = text }

  /// The age of the last iteration from which the loop counts as hanging, in milliseconds.
  package static let longestIteration: Milliseconds = 30_000

  /// - Parameter now: The time by the host's monotonic clock.
  package func isAlive(at now: Milliseconds) -> Bool {
    lastIteration.map { now - $0 < Self.longestIteration } ?? true
  }

  package var isAlive: Bool { isAlive(at: monotonicMilliseconds()) }

  /// The content of a status file.
  package var fileText: String {
    "\(isReady ? "ready" : "starting") \(lastIteration.map { "\($0)" } ?? "-") \(text)\n"
  }

  /// - Returns: nil unless the text is the content of a status file.
  package init?(fileText: String) {
    let fields = fileText.prefix { $0 != "\n" }.split(separator: " ", maxSplits: 2, omittingEmptySubsequences: false)
    guard fields.count == 3, ["ready", "starting"].contains(fields[0]) else { return nil }
    guard fields[1] == "-" || Milliseconds(fields[1]) != nil else { return nil }
    (isReady, lastIteration, text) = (fields[0] == "ready", Milliseconds(fields[1]), String(fields[2]))
  }
}

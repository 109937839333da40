package import Coordination

/// Limits the restarts of a worker process: if it crashes repeatedly soon after its start, further restarts do not
/// help.
package struct Restarts {
  private var count = 0

  private static let maxRestarts = 8
  /// A process that ran for this time did not crash because of its start.
  private static let stableTime: Milliseconds = 60_000

  package init() {}

  package var canStart: Bool { count <= Self.maxRestarts }

  /// The delay before the next attempt if the process could not be started. It doubles each time, up to half a minute.
  package var delay: Milliseconds { min(250 << min(count, 8), 30_000) }

  /// Records a crash.
  /// - Parameter life: The time that the process had run; 0 if it could not be started.
  package mutating func noteCrash(afterRunning life: Milliseconds) {
    if life >= Self.stableTime { count = 0 }
    count += 1
  }

  /// Resets the count, because the cause of the crashes has been found.
  package mutating func forgive() { count = 0 }
}

package import Coordination

/// How often a worker process is started again: one that dies again and again soon after its start has something that
/// another start does not mend.
package struct Restarts {
  private var count = 0

  private static let maxRestarts = 8
  /// Who has lived so long did not die of its start.
  private static let life: Milliseconds = 60_000

  package init() {}

  package var mayStart: Bool { count <= Self.maxRestarts }

  /// Before one that could not be started is tried again: longer each time, up to half a minute.
  package var rest: Milliseconds { min(250 << min(count, 8), 30_000) }

  /// - Parameter life: how long the process had lived when it died; 0 if it could not be started
  package mutating func noteCrash(afterRunning life: Milliseconds) {
    if life >= Self.life { count = 0 }
    count += 1
  }

  /// It has become known what it died of.
  package mutating func forgive() { count = 0 }
}

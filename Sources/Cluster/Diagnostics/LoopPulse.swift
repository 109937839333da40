internal import Synchronization

/// The time of the last iteration of the coordinator's loop, by which other threads detect that it hangs.
package enum LoopPulse {
  private static let last = Mutex<ContinuousClock.Instant?>(nil)

  /// Records the beginning of an iteration.
  static func beat() { last.withLock { $0 = .now } }

  /// Records that the loop has ended with its job.
  static func end() { last.withLock { $0 = nil } }

  /// Seconds since the beginning of the last iteration; nil if no job is running.
  package static var age: Double? { last.withLock { $0.map { (.now - $0) / .seconds(1) } } }
}

internal import Synchronization

/// When the coordinator's loop was last at its beginning: how others in the process notice that it hangs.
package enum LoopPulse {
  private static let last = Mutex<ContinuousClock.Instant?>(nil)

  /// The loop is at its beginning.
  static func beat() { last.withLock { $0 = .now } }

  /// The loop is left, because its job is done.
  static func end() { last.withLock { $0 = nil } }

  /// Seconds since the loop was at its beginning; nil while no job is in hand.
  package static var age: Double? { last.withLock { $0.map { (.now - $0) / .seconds(1) } } }
}

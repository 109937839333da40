/// A clock that stands still while the process is suspended or its host sleeps, so that deadlines move by the pause.
///
/// Callers read the clock several times per heartbeat. A much longer gap between two readings is a pause: messages that
/// arrived during it have not been handled yet, so a missing message proves nothing.
package struct PauseClock: Sendable {
  private var last: Milliseconds?
  private var skipped: Milliseconds = 0
  /// The longest gap that is not a pause.
  private let longestGap: Milliseconds
  /// The part of a pause that counts as time, so that a process that is late again and again still declares silent
  /// workers lost.
  private let counted: Milliseconds

  package init(_ limits: Limits) {
    longestGap = max(2 * limits.heartbeat, limits.workerTimeout / 4)
    counted = limits.heartbeat
  }

  /// - Parameter isTick: Whether the reading starts the detection of pauses, if none has before.
  /// - Returns: The time, and the length of the pause that has just ended; 0 if there was none.
  package mutating func read(_ now: Milliseconds, isTick: Bool) -> (time: Milliseconds, pause: Milliseconds) {
    var pause = 0
    if let last, now - last > longestGap {
      pause = now - last - counted
      skipped += pause
    }
    if isTick || last != nil { last = now }
    return (now - skipped, pause)
  }

  /// Converts a time of this clock to the time of the caller.
  package func externalTime(of time: Milliseconds) -> Milliseconds { time + skipped }
}

/// Time that stands still while the process does: a process that was suspended, or whose host slept, finds its
/// deadlines as far away as before.
///
/// Whoever reads it ticks several times in a heartbeat. A gap that is much longer is a pause: nothing that happened
/// meanwhile has been seen yet, so nothing may be concluded from silence.
package struct PauseClock: Sendable {
  private var last: Milliseconds?
  private var skipped: Milliseconds = 0
  /// A gap that is longer is a pause.
  private let longestGap: Milliseconds
  /// So much of a pause counts as time: whoever is late again and again must still notice who is lost.
  private let counted: Milliseconds

  package init(_ limits: Limits) {
    longestGap = max(2 * limits.heartbeat, limits.workerTimeout / 4)
    counted = limits.heartbeat
  }

  /// - Parameter isTick: pauses are known from the first tick on.
  /// - Returns: the time, and how long the pause was that has ended just now; 0 if there was none.
  package mutating func read(_ now: Milliseconds, isTick: Bool) -> (time: Milliseconds, pause: Milliseconds) {
    var pause = 0
    if let last, now - last > longestGap {
      pause = now - last - counted
      skipped += pause
    }
    if isTick || last != nil { last = now }
    return (now - skipped, pause)
  }

  /// What a time of this clock is for others.
  package func outside(_ time: Milliseconds) -> Milliseconds { time + skipped }
}

internal import Foundation
internal import Synchronization

/// Ctrl-C (SIGINT), SIGTERM and SIGHUP (the terminal is closed): the first asks the work in hand to end cleanly. Another one ends the process at
/// once, but only some time later: `timeout` sends SIGTERM to its child and then to the process group, and means one.
enum Interruption {
  private static let signalNumber = Atomic<Int32>(0)
  /// When it arrived, in milliseconds of the monotonic clock.
  private static let arrival = Atomic<Int>(0)

  /// Signals that follow the first within so many milliseconds are the same wish.
  private static let repeatWindow = 2_000

  /// The signal that arrived; nil if none did.
  static var signal: Int32? {
    let number = signalNumber.load(ordering: .relaxed)
    return number == 0 ? nil : number
  }

  static var isRequested: Bool { signal != nil }

  /// Whether someone looks at ``isRequested`` now and then. Before, for instance while data are read, a signal ends the process at once.
  private static let isWatched = Atomic<Bool>(false)

  /// From now on, the first signal asks and does not end.
  static func watch() { isWatched.store(true, ordering: .relaxed) }

  /// Takes over the three signals, and ignores SIGPIPE, so that a reader that has seen enough does not end a training. A SIGHUP that is ignored
  /// already stays so: `nohup` has started this process.
  static func install() {
    Foundation.signal(SIGPIPE, SIG_IGN)
    // Made before any signal can arrive, because a handler may not.
    signalNumber.store(0, ordering: .relaxed)
    arrival.store(0, ordering: .relaxed)
    isWatched.store(false, ordering: .relaxed)
    var action = sigaction()
    action.__sigaction_handler.sa_handler = { number in
      guard Interruption.isWatched.load(ordering: .relaxed) else { _exit(128 + number) }
      let now = Interruption.now
      if Interruption.signalNumber.compareExchange(expected: 0, desired: number, ordering: .relaxed).exchanged {
        Interruption.arrival.store(now, ordering: .relaxed)
      } else if now - Interruption.arrival.load(ordering: .relaxed) > Interruption.repeatWindow {
        _exit(128 + number)
      }
    }
    action.sa_flags = SA_RESTART
    let taken = [SIGINT, SIGTERM] + (isIgnored(SIGHUP) ? [] : [SIGHUP])
    // A process inherits what the one that started it blocked, and so would what this one starts.
    var signals = sigset_t()
    sigemptyset(&signals)
    for number in taken {
      sigaction(number, &action, nil)
      sigaddset(&signals, number)
    }
    pthread_sigmask(SIG_UNBLOCK, &signals, nil)
  }

  private static func isIgnored(_ number: Int32) -> Bool {
    var action = sigaction()
    guard sigaction(number, nil, &action) == 0 else { return false }
    return unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self) == unsafeBitCast(SIG_IGN, to: Int.self)
  }

  /// Reading the clock is allowed in a signal handler.
  private static var now: Int {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Int(time.tv_sec) * 1_000 + Int(time.tv_nsec) / 1_000_000
  }
}

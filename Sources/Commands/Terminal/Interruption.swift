internal import Files
internal import Foundation
internal import Synchronization

/// Handling of SIGINT (Ctrl-C), SIGTERM and SIGHUP (a closed terminal). The first signal requests a clean end; a later
/// one ends the process at once. Signals in quick succession count as one, because `timeout` sends SIGTERM both to its
/// child and to the process group.
enum Interruption {
  private static let signalNumber = Atomic<Int32>(0)
  /// The time of the first signal, in milliseconds of the monotonic clock.
  private static let arrival = Atomic<Int>(0)

  /// Signals within this many milliseconds after the first are ignored.
  private static let repeatWindow = 2_000

  /// The first signal that arrived; nil if none did.
  static var signal: Int32? {
    let number = signalNumber.load(ordering: .relaxed)
    return number == 0 ? nil : number
  }

  static var isRequested: Bool { signal != nil }

  /// The last line of a command that was stopped.
  static var message: String {
    switch signal {
    case SIGTERM: "stopped by SIGTERM before the end"
    case SIGHUP: "stopped by SIGHUP before the end"
    case SIGINT: "stopped by SIGINT (Ctrl-C) before the end"
    default: "stopped before the end"
    }
  }

  /// Whether the running code polls ``isRequested``. Before that, for example while data are read, a signal ends the
  /// process at once.
  private static let isWatched = Atomic<Bool>(false)

  /// Makes the first signal set ``isRequested`` instead of ending the process.
  static func watch() { isWatched.store(true, ordering: .relaxed) }

  /// Calls `body`, during which a signal ends the process at once.
  static func unwatched<Result, Failure: Error>(_ body: () throws(Failure) -> Result) throws(Failure) -> Result {
    let before = isWatched.exchange(false, ordering: .relaxed)
    defer { isWatched.store(before, ordering: .relaxed) }
    return try body()
  }

  /// Installs the handler, and ignores SIGPIPE, so that a reader that closes its pipe does not end a training. SIGHUP
  /// stays ignored if it already is, because `nohup` started this process.
  static func install() {
    Foundation.signal(SIGPIPE, SIG_IGN)
    // Initializes the statics now: a signal handler must not.
    signalNumber.store(0, ordering: .relaxed)
    arrival.store(0, ordering: .relaxed)
    isWatched.store(false, ordering: .relaxed)
    PartialFileRegistry.prepare()
    var action = action
    let taken = [SIGINT, SIGTERM] + (isIgnored(SIGHUP) ? [] : [SIGHUP])
    // Blocked signals are inherited from the parent, and would be by child processes.
    var signals = sigset_t()
    sigemptyset(&signals)
    for number in taken {
      sigaction(number, &action, nil)
      sigaddset(&signals, number)
    }
    pthread_sigmask(SIG_UNBLOCK, &signals, nil)
  }

  /// Leaves the usual signals to the coordinator that started this process, because they reach both. SIGUSR1 ends it.
  static func hold() {
    for number in [SIGINT, SIGTERM, SIGHUP] { Foundation.signal(number, SIG_IGN) }
    var action = action
    sigaction(SIGUSR1, &action, nil)
  }

  private static var action: sigaction {
    var action = sigaction()
    action.__sigaction_handler.sa_handler = { number in
      guard Interruption.isWatched.load(ordering: .relaxed) else { Interruption.end(number) }
      let now = Interruption.now
      if Interruption.signalNumber.compareExchange(expected: 0, desired: number, ordering: .relaxed).exchanged {
        Interruption.arrival.store(now, ordering: .relaxed)
      } else if now - Interruption.arrival.load(ordering: .relaxed) > Interruption.repeatWindow {
        Interruption.end(number)
      }
    }
    action.sa_flags = SA_RESTART
    return action
  }

  /// Ends the process. Leaves no partial files.
  private static func end(_ number: Int32) -> Never {
    PartialFileRegistry.removeFiles()
    _exit(128 + number)
  }

  private static func isIgnored(_ number: Int32) -> Bool {
    var action = sigaction()
    guard sigaction(number, nil, &action) == 0 else { return false }
    return unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self) == unsafeBitCast(SIG_IGN, to: Int.self)
  }

  /// The monotonic clock in milliseconds; safe to read in a signal handler.
  private static var now: Int {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Int(time.tv_sec) * 1_000 + Int(time.tv_nsec) / 1_000_000
  }
}

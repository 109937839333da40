internal import Foundation
internal import Synchronization

/// Ctrl-C (SIGINT) and SIGTERM: the first asks the work in hand to end cleanly, the second ends the process.
enum Interruption {
  private static let signalNumber = Atomic<Int32>(0)

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

  /// Takes over both signals, and ignores SIGPIPE, so that a reader that has seen enough does not end a training.
  static func install() {
    Foundation.signal(SIGPIPE, SIG_IGN)
    // Made before any signal can arrive, because a handler may not.
    signalNumber.store(0, ordering: .relaxed)
    isWatched.store(false, ordering: .relaxed)
    var action = sigaction()
    action.__sigaction_handler.sa_handler = { number in
      let before = Interruption.signalNumber.exchange(number, ordering: .relaxed)
      if before != 0 || !Interruption.isWatched.load(ordering: .relaxed) { _exit(128 + number) }
    }
    action.sa_flags = SA_RESTART
    for number in [SIGINT, SIGTERM] { sigaction(number, &action, nil) }
    // A process inherits what the one that started it blocked, and so would what this one starts.
    var signals = sigset_t()
    sigemptyset(&signals)
    for number in [SIGINT, SIGTERM] { sigaddset(&signals, number) }
    pthread_sigmask(SIG_UNBLOCK, &signals, nil)
  }
}

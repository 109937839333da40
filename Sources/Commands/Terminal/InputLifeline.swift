internal import Compute
internal import Foundation
internal import Synchronization

/// Ends a worker with the connection to the coordinator that started it: standard input, on which the coordinator sends
/// a byte every few seconds.
enum InputLifeline {
  private static let hasEnded = Atomic(false)

  /// The time in milliseconds without a byte after which the connection counts as lost.
  private static let timeout: Int32 = 60_000
  /// The time in seconds in which the worker can end cleanly.
  private static let graceTime: UInt32 = 5

  static var isCut: Bool { hasEnded.load(ordering: .relaxed) }

  /// - Throws: ``ResourceLimitError`` if the system cannot start a thread
  static func watch() throws(ResourceLimitError) {
    try SystemThread.start("atelier-input") {
      var bytes = [UInt8](repeating: 0, count: 256)
      while true {
        var input = pollfd(fd: 0, events: Int16(POLLIN), revents: 0)
        let ready = poll(&input, 1, timeout)
        if ready < 0, errno == EINTR { continue }
        guard ready > 0 else { break }
        let count = read(0, &bytes, bytes.count)
        if count < 0, errno == EINTR || errno == EAGAIN { continue }
        guard count > 0 else { break }
      }
      hasEnded.store(true, ordering: .relaxed)
      sleep(graceTime)
      _exit(EX_UNAVAILABLE)
    }
  }
}

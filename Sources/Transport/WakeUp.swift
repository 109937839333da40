internal import Foundation

/// Wakes a thread that waits in ``Socket/wait(milliseconds:descriptor:)`` from any other thread.
package final class WakeUp: Sendable {
  package let descriptor: Int32
  private let writing: Int32

  /// - Throws: ``TransportError`` if the process may open no more files.
  package init() throws(TransportError) {
    var ends: [Int32] = [-1, -1]
    guard pipe(&ends) == 0 else { throw TransportError(making: "a pipe", code: errno) }
    for end in ends {
      _ = fcntl(end, F_SETFL, O_NONBLOCK)
      _ = fcntl(end, F_SETFD, FD_CLOEXEC)
    }
    (descriptor, writing) = (ends[0], ends[1])
  }

  deinit {
    close(descriptor)
    close(writing)
  }

  /// Wakes the waiting thread, or its next wait. A full pipe is no error: it wakes the thread as well.
  package func wake() {
    var byte: UInt8 = 1
    _ = write(writing, &byte, 1)
  }

  /// Clears the signal after the thread has woken, so that the next wait blocks again.
  package func reset() {
    var bytes = [UInt8](repeating: 0, count: 256)
    while read(descriptor, &bytes, bytes.count) == bytes.count {}
  }
}

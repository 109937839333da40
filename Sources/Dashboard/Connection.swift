internal import Foundation

/// The socket of one client. It is read and written on its own thread, so that a slow or silent client does not delay
/// others; each operation has a timeout, so that the client does not occupy the thread for long.
struct Connection {
  /// POLLRDHUP of poll(2), which the Glibc module does not export.
  private static let peerHasEnded: Int16 = 0x2000

  private let descriptor: Int32
  private let limits: ClientLimits

  init(_ descriptor: Int32, _ limits: ClientLimits) {
    (self.descriptor, self.limits) = (descriptor, limits)
    // A blocked call checks its deadline once a second.
    var second = timeval(tv_sec: 1, tv_usec: 0)
    let size = socklen_t(MemoryLayout<timeval>.size)
    setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &second, size)
    setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &second, size)
  }

  /// Sends all bytes.
  /// - Returns: false if the client is gone or the timeout has passed
  func send(_ bytes: [UInt8]) -> Bool {
    let end = Deadline(seconds: limits.sendSeconds)
    var sent = 0
    while sent < bytes.count {
      let count = bytes.withUnsafeBytes {
        Foundation.send(descriptor, $0.baseAddress! + sent, bytes.count - sent, Int32(MSG_NOSIGNAL))
      }
      if count >= 0 { sent += count } else if !isTransient(errno) { return false }
      if sent < bytes.count, end.hasPassed { return false }
    }
    return true
  }

  /// Waits for the given time, or until the client closes the connection or ``LiveServer/stop()`` shuts it down.
  /// - Returns: whether the full time has passed
  func wait(milliseconds: Int32) -> Bool {
    var polled = pollfd(fd: descriptor, events: Self.peerHasEnded, revents: 0)
    return poll(&polled, 1, milliseconds) == 0 || polled.revents == 0
  }

  /// Shuts down the sending side and waits briefly for the client to close. Closing a socket with unread data would
  /// reset the connection, and a client that has not read the response yet could lose it.
  func finish() {
    shutdown(descriptor, Int32(SHUT_WR))
    let end = Deadline(seconds: 1)
    var chunk = [UInt8](repeating: 0, count: 4096)
    while !end.hasPassed {
      let count = recv(descriptor, &chunk, chunk.count, 0)
      if count == 0 || count < 0 && !isTransient(errno) { return }
    }
  }

  private func isTransient(_ code: Int32) -> Bool { code == EAGAIN || code == EWOULDBLOCK || code == EINTR }
}

struct Deadline {
  private let end: UInt64

  init(seconds: Int) { end = Self.now + UInt64(seconds) * 1_000_000_000 }

  private static var now: UInt64 { DispatchTime.now().uptimeNanoseconds }

  var hasPassed: Bool { Self.now >= end }
}

internal import Foundation

/// One client's socket. A thread of its own reads and writes, so a client that is slow, or silent, holds up nobody else;
/// and each operation has an end, so it does not hold that thread for long either.
struct Connection {
  /// POLLRDHUP of poll(2), which Glibc's module leaves out.
  private static let peerHasEnded: Int16 = 0x2000

  private let descriptor: Int32
  private let limits: ClientLimits

  init(_ descriptor: Int32, _ limits: ClientLimits) {
    (self.descriptor, self.limits) = (descriptor, limits)
    // A blocked call looks at the clock once a second.
    var second = timeval(tv_sec: 1, tv_usec: 0)
    let size = socklen_t(MemoryLayout<timeval>.size)
    setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &second, size)
    setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &second, size)
  }

  /// - Returns: whether all of it left in time.
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

  /// Waits that long, or until no more can come from the other end: it left, or ``LiveServer/stop()`` says so.
  /// - Returns: whether the time passed.
  func wait(milliseconds: Int32) -> Bool {
    var polled = pollfd(fd: descriptor, events: Self.peerHasEnded, revents: 0)
    return poll(&polled, 1, milliseconds) == 0 || polled.revents == 0
  }

  /// Says goodbye and waits a little for the client to do so: to close with something unread would be a reset, which can
  /// take the answer away from a client that has not read it yet.
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

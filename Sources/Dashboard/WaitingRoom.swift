internal import Foundation

/// Connections whose request has not arrived yet. They share one thread, so that silent connections delay no others; if
/// there are too many, the oldest one is closed.
struct WaitingRoom {
  enum Arrival {
    case head([UInt8])
    case tooLong
  }

  private struct Guest {
    let descriptor: Int32
    var end: Deadline
    var bytes: [UInt8] = []
    /// Whether the response was sent; the connection is then read only until the client closes it, see
    /// ``Connection/finish()``.
    var isAnswered = false
  }

  private var guests: [Guest] = []
  private let limits: ClientLimits

  init(_ limits: ClientLimits) { self.limits = limits }

  /// Adds a new connection.
  mutating func add(_ descriptor: Int32) {
    if guests.count >= limits.waiting { sendAwayOldest() }
    guests.append(Guest(descriptor: descriptor, end: Deadline(seconds: limits.headSeconds)))
  }

  /// Closes the oldest connection.
  /// - Returns: false if there is none
  @discardableResult mutating func sendAwayOldest() -> Bool {
    guard !guests.isEmpty else { return false }
    close(guests.removeFirst().descriptor)
    return true
  }

  mutating func sendAwayAll() { while sendAwayOldest() {} }

  /// Waits until data has arrived on any connection or at the listening socket.
  /// - Returns: complete requests, whose connections are no longer in the room, and whether a new connection may be
  ///   waiting
  mutating func wait(
    for listener: Int32, milliseconds: Int32
  ) -> (arrivals: [(descriptor: Int32, arrival: Arrival)], hasNew: Bool) {
    var polled = ([listener] + guests.map(\.descriptor)).map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
    poll(&polled, nfds_t(polled.count), milliseconds)
    var arrivals: [(Int32, Arrival)] = []
    var left: [Guest] = []
    for (var guest, polled) in zip(guests, polled.dropFirst()) {
      let isThere = polled.revents == 0 || read(&guest)
      if isThere, !guest.isAnswered, let arrival = Self.arrival(guest.bytes) {
        arrivals.append((guest.descriptor, arrival))
      } else if isThere, !guest.end.hasPassed {
        left.append(guest)
      } else {
        close(guest.descriptor)
      }
    }
    guests = left
    return (arrivals, polled[0].revents != 0)
  }

  /// Sends a response, without blocking, to a connection that has left the room. Bytes beyond the system's buffer are
  /// lost.
  mutating func answer(_ descriptor: Int32, _ response: [UInt8]) {
    let flags = Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT)
    _ = response.withUnsafeBytes { send(descriptor, $0.baseAddress, $0.count, flags) }
    shutdown(descriptor, Int32(SHUT_WR))
    guests.append(Guest(descriptor: descriptor, end: Deadline(seconds: 1), isAnswered: true))
  }

  /// Reads what has arrived.
  /// - Returns: whether the connection is still open
  private func read(_ guest: inout Guest) -> Bool {
    var chunk = [UInt8](repeating: 0, count: 4096)
    let count = recv(guest.descriptor, &chunk, chunk.count, Int32(MSG_DONTWAIT))
    if count < 0 { return [EAGAIN, EWOULDBLOCK, EINTR].contains(errno) }
    if !guest.isAnswered { guest.bytes += chunk[..<count] }
    return count > 0
  }

  private static func arrival(_ bytes: [UInt8]) -> Arrival? {
    if let blank = bytes.firstRange(of: Array("\r\n\r\n".utf8)) {
      return blank.upperBound <= Request.headLimit ? .head(Array(bytes[..<blank.upperBound])) : .tooLong
    }
    return bytes.count > Request.headLimit ? .tooLong : nil
  }
}

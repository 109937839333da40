internal import Coordination
internal import Files
internal import Foundation

/// Tests whether a program listens at a port.
enum PortProbe {
  enum Result {
    case open, refused, silent
    case failed(String)
  }

  static func connect(host: String, port: Int, timeout: Milliseconds) -> Result {
    var connection: Int32?
    defer { if let connection { close(connection) } }
    return connect(host: host, port: port, timeout: timeout, &connection)
  }

  /// - Returns: A connection in non-blocking mode; nil if there is none.
  static func open(host: String, port: Int, timeout: Milliseconds) -> Int32? {
    var connection: Int32?
    _ = connect(host: host, port: port, timeout: timeout, &connection)
    return connection
  }

  private static func connect(
    host: String, port: Int, timeout: Milliseconds, _ connection: inout Int32?
  ) -> Result {
    var hints = addrinfo()
    hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    var list: UnsafeMutablePointer<addrinfo>?
    guard getaddrinfo(host, "\(port)", &hints, &list) == 0, let first = list else { return .failed("no such host") }
    defer { freeaddrinfo(list) }
    var last = Result.failed("no address")
    for entry in sequence(first: first, next: { $0.pointee.ai_next }) {
      last = connect(entry.pointee, timeout: timeout, &connection)
      if case .open = last { return last }
    }
    return last
  }

  private static func connect(_ entry: addrinfo, timeout: Milliseconds, _ connection: inout Int32?) -> Result {
    let type = entry.ai_socktype | Int32(SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
    let file = socket(entry.ai_family, type, 0)
    guard file >= 0 else { return .failed(systemErrorText()) }
    let result = connect(file, to: entry, timeout: timeout)
    if case .open = result { connection = file } else { close(file) }
    return result
  }

  private static func connect(_ file: Int32, to entry: addrinfo, timeout: Milliseconds) -> Result {
    if Foundation.connect(file, entry.ai_addr, entry.ai_addrlen) == 0 { return .open }
    guard errno == EINPROGRESS else {
      return errno == ECONNREFUSED ? .refused : .failed(systemErrorText())
    }
    var waiting = pollfd(fd: file, events: Int16(POLLOUT), revents: 0)
    guard poll(&waiting, 1, Int32(timeout)) > 0 else { return .silent }
    var code: Int32 = 0
    var length = socklen_t(MemoryLayout<Int32>.size)
    getsockopt(file, SOL_SOCKET, SO_ERROR, &code, &length)
    switch code {
    case 0: return .open
    case ECONNREFUSED: return .refused
    case ETIMEDOUT: return .silent
    default: return .failed(systemErrorText(code))
    }
  }
}

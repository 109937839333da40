internal import Foundation

/// A socket that accepts connections. Child processes do not inherit it, since they would keep the port in use.
struct ListeningSocket {
  let descriptor: Int32
  /// The address, with the port that the system chose if port 0 was requested.
  let address: LiveAddress

  /// Listens at an address.
  /// - Throws: ``DashboardError`` if the address is not available.
  init(at address: LiveAddress) throws(DashboardError) {
    var wanted = addrinfo()
    wanted.ai_socktype = Int32(SOCK_STREAM.rawValue)
    wanted.ai_flags = AI_NUMERICSERV
    var found: UnsafeMutablePointer<addrinfo>?
    // localhost is both 127.0.0.1 and ::1; browsers try both, so one is enough.
    let code = getaddrinfo(address.host == "localhost" ? "127.0.0.1" : address.host, "\(address.port)", &wanted, &found)
    guard code == 0, let found else {
      throw DashboardError("cannot serve the live page at \(address): \(String(cString: gai_strerror(code)))")
    }
    defer { freeaddrinfo(found) }
    let first = found.pointee
    descriptor = socket(first.ai_family, first.ai_socktype | Int32(SOCK_CLOEXEC.rawValue), 0)
    guard descriptor >= 0 else { throw DashboardError(listeningAt: address, code: errno) }
    var yes: Int32 = 1
    let size = socklen_t(MemoryLayout<Int32>.size)
    // Closed connections of an earlier run do not block the port; another program's listening socket does.
    setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, size)
    if first.ai_family == AF_INET6 { setsockopt(descriptor, Int32(IPPROTO_IPV6), IPV6_V6ONLY, &yes, size) }
    guard bind(descriptor, first.ai_addr, first.ai_addrlen) == 0, listen(descriptor, 256) == 0,
      fcntl(descriptor, F_SETFL, O_NONBLOCK) == 0
    else {
      let code = errno
      close(descriptor)
      throw DashboardError(listeningAt: address, code: code)
    }
    self.address = LiveAddress(host: address.host, port: Self.port(of: descriptor))
  }

  private static func port(of descriptor: Int32) -> UInt16 {
    var address = sockaddr_storage()
    var size = socklen_t(MemoryLayout<sockaddr_storage>.size)
    return withUnsafeMutablePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { _ = getsockname(descriptor, $0, &size) }
      // The port has the same offset in the addresses of both families.
      return $0.withMemoryRebound(to: sockaddr_in.self, capacity: 1) { UInt16(bigEndian: $0.pointee.sin_port) }
    }
  }

  enum Taken {
    case client(Int32)
    /// No connection is waiting.
    case none
    /// The process is out of descriptors or memory; connections wait in the system's queue.
    case exhausted
    /// The socket has been shut down.
    case closed
  }

  /// Accepts the next connection, without blocking.
  func take() -> Taken {
    while true {
      let client = accept(descriptor, nil, nil)
      if client >= 0 {
        _ = fcntl(client, F_SETFD, FD_CLOEXEC)
        return .client(client)
      }
      switch errno {
      case EINVAL, EBADF: return .closed
      case EAGAIN, EWOULDBLOCK: return .none
      case EMFILE, ENFILE, ENOBUFS, ENOMEM: return .exhausted
      // accept(2): other errors concern only the one connection.
      default: continue
      }
    }
  }
}

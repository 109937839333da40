internal import Foundation
internal import Transport

/// Addresses of this host in numeric form.
package enum LocalAddress {
  /// The name by which this host is known to the coordinator.
  static var hostName: String { ProcessInfo.processInfo.hostName }

  /// Returns the address from which the system would send to a tcp endpoint with a port; nil if its host is unknown or
  /// there is no route. Sends nothing.
  static func outbound(to endpoint: Endpoint) -> String? {
    guard let host = endpoint.host, let port = endpoint.port else { return nil }
    var hints = addrinfo()
    hints.ai_socktype = Int32(SOCK_DGRAM.rawValue)
    var list: UnsafeMutablePointer<addrinfo>?
    guard getaddrinfo(host, "\(port)", &hints, &list) == 0, let first = list else { return nil }
    defer { freeaddrinfo(list) }
    for entry in sequence(first: first, next: { $0.pointee.ai_next }) {
      let file = socket(entry.pointee.ai_family, entry.pointee.ai_socktype, 0)
      guard file >= 0 else { continue }
      defer { close(file) }
      guard connect(file, entry.pointee.ai_addr, entry.pointee.ai_addrlen) == 0 else { continue }
      var own = sockaddr_storage()
      var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
      let text = withUnsafeMutablePointer(to: &own) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
          getsockname(file, address, &length) == 0 ? numeric(address, length) : nil
        }
      }
      if let text { return text }
    }
    return nil
  }

  /// The first IPv4 address that is not a loopback address.
  static var external: String? { allExternal.first }

  /// The IPv4 addresses of this host's interfaces, except loopback addresses.
  package static var allExternal: [String] {
    var list: UnsafeMutablePointer<ifaddrs>?
    guard getifaddrs(&list) == 0, let first = list else { return [] }
    defer { freeifaddrs(list) }
    var addresses: [String] = []
    for entry in sequence(first: first, next: { $0.pointee.ifa_next }) {
      guard let address = entry.pointee.ifa_addr, Int32(address.pointee.sa_family) == AF_INET,
        Int32(entry.pointee.ifa_flags) & Int32(IFF_LOOPBACK) == 0,
        Int32(entry.pointee.ifa_flags) & Int32(IFF_UP) != 0
      else { continue }
      if let text = numeric(address, socklen_t(MemoryLayout<sockaddr_in>.size)) { addresses.append(text) }
    }
    return addresses
  }

  private static func numeric(_ address: UnsafePointer<sockaddr>, _ length: socklen_t) -> String? {
    var text = [CChar](repeating: 0, count: Int(NI_MAXHOST))
    guard getnameinfo(address, length, &text, socklen_t(text.count), nil, 0, NI_NUMERICHOST) == 0 else { return nil }
    return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}

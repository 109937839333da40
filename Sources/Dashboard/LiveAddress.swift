internal import Foundation

/// The address of the live page: `PORT` (on loopback), `HOST:PORT` or `[IPV6]:PORT`. Port 0 selects a free port.
package struct LiveAddress: Sendable, Hashable, CustomStringConvertible {
  /// A name in lower case, or a numeric address in canonical form; IPv6 addresses have no brackets.
  package let host: String
  package let port: UInt16

  init(host: String, port: UInt16) { (self.host, self.port) = (host, port) }

  /// - Throws: ``DashboardError`` if the text is not a valid address.
  package init(_ text: String) throws(DashboardError) {
    let split = text.lastIndex(of: ":")
    let portText = split.map { text[text.index(after: $0)...] } ?? text[...]
    guard portText.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let port = UInt16(portText) else {
      throw DashboardError("'\(text)' is not a valid address for the live page; write PORT, HOST:PORT or [IPV6]:PORT")
    }
    self.port = port
    guard let split else {
      host = "127.0.0.1"
      return
    }
    let hostText = text[..<split]
    if hostText.hasPrefix("["), hostText.hasSuffix("]"),
      let address = Self.canonical(ipv6: hostText.dropFirst().dropLast())
    {
      host = address
    } else if !hostText.isEmpty, hostText.utf8.allSatisfy(Self.isOfName) {
      host = hostText.lowercased()
    } else {
      throw DashboardError(
        "'\(hostText)' is not a valid host for the live page; write a name, a numeric address (IPv6 in brackets), "
          + "or 0.0.0.0 for all interfaces")
    }
  }

  private static func isOfName(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."): true
    default: false
    }
  }

  /// Returns the shortest form of the address (RFC 5952), which is what browsers send in `Host`.
  private static func canonical(ipv6 text: Substring) -> String? {
    var address = in6_addr()
    guard inet_pton(AF_INET6, String(text), &address) == 1 else { return nil }
    var buffer = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
    inet_ntop(AF_INET6, &address, &buffer, socklen_t(buffer.count))
    return String(decoding: buffer.prefix { $0 != 0 }.map(UInt8.init), as: UTF8.self)
  }

  /// Whether only processes of this machine can reach the address. Names other than localhost may resolve to any host.
  package var isLoopback: Bool {
    var address = in_addr()
    return host == "localhost" || host == "::1"
      || inet_pton(AF_INET, host, &address) == 1 && UInt32(bigEndian: address.s_addr) >> 24 == 127
  }

  /// Whether the address stands for all interfaces, so that the host has several names.
  var isWildcard: Bool { host == "0.0.0.0" || host == "::" }

  /// Whether the host is a numeric address.
  var isNumeric: Bool {
    var address = in_addr()
    return host.contains(":") || inet_pton(AF_INET, host, &address) == 1
  }

  /// The host as in a URL: IPv6 addresses in brackets.
  var hostInURL: String { host.contains(":") ? "[\(host)]" : host }

  package var description: String { "\(hostInURL):\(port)" }
}

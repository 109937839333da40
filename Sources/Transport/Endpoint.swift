internal import Foundation

/// The address of a socket: `tcp://HOST:PORT`, `ipc://PATH` or `inproc://NAME`.
package struct Endpoint: Sendable, Hashable, CustomStringConvertible {
  package let text: String

  package var description: String { text }

  /// - Parameter isRemote: Whether another process listens there: then `*` is not a port.
  /// - Throws: ``TransportError`` if the text is not a valid address.
  package init(_ text: String, isRemote: Bool = false) throws(TransportError) {
    self.text = text
    guard let colon = text.firstRange(of: "://"), colon.upperBound < text.endIndex else {
      throw TransportError("'\(text)' is not an address; write tcp://HOST:PORT", .badAddress)
    }
    // libzmq stops reading at a NUL, and interprets the part before a semicolon as the source address.
    if let wrong = text.unicodeScalars.first(where: { $0.value < 0x20 || $0 == ";" }) {
      throw TransportError(
        "'\(wrong.escaped(asASCII: true))' is not allowed in an address; write tcp://HOST:PORT", .badAddress)
    }
    switch text[..<colon.lowerBound] {
    case "ipc", "inproc": break
    case "tcp": try Self.check(text[colon.upperBound...], of: text, isRemote: isRemote)
    default: throw TransportError("'\(text)' has an unsupported scheme; write tcp://HOST:PORT", .badAddress)
    }
  }

  /// Creates the tcp address of a host.
  /// - Parameters:
  ///   - host: a name or a numeric address; IPv6 addresses have no brackets
  ///   - port: nil for any free port
  package init(host: String, port: Int? = nil) throws(TransportError) {
    try self.init("tcp://\(host.contains(":") ? "[\(host)]" : host):\(port.map(String.init) ?? "*")")
  }

  /// - Parameter rest: HOST:PORT
  private static func check(_ rest: Substring, of text: String, isRemote: Bool) throws(TransportError) {
    guard let split = rest.lastIndex(of: ":"), rest.last != "]" else {
      throw TransportError("'\(text)' has no port; write tcp://HOST:PORT", .badAddress)
    }
    let (host, port) = (rest[..<split], rest[rest.index(after: split)...])
    guard !host.isEmpty else { throw TransportError("'\(text)' has no host; write tcp://HOST:PORT", .badAddress) }
    let isBracketed = host.hasPrefix("[") && host.hasSuffix("]")
    guard !(isBracketed ? host.dropFirst().dropLast() : host).contains(where: { "[]".contains($0) }),
      isBracketed || !host.contains(":")
    else {
      throw TransportError("'\(text)' has an invalid host; write IPv6 addresses in brackets", .badAddress)
    }
    guard port == "*" && !isRemote || port.first?.isNumber == true && UInt16(port).map({ $0 > 0 }) == true else {
      throw TransportError(
        "'\(port)' is not a port: expected 1 to 65535\(isRemote ? "" : ", or * for any free port")", .badAddress)
    }
  }

  var scheme: Substring { text[..<text.firstRange(of: "://")!.lowerBound] }

  /// The host of a tcp address, without brackets.
  package var host: String? {
    guard scheme == "tcp" else { return nil }
    let host = text.dropFirst(6)[..<text.lastIndex(of: ":")!]
    return host.hasPrefix("[") ? String(host.dropFirst().dropLast()) : String(host)
  }

  /// The folder of an ipc address's file; nil for other schemes.
  package var folder: String? {
    scheme == "ipc" ? text.lastIndex(of: "/").map { String(text[..<$0].dropFirst("ipc://".count)) } : nil
  }

  package var port: Int? { scheme == "tcp" ? Int(text[text.index(after: text.lastIndex(of: ":")!)...]) : nil }

  /// `HOST:PORT` of a tcp address, an IPv6 address in brackets; nil for other schemes.
  package var hostAndPort: String? { scheme == "tcp" ? String(text.dropFirst("tcp://".count)) : nil }

  /// Whether the host is that of the loopback interface, which other hosts cannot reach. Names other than localhost may
  /// be those of any host.
  package var isLoopback: Bool {
    guard let host else { return false }
    var address = in_addr()
    return host == "localhost" || host == "::1"
      || inet_pton(AF_INET, host, &address) == 1 && UInt32(bigEndian: address.s_addr) >> 24 == 127
  }

  /// Whether the host stands for all addresses of the machine.
  package var isWildcard: Bool { host.map { ["*", "0.0.0.0", "::"].contains($0) } ?? false }

  /// Whether only processes of this machine can reach the address, so that no keys are needed.
  package var isLocal: Bool { scheme != "tcp" || isLoopback }
}

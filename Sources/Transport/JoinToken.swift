internal import Foundation

/// What a worker needs to join a coordinator for the first time: the coordinator's public key and addresses, and a
/// secret from which the key pair of a guest is derived. See "Enrollment" in Protocol.md.
///
/// As text, a token is one word of letters, digits and `.-_:,`:
/// `atelier-join-1.KEY.SECRET.EXPIRY.CHECKSUM.HOST:PORT,HOST:PORT`. The text permits to enroll
/// workers.
package struct JoinToken: Sendable, Equatable {
  package let coordinator: Key
  /// Where the coordinator listens, in the order in which to try the addresses. At least one.
  package let addresses: [Endpoint]
  package let secret: Secret
  /// When the token expires by the coordinator's clock, in seconds since 1970.
  package let expiry: UInt64

  /// How the text of every version begins.
  package static let prefix = "atelier-join-"
  private static let version = "1"
  private static let mostAddresses = 16
  /// The length of a longer text is not that of a token.
  static let mostCharacters = 4_096

  /// - Throws: ``TransportError`` if there is no address, or one is not a specific `tcp://HOST:PORT`.
  package init(
    coordinator: Key, addresses: [Endpoint], secret: Secret, expiry: UInt64
  ) throws(TransportError) {
    guard (1...Self.mostAddresses).contains(addresses.count) else {
      throw TransportError(
        "a join token holds 1 to \(Self.mostAddresses) addresses, not \(addresses.count)", .badAddress)
    }
    for address in addresses { _ = try Self.text(of: address) }
    (self.coordinator, self.addresses, self.secret, self.expiry) = (coordinator, addresses, secret, expiry)
  }

  /// The key pair with which the holder of the token connects for the first time.
  package var guest: KeyPair { secret.keyPair(for: .guest) }

  // MARK: Text

  package var text: String {
    let addresses = addresses.compactMap { try? Self.text(of: $0) }.joined(separator: ",")
    let head = "\(Self.prefix)\(Self.version).\(coordinator.bytes.base64URL).\(secret.text).\(expiry)"
    return "\(head).\(TextChecksum.of("\(head).\(addresses)")).\(addresses)"
  }

  /// Returns `HOST:PORT`, without the brackets of an IPv6 address, which shells interpret.
  private static func text(of address: Endpoint) throws(TransportError) -> String {
    guard let host = address.host, let port = address.port, !address.isWildcard,
      host.utf8.allSatisfy(isPlain)
    else {
      throw TransportError(
        "\(address) cannot be part of a join token: give an address that workers can connect to, as HOST:PORT",
        .badAddress)
    }
    return "\(host):\(port)"
  }

  private static func isPlain(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"):
      true
    default: ".-_:".utf8.contains(byte)
    }
  }

  /// Reads a token, which may be surrounded by whitespace.
  /// - Throws: ``TransportError`` if the text is no token of this version, or is truncated or damaged. The error does
  ///   not repeat the text.
  package init(_ text: String) throws(TransportError) {
    let text = text.trimmingCharacters(in: .whitespacesAndNewlines)
    guard text.hasPrefix(Self.prefix) else {
      throw .badToken(
        "this is not a join token, which begins with '\(Self.prefix)'; create one with `atelier keys invite`")
    }
    let parts = text.dropFirst(Self.prefix.count).split(separator: ".", maxSplits: 5, omittingEmptySubsequences: false)
    guard parts[0] == Self.version || parts.count == 1 && Self.version.hasPrefix(parts[0]) else {
      let version = parts[0].prefix(8).filter { $0.isASCII && ($0.isNumber || $0.isLetter) }
      throw .badToken(
        """
        unsupported version \(version) of join tokens (this build supports \(Self.version)): install the same \
        version of Atelier on both hosts
        """
      )
    }
    guard text.utf8.count <= Self.mostCharacters, text.utf8.allSatisfy({ Self.isPlain($0) || $0 == UInt8(ascii: ",") })
    else {
      throw .badToken("the join token holds other characters than a token: copy the whole line, and nothing else")
    }
    guard parts.count == 6, !parts[5].isEmpty else {
      throw .badToken("the join token is truncated: copy the whole line")
    }
    let head = text.dropLast(parts[4].count + parts[5].count + 2)
    guard parts[4] == TextChecksum.of("\(head).\(parts[5])"), let key = [UInt8](base64URL: parts[1]),
      let coordinator = Key(bytes: key), let secret = Secret(text: parts[2]), let expiry = UInt64(parts[3])
    else { throw .badToken("the join token is damaged or truncated: copy the whole line") }
    var addresses: [Endpoint] = []
    for address in parts[5].split(separator: ",", omittingEmptySubsequences: false) {
      addresses.append(try Endpoint(hostAndPort: address))
    }
    try self.init(coordinator: coordinator, addresses: addresses, secret: secret, expiry: expiry)
  }
}

extension Endpoint {
  /// Reads `HOST:PORT` of another process. The host may be an IPv6 address with or without brackets; then the last
  /// colon precedes the port.
  package init(hostAndPort text: some StringProtocol) throws(TransportError) {
    guard let colon = text.lastIndex(of: ":"), !text.hasSuffix("]") else {
      throw TransportError("'\(text)' has no port; write HOST:PORT", .badAddress)
    }
    let host = text[..<colon]
    let isBare = host.contains(":") && !host.hasPrefix("[")
    var address = in6_addr()
    guard !isBare || inet_pton(AF_INET6, String(host), &address) == 1 else {
      throw TransportError("'\(host)' is not a host; write HOST:PORT", .badAddress)
    }
    try self.init("tcp://\(isBare ? "[\(host)]" : host)\(text[colon...])", isRemote: true)
  }
}

extension TransportError {
  static func badToken(_ description: String) -> Self { TransportError(description, .badToken) }
}

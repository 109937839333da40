package import Transport

/// The address that a worker advertises to other workers, if it differs from the one at which it listens: behind NAT,
/// or when it listens at all addresses of its host.
package struct AdvertisedAddress: Sendable, Equatable {
  private let host: String
  /// nil: the port at which the worker listens.
  private let port: Int?

  /// - Parameter text: HOST or HOST:PORT; an IPv6 address is in brackets.
  /// - Throws: ``TransportError`` for any other text, and for wildcard addresses.
  package init(_ text: String) throws(TransportError) {
    let hasPort = text.last != "]" && text.contains(":")
    let endpoint = try Endpoint("tcp://\(text)\(hasPort ? "" : ":*")")
    guard let host = endpoint.host, !endpoint.isWildcard, !hasPort || endpoint.port != nil else {
      throw TransportError(
        "invalid address '\(text)': expected HOST or HOST:PORT that other hosts can connect to", .badAddress)
    }
    (self.host, port) = (host, endpoint.port)
  }

  private init(host: String) { (self.host, port) = (host, nil) }

  /// Returns the address to advertise for a socket that listens at all addresses of this host: the one that faces the
  /// coordinator, or, on the coordinator's own host, the first that is reachable from other hosts. Returns nil if the
  /// socket listens at one address.
  package static func automatic(for listening: Endpoint, joining coordinator: Endpoint) -> AdvertisedAddress? {
    guard listening.isWildcard else { return nil }
    let facing = LocalAddress.outbound(to: coordinator)
    if let facing, (try? Endpoint(host: facing))?.isLoopback == false { return AdvertisedAddress(host: facing) }
    return (LocalAddress.external ?? facing).map(AdvertisedAddress.init(host:))
  }

  /// Returns the endpoint to advertise.
  /// - Parameter bound: The endpoint at which the worker listens, with its port.
  /// - Throws: ``TransportError`` if neither address has a port.
  package func endpoint(for bound: Endpoint) throws(TransportError) -> Endpoint {
    guard let port = port ?? bound.port else {
      throw TransportError("\(bound) has no port: --advertise requires a tcp address", .badAddress)
    }
    return try Endpoint(host: host, port: port)
  }
}

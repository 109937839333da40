package import Transport

/// Where others reach a worker that listens at another address: behind NAT, or at all addresses of its host.
package struct AdvertisedAddress: Sendable, Equatable {
  private let host: String
  /// nil: that of the address at which the worker listens
  private let port: Int?

  /// - Parameter text: HOST or HOST:PORT; an IPv6 address in brackets
  /// - Throws: ``TransportError`` if it is neither
  package init(_ text: String) throws(TransportError) {
    let hasPort = text.last != "]" && text.contains(":")
    let endpoint = try Endpoint("tcp://\(text)\(hasPort ? "" : ":*")")
    guard let host = endpoint.host, !Self.isWildcard(host), !hasPort || endpoint.port != nil else {
      throw TransportError("'\(text)' is no address that others could connect to; write HOST or HOST:PORT", .badAddress)
    }
    (self.host, port) = (host, endpoint.port)
  }

  private init(host: String) { (self.host, port) = (host, nil) }

  /// Of a socket at all addresses of a machine: the one that leads to the coordinator, or another one that other hosts can know. nil if the
  /// socket's own will do.
  static func automatic(for listening: Endpoint, joining coordinator: Endpoint) -> AdvertisedAddress? {
    guard let host = listening.host, isWildcard(host) else { return nil }
    var address: String?
    if let host = coordinator.host, let port = coordinator.port {
      address = LocalAddress.outbound(toHost: host, port: port)
    }
    return (address ?? LocalAddress.external).map { AdvertisedAddress(host: $0) }
  }

  private static func isWildcard(_ host: String) -> Bool { ["*", "0.0.0.0", "::"].contains(host) }

  /// What others are told.
  /// - Parameter bound: where the worker listens, with its port
  package func endpoint(for bound: Endpoint) throws(TransportError) -> Endpoint {
    guard let port = port ?? bound.port else {
      throw TransportError("\(bound) has no port: --advertise is for tcp addresses only", .badAddress)
    }
    return try Endpoint("tcp://\(host.contains(":") ? "[\(host)]" : host):\(port)")
  }
}

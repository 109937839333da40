internal import CZeroMQ
internal import Foundation

/// The reason why a connection cannot be established, and what to do about it.
package struct TransportError: Error, Equatable, CustomStringConvertible {
  package enum Kind: Sendable {
    /// A peer or a resource is unavailable.
    case unavailable
    /// A text is not a valid address.
    case badAddress
    /// A key file cannot be created.
    case notCreated
    /// A join token or a job secret is damaged.
    case badToken
  }

  package let description: String
  package private(set) var kind = Kind.unavailable

  package init(_ description: String, _ kind: Kind = .unavailable) {
    (self.description, self.kind) = (description, kind)
  }

  /// - Parameter thing: what cannot be created, for example `a socket`
  init(making thing: String, code: Int32) {
    let advice =
      code == EMFILE || code == ENFILE ? "; raise the limit of open files (`ulimit -n`)" : ""
    description = "cannot create \(thing): \(String(cString: zmq_strerror(code)))\(advice)"
  }

  init(binding endpoint: Endpoint, code: Int32) {
    let reason =
      switch code {
      case EADDRINUSE: "the port is already in use: stop the other program, or choose another port"
      case EADDRNOTAVAIL, ENODEV:
        "no network interface of this machine has this address; write a numeric address, or * for all interfaces"
      case EACCES: "permission denied; ports below 1024 require administrator rights"
      case ENOENT, ENOTDIR: "its folder does not exist"
      default: String(cString: zmq_strerror(code))
      }
    description = "cannot listen at \(endpoint): \(reason)"
  }

  init(connecting endpoint: Endpoint, code: Int32) {
    description = "cannot connect to \(endpoint): \(String(cString: zmq_strerror(code)))"
  }
}

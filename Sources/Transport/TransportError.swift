internal import CZeroMQ
internal import Foundation

/// Why a connection cannot be made; says what to do about it.
package struct TransportError: Error, Equatable, CustomStringConvertible {
  package enum Kind: Sendable {
    /// Somebody or something cannot be had.
    case unavailable
    /// What was written is no address.
    case badAddress
    /// A file of keys cannot be made.
    case notCreated
  }

  package let description: String
  package private(set) var kind = Kind.unavailable

  package init(_ description: String, _ kind: Kind = .unavailable) {
    (self.description, self.kind) = (description, kind)
  }

  /// - Parameter thing: for instance `a socket`
  init(making thing: String, code: Int32) {
    let advice =
      code == EMFILE || code == ENFILE ? "; `ulimit -n` says how many files a process may have open: raise it" : ""
    description = "cannot make \(thing): \(String(cString: zmq_strerror(code)))\(advice)"
  }

  init(binding endpoint: Endpoint, code: Int32) {
    let reason =
      switch code {
      case EADDRINUSE: "the port is in use by another program: end that program, or choose another port"
      case EADDRNOTAVAIL, ENODEV:
        "no network interface of this machine has that address; write an address in numbers, or * for all"
      case EACCES: "that is not permitted; ports below 1024 belong to the administrator"
      case ENOENT, ENOTDIR: "its folder does not exist"
      default: String(cString: zmq_strerror(code))
      }
    description = "cannot listen at \(endpoint): \(reason)"
  }

  init(connecting endpoint: Endpoint, code: Int32) {
    description = "cannot connect to \(endpoint): \(String(cString: zmq_strerror(code)))"
  }
}

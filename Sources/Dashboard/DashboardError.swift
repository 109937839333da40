internal import Foundation

/// Why there is no live page; says what to do about it.
package struct DashboardError: Error, Equatable, CustomStringConvertible {
  package let description: String

  init(_ description: String) { self.description = description }

  init(listeningAt address: LiveAddress, code: Int32) {
    let reason =
      switch code {
      case EADDRINUSE:
        "the port is in use by another program: end that program, or choose another port (0 for a free one)"
      case EADDRNOTAVAIL, EAFNOSUPPORT: "no network interface of this machine has that address"
      case EACCES: "that is not permitted; ports below 1024 belong to the administrator"
      default: String(cString: strerror(code))
      }
    description = "cannot show the live page at \(address): \(reason)"
  }
}

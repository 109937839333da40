internal import Files
internal import Foundation

/// The reason why the live page cannot be served, and what to do about it.
package struct DashboardError: Error, Equatable, CustomStringConvertible {
  package let description: String

  init(_ description: String) { self.description = description }

  init(listeningAt address: LiveAddress, code: Int32) {
    let reason =
      switch code {
      case EADDRINUSE:
        "the port is already in use: stop the other program, or choose another port (0 for a free one)"
      case EADDRNOTAVAIL, EAFNOSUPPORT: "no network interface of this machine has this address"
      case EACCES: "permission denied; ports below 1024 require administrator rights"
      default: systemErrorText(code)
      }
    description = "cannot serve the live page at \(address): \(reason)"
  }
}

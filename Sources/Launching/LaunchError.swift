/// The reason why workers cannot be started on other hosts, and what to do about it.
package struct LaunchError: Error, Equatable, CustomStringConvertible {
  package enum Kind: Sendable {
    /// A host, a program or a service is unavailable.
    case unavailable
    /// The user gave an invalid list of hosts.
    case wrongUse
  }

  package let description: String
  package let kind: Kind

  package init(_ description: String, _ kind: Kind = .unavailable) {
    (self.description, self.kind) = (description, kind)
  }
}

internal import CZeroMQ

/// The installed libzmq, which may differ from the one that Atelier was built with.
package enum ZeroMQLibrary {
  package struct Version: Sendable, Comparable, CustomStringConvertible {
    let major, minor, patch: Int32

    package init(_ major: Int32, _ minor: Int32, _ patch: Int32) {
      (self.major, self.minor, self.patch) = (major, minor, patch)
    }

    package static func < (first: Self, second: Self) -> Bool {
      (first.major, first.minor, first.patch) < (second.major, second.minor, second.patch)
    }

    package var description: String { "\(major).\(minor).\(patch)" }
  }

  package static var version: Version {
    var (major, minor, patch): (Int32, Int32, Int32) = (0, 0, 0)
    zmq_version(&major, &minor, &patch)
    return Version(major, minor, patch)
  }

  /// The oldest safe version. In older ones, unauthenticated peers can overwrite memory (CVE-2019-6250, CVE-2019-13132)
  /// or block other connections (CVE-2020-15166).
  private static let oldest = Version(4, 3, 3)

  /// Checks the version; to be called before the first socket is created.
  /// - Throws: ``TransportError`` if the version has known vulnerabilities.
  package static func check(_ version: Version = version) throws(TransportError) {
    guard version < oldest else { return }
    throw TransportError("libzmq \(version) has known vulnerabilities; install version \(oldest) or newer")
  }
}

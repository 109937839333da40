internal import CZeroMQ

/// The libzmq that is there, which may be another than the one that Atelier was built with.
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

  /// Older ones can be made to overwrite their memory by whoever connects (CVE-2019-6250, CVE-2019-13132), or to keep others out
  /// (CVE-2020-15166).
  private static let oldest = Version(4, 3, 3)

  /// Before the first socket. - Throws: ``TransportError`` if the library is not safe to use.
  package static func check(_ version: Version = version) throws(TransportError) {
    guard version < oldest else { return }
    throw TransportError("libzmq \(version) has holes that are known; install \(oldest) or newer")
  }
}

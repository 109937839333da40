internal import ArgumentParser
internal import Files
internal import Launching
internal import Synchronization

/// The value of `--host-file`. It is read once, because a pipe can be read only once, and a command may start several
/// clusters one after the other.
final class HostFile: ExpressibleByArgument, Sendable {
  let path: String
  private let known = Mutex<[LaunchHost]?>(nil)

  init(argument: String) { path = argument }

  /// Returns the hosts.
  /// - Throws: ``LaunchError``; ``FileError``
  func hosts() throws -> [LaunchHost] {
    try known.withLock { known in
      // A pipe may not have a writer yet: a signal ends the process at once meanwhile.
      let hosts = try known ?? Interruption.unwatched { try [LaunchHost](file: TextFile.read(path), path: path) }
      known = hosts
      return hosts
    }
  }
}

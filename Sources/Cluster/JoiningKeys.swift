package import Coordination
package import Transport

/// The public keys of those who may join: a folder of files, which is read again every second, so that a key can come and go while a
/// coordinator runs.
package struct JoiningKeys {
  private let folder: String
  /// Keys that are no workers': the coordinator's own.
  private let excluded: Set<Key>
  private var known: Set<Key>
  private var problem: TransportError?
  private var nextLook: Milliseconds = 0

  private static let interval: Milliseconds = 1_000

  /// - Parameter known: what has been read before
  package init(folder: String, except excluded: Set<Key>, known: Set<Key>) {
    (self.folder, self.excluded, self.known) = (folder, excluded, known)
  }

  package enum Change: Equatable, Sendable {
    case keys(Set<Key>)
    /// What was known stays, and the folder is read again.
    case unreadable(TransportError)
  }

  /// What has changed since the last look, if it is time for one. A key that is being copied is no key yet; then there is none the wiser until
  /// the next look.
  package mutating func look(at now: Milliseconds) -> Change? {
    guard now >= nextLook else { return nil }
    nextLook = now + Self.interval
    do throws(TransportError) {
      let keys = try KeyFiles.publicKeys(in: folder).subtracting(excluded)
      problem = nil
      guard keys != known else { return nil }
      known = keys
      return .keys(keys)
    } catch {
      guard error != problem else { return nil }
      problem = error
      return .unreadable(error)
    }
  }
}

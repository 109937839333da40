package import Coordination
package import Transport

/// The public keys of the workers that may join: a folder of files that is read again every second, so that keys can be
/// added and removed while a coordinator runs.
package struct AllowedKeys {
  private let folder: String
  /// Keys that do not belong to workers: the coordinator's own.
  private let excluded: Set<Key>
  private var known: Set<Key>
  /// Errors that have been reported already.
  private var faults: [TransportError] = []
  private var nextLook: Milliseconds = 0

  private static let interval: Milliseconds = 1_000

  /// - Parameter known: The keys that have been read before.
  package init(folder: String, except excluded: Set<Key>, known: Set<Key>) {
    (self.folder, self.excluded, self.known) = (folder, excluded, known)
  }

  package enum Change: Equatable, Sendable {
    case keys(Set<Key>)
    /// A file without a valid key, which is ignored; or the folder cannot be read, and the known keys stay valid.
    case fault(TransportError)
  }

  /// Records a key that this process has added to the folder, so that its removal is a change.
  package mutating func noteAdded(_ key: Key) { known.insert(key) }

  /// Returns the changes since the last check, if the next check is due. A key that is being copied counts from the
  /// next check on.
  package mutating func look(at now: Milliseconds) -> [Change] {
    guard now >= nextLook else { return [] }
    nextLook = now + Self.interval
    var (keys, found) = (known, faults)
    do throws(TransportError) {
      (keys, found) = try KeyFiles.publicKeys(in: folder)
      keys.subtract(excluded)
    } catch { found = [error] }
    defer { (known, faults) = (keys, found) }
    return found.filter { !faults.contains($0) }.map { .fault($0) } + (keys == known ? [] : [.keys(keys)])
  }
}

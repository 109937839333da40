package import Coordination
package import Transport

/// The public keys of those who may join: a folder of files, which is read again every second, so that a key can come
/// and go while a coordinator runs.
package struct AllowedKeys {
  private let folder: String
  /// Keys that are no workers': the coordinator's own.
  private let excluded: Set<Key>
  private var known: Set<Key>
  /// What has been told already.
  private var faults: [TransportError] = []
  private var nextLook: Milliseconds = 0

  private static let interval: Milliseconds = 1_000

  /// - Parameter known: what has been read before
  package init(folder: String, except excluded: Set<Key>, known: Set<Key>) {
    (self.folder, self.excluded, self.known) = (folder, excluded, known)
  }

  package enum Change: Equatable, Sendable {
    case keys(Set<Key>)
    /// A file without a key: its owner does not get in. Or the folder cannot be read: then what was known stays.
    case fault(TransportError)
  }

  /// What has changed since the last look, if it is time for one. A key that is being copied is no key before the next
  /// look.
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

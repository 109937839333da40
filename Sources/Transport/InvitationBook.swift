internal import Foundation
internal import Synchronization

/// The invitations that a coordinator honors: in memory, for a launcher that invites within its own process, or in the
/// folder of keys, where `atelier keys invite` writes them.
package final class InvitationBook: Sendable {
  private let invitations = Mutex(Invitations())
  /// nil: the invitations and the keys of the enrolled workers exist in memory only.
  let folder: InvitationFolder?

  /// Creates a book in memory.
  package init() { folder = nil }

  /// Opens the book of a folder of keys. The folder need not exist.
  package init(folder path: String) { folder = InvitationFolder(path: path) }

  /// Invites workers.
  /// - Parameters:
  ///   - name: The name of the invitation; nil: `invitation-1`, or the next free number.
  ///   - uses: The number of keys that may be enrolled.
  ///   - lifetime: The time during which workers may enroll.
  ///   - coordinator: The public key of the coordinator.
  ///   - addresses: Where the coordinator listens, as the workers reach it.
  /// - Returns: The token to hand to the workers. It cannot be read again from the book.
  /// - Throws: ``TransportError``
  package func invite(
    named name: String? = nil, uses: Int = 1, lifetime: Duration = .seconds(3_600), coordinator: Key,
    addresses: [Endpoint]
  ) throws(TransportError) -> JoinToken {
    let expiry = Self.now + UInt64(clamping: lifetime.components.seconds)
    let token = try JoinToken(coordinator: coordinator, addresses: addresses, secret: Secret(), expiry: expiry)
    try change { invitations throws(TransportError) in
      for (guest, old) in invitations.byGuest
      where old.state(at: Self.now) != .open && old.expiry < Self.forgottenBefore {
        invitations.byGuest[guest] = nil
      }
      let isTaken = nameTest(invitations)
      let free = (1...).lazy.map { "invitation-\($0)" }.first { !isTaken($0) }!
      if let name, isTaken(name) {
        throw TransportError("an invitation or a key named \(name) exists already: choose another name", .notCreated)
      }
      invitations.add(
        Invitation(name: name ?? free, guest: token.guest.publicKey, uses: uses, expiry: expiry))
    }
    return token
  }

  /// Enrolls a worker's key, and stores it. See ``Invitations/enroll(_:host:through:at:forbidden:isTaken:)``.
  /// - Throws: ``EnrollmentRefusal`` or, if the key cannot be stored, ``TransportError``
  package func enroll(
    _ key: [UInt8], host: String, through guest: Key, forbidden: Set<Key>, at time: UInt64 = now
  ) throws -> (worker: Invitation.Worker, isNew: Bool) {
    var result: (worker: Invitation.Worker, isNew: Bool)?
    var refusal: EnrollmentRefusal?
    try change { invitations throws(TransportError) in
      let isTaken = nameTest(invitations)
      do throws(EnrollmentRefusal) {
        result = try invitations.enroll(
          key, host: host, through: guest, at: time, forbidden: forbidden, isTaken: isTaken)
      } catch { refusal = error }
      if let (worker, isNew) = result {
        if isNew {
          try folder?.write(worker.key, named: worker.name)
        } else if let folder, !folder.holdsKey(named: worker.name) {
          // The key's file was removed, which revokes the key as well.
          (result, refusal) = (nil, .revokedKey)
        }
      }
    }
    if let refusal { throw refusal }
    return result!
  }

  /// Returns a test of whether an invitation or a worker's key has a name. No two have the same one, because they are
  /// revoked by name.
  private func nameTest(_ invitations: Invitations) -> (String) -> Bool {
    let names = invitations.names.union(invitations.workerNames)
    return { [folder] name in names.contains(name) || folder?.holdsKey(named: name) == true }
  }

  /// Withdraws an invitation, or the permission of a worker, whose public key is removed from the folder.
  /// - Returns: Whether there is one of this name that was not revoked before.
  package func revoke(_ name: String) throws(TransportError) -> Bool {
    guard exists else { return false }
    var isChanged = false
    try change { invitations throws(TransportError) in
      let isRemoved = folder?.removeKey(named: name) ?? false
      isChanged = invitations.revoke(name) || isRemoved
    }
    return isChanged
  }

  /// Reads the invitations again, if they are in a folder.
  /// - Returns: The errors of damaged files, which are ignored.
  @discardableResult package func reload() throws(TransportError) -> [TransportError] {
    guard let folder else { return [] }
    let (read, faults) = try folder.read()
    invitations.withLock { $0 = read }
    return faults
  }

  /// The guests' keys, and what each may do now.
  package func guests(at time: UInt64 = now) -> [Key: Invitation.State] {
    current.byGuest.mapValues { $0.state(at: time) }
  }

  /// The keys of enrolled workers that are in no folder.
  package var memoryWorkers: Set<Key> { folder == nil ? current.workerKeys : [] }

  /// Whether the folder exists; true in memory.
  package var exists: Bool { folder?.exists ?? true }

  package var current: Invitations { invitations.withLock { $0 } }

  /// Seconds since 1970.
  package static var now: UInt64 { UInt64(max(0, Date().timeIntervalSince1970)) }

  /// Changes the invitations, if `body` does not throw, while no other thread changes them, and in a folder no other
  /// process.
  private func change(_ body: (inout Invitations) throws(TransportError) -> Void) throws(TransportError) {
    guard let folder else {
      return try invitations.withLock { invitations throws(TransportError) in
        var changed = invitations
        try body(&changed)
        invitations = changed
      }
    }
    try folder.withLock { () throws(TransportError) in
      var (changed, _) = try folder.read()
      let before = changed
      try body(&changed)
      for (guest, invitation) in changed.byGuest where before.byGuest[guest] != invitation {
        try folder.write(invitation)
      }
      for (guest, invitation) in before.byGuest where changed.byGuest[guest] == nil {
        folder.removeInvitation(named: invitation.name)
      }
      invitations.withLock { $0 = changed }
    }
  }

  /// Ended invitations are kept for 30 days, so that their guests learn why they are refused.
  private static var forgottenBefore: UInt64 { now - min(now, 30 * 24 * 3_600) }
}

/// The permission to enroll workers with the secret of a join token. Holds the public key of the guest, but not the
/// secret.
package struct Invitation: Sendable, Equatable {
  /// A worker that has enrolled.
  package struct Worker: Sendable, Equatable {
    /// The name of its key.
    package let name: String
    package let key: Key
    /// Seconds since 1970.
    package let time: UInt64
    package var isRevoked = false
  }

  package let name: String
  package let guest: Key
  /// The number of keys that may be enrolled.
  package let uses: Int
  /// Seconds since 1970.
  package let expiry: UInt64
  package var isRevoked = false
  package internal(set) var workers: [Worker] = []

  package init(name: String, guest: Key, uses: Int, expiry: UInt64) {
    (self.name, self.guest, self.uses, self.expiry) = (name, guest, uses, expiry)
  }

  package enum State: Sendable, Equatable {
    case open, used, expired, revoked
  }

  package func state(at time: UInt64) -> State {
    if isRevoked { return .revoked }
    if workers.count >= uses { return .used }
    return time >= expiry ? .expired : .open
  }
}

/// Why a guest may not enroll a key.
package enum EnrollmentRefusal: Error, Sendable, Equatable {
  /// No invitation has this guest's key.
  case unknown
  case ended(Invitation.State)
  /// The key is not one that a worker may have: it has another length, belongs to the coordinator or a guest, or is
  /// public knowledge.
  case badKey
  /// The key was enrolled and has been revoked.
  case revokedKey
}

/// The invitations of a coordinator: which keys a guest may enroll. A pure value; ``InvitationBook`` stores it.
package struct Invitations: Sendable, Equatable {
  package internal(set) var byGuest: [Key: Invitation] = [:]

  package init() {}

  package var names: Set<String> { Set(byGuest.values.map(\.name)) }

  /// The names of all enrolled workers, including revoked ones.
  var workerNames: Set<String> { Set(byGuest.values.flatMap(\.workers).map(\.name)) }

  package mutating func add(_ invitation: Invitation) { byGuest[invitation.guest] = invitation }

  /// Enrolls a worker's key. A repeated enrollment of the same key changes nothing and uses nothing up.
  /// - Parameters:
  ///   - key: The CURVE public key: 32 bytes.
  ///   - host: The name of the worker's host, as the guest reports it.
  ///   - forbidden: Keys that no worker may have.
  ///   - isTaken: Whether a name belongs to another key.
  /// - Returns: The enrolled worker, and whether it is new.
  /// - Throws: ``EnrollmentRefusal``
  package mutating func enroll(
    _ key: [UInt8], host: String, through guest: Key, at time: UInt64, forbidden: Set<Key>,
    isTaken: (String) -> Bool
  ) throws(EnrollmentRefusal) -> (worker: Invitation.Worker, isNew: Bool) {
    guard let invitation = byGuest[guest] else { throw .unknown }
    guard let key = Key(bytes: key), !forbidden.contains(key), byGuest[key] == nil, !KeyFiles.isPublished(key) else {
      throw .badKey
    }
    if invitation.isRevoked { throw .ended(.revoked) }
    if let known = invitation.workers.first(where: { $0.key == key }) {
      if known.isRevoked { throw .revokedKey }
      return (known, false)
    }
    let state = invitation.state(at: time)
    guard state == .open else { throw .ended(state) }
    let worker = Invitation.Worker(name: Self.freeName(for: host, isTaken), key: key, time: time)
    byGuest[guest]!.workers.append(worker)
    return (worker, true)
  }

  /// The longest name of a worker's key.
  private static let mostCharacters = 64

  /// Returns the host's name, restricted to characters that are safe in file names, with a number if it is taken.
  private static func freeName(for host: String, _ isTaken: (String) -> Bool) -> String {
    let allowed = host.unicodeScalars.prefix(mostCharacters).map { scalar -> Character in
      let isSafe =
        scalar.isASCII
        && (scalar.properties.isAlphabetic || ("0"..."9").contains(scalar) || "-_.".unicodeScalars.contains(scalar))
      return isSafe ? Character(scalar) : "-"
    }
    let cleaned = String(String(allowed).drop { $0 == "." || $0 == "-" })
    let base = cleaned.isEmpty || cleaned == "coordinator" ? "worker" : cleaned
    if !isTaken(base) { return base }
    return sequence(first: 2, next: { $0 + 1 }).lazy.map { "\(base)-\($0)" }.first { !isTaken($0) }!
  }

  /// Withdraws an invitation, or the permission of a worker that it has enrolled.
  /// - Returns: Whether there is one of this name that was not revoked before.
  package mutating func revoke(_ name: String) -> Bool {
    var isChanged = false
    for (guest, invitation) in byGuest {
      if invitation.name == name, !invitation.isRevoked {
        byGuest[guest]!.isRevoked = true
        isChanged = true
      }
      for (index, worker) in invitation.workers.enumerated() where worker.name == name && !worker.isRevoked {
        byGuest[guest]!.workers[index].isRevoked = true
        isChanged = true
      }
    }
    return isChanged
  }

  /// The keys of all enrolled workers that are not revoked.
  package var workerKeys: Set<Key> {
    Set(byGuest.values.flatMap(\.workers).filter { !$0.isRevoked }.map(\.key))
  }
}

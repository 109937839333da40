internal import Coordination
internal import Transport

/// Enrolls the workers that join with a token. See "Enrollment" in Protocol.md.
extension Cluster {
  /// The size of an enrollment with the longest name of a host is below this.
  private static let mostBytesOfEnrollment = 512

  /// Handles the message of a guest: one enrollment is answered, and after anything else the connection is closed.
  func receive(fromGuest guest: Key, _ frames: [Frame]) {
    let (connection, peer) = (frames.last?.connection, frames.last?.peerAddress)
    guard let connection, let book = book(of: guest) else { return }
    let enrollment = frames.count == 2 ? Self.enrollment(in: frames[1]) : nil
    guard case .enroll = guests.noteGuest(connection, isEnrollment: enrollment != nil, at: now), let enrollment
    else {
      unknownPeers.note(.guest, of: peer)
      return close(connection)
    }
    let address = peer.map { " (\($0))" } ?? ""
    do {
      let (worker, isNew) = try book.enroll(
        Array(enrollment.key), host: enrollment.host, through: guest, forbidden: forbiddenKeys)
      allow(enrolled: worker.key)
      // A launcher reports the hosts of its workers itself.
      if isNew, book !== launched {
        let name = book.current.byGuest[guest]?.name ?? "an invitation"
        report("\(worker.name)\(address) enrolled with \(name)", isFault: false)
      }
      send(to: frames[0]) { $0.enrolled.name = worker.name }
    } catch let refusal as EnrollmentRefusal {
      unknownPeers.note(.endedToken, of: peer)
      send(to: frames[0]) { $0.refusal.reason = refusal.text }
    } catch {
      report("cannot enroll \(enrollment.host)\(address): \(error)", isFault: true)
      send(to: frames[0]) { $0.refusal.reason = "the coordinator cannot store this worker's key; see its log" }
    }
    admitGuests()
  }

  private static func enrollment(in frame: Frame) -> Enrollment? {
    guard frame.count <= mostBytesOfEnrollment, let message: WorkerMessage = MessageCodec.decode(frame),
      message.protocol == MessageCodec.version, case .enrollment(let enrollment) = message.body
    else { return nil }
    return enrollment
  }

  private var books: [InvitationBook] { [launched, keys?.invitations].compactMap { $0 } }

  /// The book with the invitation of a guest; if there is none any more, one that refuses it.
  private func book(of guest: Key) -> InvitationBook? {
    books.first { $0.current.byGuest[guest] != nil } ?? books.first
  }

  private var guestStates: [Key: Invitation.State] {
    books.reduce(into: [:]) { states, book in states.merge(book.guests()) { first, _ in first } }
  }

  /// Keys that a guest may not enroll as its own.
  private var forbiddenKeys: Set<Key> {
    Set(books.flatMap(\.current.byGuest.keys)).union([keys?.own.publicKey].compactMap { $0 })
  }

  /// Closes the connection of a worker whose key was removed after it had connected.
  func closeRevoked(_ frames: [Frame]) {
    unknownPeers.note(.refusal, of: frames.last?.peerAddress)
    if let connection = frames.last?.connection { close(connection) }
  }

  private func close(_ connection: Int32) {
    for port in ([endpoint].compactMap { $0 } + launchEndpoints.values).compactMap(\.port) {
      Socket.close(connection: connection, atPort: port)
    }
  }

  func admitGuests() { accessControl?.admit(guests: guestStates, in: Self.domain) }

  /// Reads the invitations again, and closes the connections of guests that send nothing.
  func checkGuests() {
    for connection in guests.overdue(at: now) { close(connection) }
    guard !books.isEmpty, now >= nextInvitationLook else { return }
    nextInvitationLook = now + Self.invitationInterval
    var faults: [TransportError] = []
    do throws(TransportError) { faults = try keys?.invitations?.reload() ?? [] } catch { faults = [error] }
    for fault in faults where !invitationFaults.contains(fault) { log("ignored in the folder of keys: \(fault)") }
    invitationFaults = faults
    admitGuests()
    for (address, count) in accessControl?.takeRefusedGuests() ?? [:] {
      unknownPeers.note(.endedToken, of: address, count: count)
    }
  }

  private static let invitationInterval: Milliseconds = 1_000
}

extension EnrollmentRefusal {
  fileprivate var text: String {
    switch self {
    case .unknown: "the coordinator does not know this join token"
    case .ended(.used), .ended(.open): "the join token has been used as often as it allows"
    case .ended(.expired): "the join token has expired"
    case .ended(.revoked): "the join token has been revoked"
    case .badKey: "the key to be enrolled is not one that a worker may have"
    case .revokedKey: "this worker's key has been revoked"
    }
  }
}

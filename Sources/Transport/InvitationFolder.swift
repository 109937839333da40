internal import Files
internal import Foundation

/// The files `NAME.invitation` in a folder of keys, readable by their owner only.
struct InvitationFolder: Sendable {
  let path: String

  private static let suffix = ".invitation"
  /// The size of an invitation with 10,000 uses is below this.
  private static let mostBytes = 4 << 20

  /// An invitation as JSON.
  private struct Record: Codable {
    struct Worker: Codable {
      var name: String
      var key: String
      var time: UInt64
      var isRevoked: Bool
    }
    var guest: String
    var uses: Int
    var expiry: UInt64
    var isRevoked: Bool
    var workers: [Worker]
  }

  var exists: Bool { access(path, F_OK) == 0 || ![ENOENT, ENOTDIR].contains(errno) }

  /// Calls `body` while no other process changes the invitations.
  /// - Throws: ``TransportError`` if the folder cannot be written, or another process holds the lock for two seconds.
  func withLock(_ body: () throws(TransportError) -> Void) throws(TransportError) {
    let file = open("\(path)/invitations.lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    guard file >= 0 else { throw TransportError("cannot write in \(path): \(systemErrorText())", .notCreated) }
    defer { close(file) }
    var attempts = 0
    while flock(file, LOCK_EX | LOCK_NB) != 0 {
      attempts += 1
      guard errno == EWOULDBLOCK || errno == EINTR, attempts < 200 else {
        throw TransportError("cannot lock \(path)/invitations.lock: \(systemErrorText())", .notCreated)
      }
      usleep(10_000)
    }
    try body()
  }

  /// Reads all invitations; `faults` holds an error for each file without one.
  func read() throws(TransportError) -> (invitations: Invitations, faults: [TransportError]) {
    guard exists else { return (Invitations(), []) }
    let names: [String]
    do { names = try FileManager.default.contentsOfDirectory(atPath: path) } catch {
      throw TransportError("cannot read the folder of keys \(path): \(error.localizedDescription)")
    }
    var (all, faults) = (Invitations(), [TransportError]())
    for name in names.sorted() where name.hasSuffix(Self.suffix) {
      guard let invitation = invitation(in: name) else {
        faults.append(TransportError("\(path)/\(name) holds no invitation, as `atelier keys invite` writes them"))
        continue
      }
      all.add(invitation)
    }
    return (all, faults)
  }

  private func invitation(in name: String) -> Invitation? {
    let file = open("\(path)/\(name)", O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard file >= 0 else { return nil }
    defer { close(file) }
    let bytes = try? [UInt8](atMost: Self.mostBytes) { buffer throws(SystemError) in
      try FileTransfer.read(buffer, from: file)
    }
    guard let bytes, let record = try? JSONDecoder().decode(Record.self, from: Data(bytes)),
      let guest = Key(z85: record.guest)
    else { return nil }
    var invitation = Invitation(
      name: String(name.dropLast(Self.suffix.count)), guest: guest, uses: record.uses, expiry: record.expiry)
    invitation.isRevoked = record.isRevoked
    for worker in record.workers {
      guard let key = Key(z85: worker.key) else { return nil }
      invitation.workers.append(
        Invitation.Worker(name: worker.name, key: key, time: worker.time, isRevoked: worker.isRevoked))
    }
    return invitation
  }

  func write(_ invitation: Invitation) throws(TransportError) {
    let record = Record(
      guest: invitation.guest.z85, uses: invitation.uses, expiry: invitation.expiry, isRevoked: invitation.isRevoked,
      workers: invitation.workers.map {
        Record.Worker(name: $0.name, key: $0.key.z85, time: $0.time, isRevoked: $0.isRevoked)
      })
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
    do {
      let bytes = Array(try encoder.encode(record)) + [UInt8(ascii: "\n")]
      try FileReplacement.write([bytes], to: "\(path)/\(invitation.name)\(Self.suffix)", mode: 0o600)
    } catch { throw TransportError("\(error)", .notCreated) }
  }

  func holdsKey(named name: String) -> Bool { access("\(path)/\(name)\(KeyFiles.publicSuffix)", F_OK) == 0 }

  /// Removes an invitation, if there is one of this name.
  func removeInvitation(named name: String) { unlink("\(path)/\(name)\(Self.suffix)") }

  /// Removes a public key.
  /// - Returns: Whether there was one of this name.
  func removeKey(named name: String) -> Bool { unlink("\(path)/\(name)\(KeyFiles.publicSuffix)") == 0 }

  func write(_ key: Key, named name: String) throws(TransportError) {
    try KeyFiles.write(key.z85, to: "\(path)/\(name)\(KeyFiles.publicSuffix)", mode: 0o644)
  }
}

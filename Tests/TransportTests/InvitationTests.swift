import Foundation
import Synchronization
import Testing
import Transport

/// Who may enroll with an invitation, in memory and in a folder of keys.
@Suite struct InvitationTests {
  private let coordinator = KeyPair().publicKey
  private let guest = KeyPair().publicKey

  private func invitations(uses: Int = 1) -> Invitations {
    var invitations = Invitations()
    invitations.add(Invitation(name: "first", guest: guest, uses: uses, expiry: 1_000))
    return invitations
  }

  /// Enrolls a key, and returns its name or the refusal.
  private func enroll(
    _ key: Key, in invitations: inout Invitations, host: String = "host", through guest: Key? = nil, at time: UInt64 = 1
  ) -> Result<String, EnrollmentRefusal> {
    let taken = Set(invitations.byGuest.values.flatMap(\.workers).map(\.name))
    do throws(EnrollmentRefusal) {
      let (worker, _) = try invitations.enroll(
        key.bytes, host: host, through: guest ?? self.guest, at: time, forbidden: [coordinator],
        isTaken: taken.contains)
      return .success(worker.name)
    } catch { return .failure(error) }
  }

  @Test func permitsAsManyKeysAsItsUses() {
    var all = invitations(uses: 2)
    let keys = (0..<3).map { _ in KeyPair().publicKey }
    #expect(enroll(keys[0], in: &all) == .success("host"))
    #expect(enroll(keys[1], in: &all) == .success("host-2"))
    #expect(enroll(keys[2], in: &all) == .failure(.ended(.used)))
    #expect(all.workerKeys == Set(keys.prefix(2)) && all.byGuest[guest]?.state(at: 1) == .used)
  }

  @Test func repeatedEnrollmentUsesNothingUp() {
    var all = invitations()
    let key = KeyPair().publicKey
    #expect(enroll(key, in: &all) == .success("host"))
    let before = all
    for _ in 0..<3 { #expect(enroll(key, in: &all, host: "other", at: 5_000) == .success("host")) }
    #expect(all == before)
  }

  @Test func expiredAndRevokedInvitationsPermitNothing() {
    var all = invitations()
    #expect(enroll(KeyPair().publicKey, in: &all, at: 1_000) == .failure(.ended(.expired)))
    #expect(enroll(KeyPair().publicKey, in: &all, through: KeyPair().publicKey) == .failure(.unknown))
    let (isRevoked, isRevokedAgain) = (all.revoke("first"), all.revoke("first"))
    #expect(isRevoked && !isRevokedAgain)
    #expect(enroll(KeyPair().publicKey, in: &all) == .failure(.ended(.revoked)))
    #expect(all.workerKeys.isEmpty)
  }

  @Test func revokedWorkerCannotEnrollItsKeyAgain() {
    var all = invitations(uses: 2)
    let (first, second) = (KeyPair().publicKey, KeyPair().publicKey)
    #expect(enroll(first, in: &all, host: "a") == .success("a") && enroll(second, in: &all, host: "b") == .success("b"))
    let isRevoked = all.revoke("a")
    #expect(isRevoked && all.workerKeys == [second])
    #expect(enroll(first, in: &all) == .failure(.revokedKey))
  }

  @Test func refusesKeysThatNoWorkerMayHave() throws {
    var all = invitations(uses: 9)
    let published = try #require(Key(z85: "rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7"))
    for key in [coordinator, guest, published] { #expect(enroll(key, in: &all) == .failure(.badKey)) }
    for count in [0, 31, 33, 64] {
      #expect(throws: EnrollmentRefusal.badKey) {
        try all.enroll(
          [UInt8](repeating: 1, count: count), host: "h", through: guest, at: 1, forbidden: [], isTaken: { _ in false })
      }
    }
    #expect(all.byGuest[guest]?.workers.isEmpty == true)
  }

  @Test(arguments: [
    ("../../etc/x", "etc-x"), ("", "worker"), ("...", "worker"), ("coordinator", "worker"),
    ("a b\u{1B}[31m", "a-b--31m"),
    ("Gerät", "Ger-t"), ("node-7.example.org", "node-7.example.org"), ("-rf", "rf"), ("/", "worker"),
    (String(repeating: "x", count: 300), String(repeating: "x", count: 64)),
  ]) func nameOfHostBecomesNameOfFile(host: String, name: String) {
    var all = invitations()
    #expect(enroll(KeyPair().publicKey, in: &all, host: host) == .success(name))
  }

  // MARK: Books

  private let addresses = [try! Endpoint("tcp://10.0.0.1:7700")]

  private func refusal(_ body: () throws -> Void) -> EnrollmentRefusal? {
    do {
      try body()
      return nil
    } catch { return error as? EnrollmentRefusal }
  }

  @Test func bookInMemoryKeepsEnrolledKeys() throws {
    let book = InvitationBook()
    let token = try book.invite(uses: 1, lifetime: .seconds(60), coordinator: coordinator, addresses: addresses)
    #expect(book.guests() == [token.guest.publicKey: .open] && token.coordinator == coordinator)
    let key = KeyPair().publicKey
    _ = try book.enroll(key.bytes, host: "a", through: token.guest.publicKey, forbidden: [])
    #expect(book.memoryWorkers == [key] && book.guests() == [token.guest.publicKey: .used])
    #expect(book.guests(at: .max).values.first == .used)
    #expect(try book.revoke("a") && book.memoryWorkers.isEmpty)
  }

  @Test func folderHoldsInvitationsWithoutTheirSecrets() throws {
    let folder = try TemporaryFolder()
    let book = InvitationBook(folder: folder.path)
    let token = try book.invite(uses: 2, coordinator: coordinator, addresses: addresses)
    let second = try book.invite(named: "mine", coordinator: coordinator, addresses: addresses)
    let other = InvitationBook(folder: folder.path)
    #expect(
      try other.reload().isEmpty && other.current == book.current && other.current.names == ["invitation-1", "mine"])
    for name in try FileManager.default.contentsOfDirectory(atPath: folder.path) {
      let text = try String(contentsOfFile: "\(folder.path)/\(name)", encoding: .utf8)
      let secrets = [token, second].flatMap { [$0.text.split(separator: ".")[2].description, $0.guest.secretText] }
      for secret in secrets { #expect(!text.contains(secret)) }
      let mode = try FileManager.default.attributesOfItem(atPath: "\(folder.path)/\(name)")[.posixPermissions] as? Int
      #expect(mode == 0o600)
    }
    let key = KeyPair().publicKey
    let (worker, isNew) = try book.enroll(key.bytes, host: "a", through: token.guest.publicKey, forbidden: [])
    #expect(worker.name == "a" && isNew)
    #expect(try KeyFiles.publicKey(at: "\(folder.path)/a.public") == key)
    #expect(try !other.enroll(key.bytes, host: "b", through: token.guest.publicKey, forbidden: []).isNew)
    #expect(throws: TransportError.self) {
      try book.invite(named: "mine", coordinator: coordinator, addresses: addresses)
    }
  }

  /// A name that belongs to a copied key is not replaced.
  @Test func enrolledKeyReplacesNoOther() throws {
    let folder = try TemporaryFolder()
    let copied = try KeyFiles.create(named: "a", in: folder.path).publicKey
    let book = InvitationBook(folder: folder.path)
    let token = try book.invite(coordinator: coordinator, addresses: addresses)
    let key = KeyPair().publicKey
    #expect(try book.enroll(key.bytes, host: "a", through: token.guest.publicKey, forbidden: []).worker.name == "a-2")
    #expect(try KeyFiles.publicKeys(in: folder.path).keys == [copied, key])
  }

  /// Keys and invitations are revoked by name.
  @Test func keysAndInvitationsShareNoName() throws {
    let folder = try TemporaryFolder()
    for book in [InvitationBook(), InvitationBook(folder: folder.path)] {
      func enroll(_ host: String, _ token: JoinToken) throws -> String {
        try book.enroll(KeyPair().publicKey.bytes, host: host, through: token.guest.publicKey, forbidden: [])
          .worker.name
      }
      let token = try book.invite(uses: 2, coordinator: coordinator, addresses: addresses)
      #expect(try enroll("invitation-1", token) == "invitation-1-2")
      #expect(try enroll("invitation-2", token) == "invitation-2")
      _ = try book.invite(coordinator: coordinator, addresses: addresses)
      #expect(book.current.names == ["invitation-1", "invitation-3"])
      #expect(throws: TransportError.self) {
        try book.invite(named: "invitation-2", coordinator: coordinator, addresses: addresses)
      }
    }
  }

  @Test func removedOrRevokedKeyIsNotEnrolledAgain() throws {
    let folder = try TemporaryFolder()
    let book = InvitationBook(folder: folder.path)
    let token = try book.invite(uses: 3, coordinator: coordinator, addresses: addresses)
    let keys = (0..<2).map { _ in KeyPair().publicKey }
    for (name, key) in zip(["a", "b"], keys) {
      _ = try book.enroll(key.bytes, host: name, through: token.guest.publicKey, forbidden: [])
    }
    try FileManager.default.removeItem(atPath: "\(folder.path)/a.public")
    #expect(try book.revoke("b"))
    #expect(try KeyFiles.publicKeys(in: folder.path).keys.isEmpty)
    for key in keys {
      let refusal = refusal { _ = try book.enroll(key.bytes, host: "c", through: token.guest.publicKey, forbidden: []) }
      #expect(refusal == .revokedKey)
    }
    #expect(try KeyFiles.publicKeys(in: folder.path).keys.isEmpty)
    #expect(try !book.revoke("b") && !book.revoke("nothing"))
  }

  /// Several coordinators may use one folder: each use counts once.
  @Test func concurrentEnrollmentsCountEachUseOnce() throws {
    let folder = try TemporaryFolder()
    let token = try InvitationBook(folder: folder.path).invite(uses: 3, coordinator: coordinator, addresses: addresses)
    let guest = token.guest.publicKey
    let counts = Mutex((enrolled: 0, used: 0))
    let path = folder.path
    DispatchQueue.concurrentPerform(iterations: 8) { _ in
      let book = InvitationBook(folder: path)
      let refusal = refusal {
        _ = try book.enroll(KeyPair().publicKey.bytes, host: "same", through: guest, forbidden: [])
      }
      counts.withLock { if refusal == nil { $0.enrolled += 1 } else if refusal == .ended(.used) { $0.used += 1 } }
    }
    #expect(counts.withLock { $0.enrolled } == 3 && counts.withLock { $0.used } == 5)
    #expect(try KeyFiles.publicKeys(in: folder.path).keys.count == 3)
  }

  /// Threads of one process may share a book in memory.
  @Test func concurrentInvitationsAreAllKept() {
    let book = InvitationBook()
    DispatchQueue.concurrentPerform(iterations: 1_000) { _ in
      _ = try? book.invite(coordinator: coordinator, addresses: addresses)
    }
    #expect(Set(book.current.byGuest.values.map(\.name)).count == 1_000)
  }

  @Test func damagedInvitationIsReportedAndOthersCount() throws {
    let folder = try TemporaryFolder()
    let book = InvitationBook(folder: folder.path)
    let token = try book.invite(coordinator: coordinator, addresses: addresses)
    _ = try folder.write("{", to: "broken.invitation")
    #expect(mkfifo("\(folder.path)/pipe.invitation", 0o600) == 0)
    let faults = try book.reload().map(\.description)
    #expect(faults.count == 2 && faults[0].contains("broken.invitation holds no invitation"))
    #expect(book.guests() == [token.guest.publicKey: .open])
    #expect(try InvitationBook(folder: "\(folder.path)/missing").reload().isEmpty)
  }

  // MARK: The worker's key

  @Test func workerKeepsOneKeyForEachToken() throws {
    let folder = try TemporaryFolder()
    let book = InvitationBook()
    let tokens = try (0..<2).map { _ in try book.invite(coordinator: coordinator, addresses: addresses) }
    let environments = [
      ["HOME": folder.path], ["STATE_DIRECTORY": "\(folder.path)/state:/other", "HOME": "/proc/none"],
    ]
    for environment in environments {
      #expect(try !JoinedKeys(existingFor: tokens[0], environment: environment).isKnown)
      let first = try JoinedKeys(for: tokens[0], environment: environment)
      #expect(!first.isKnown && first.fault == nil)
      let again = try JoinedKeys(for: tokens[0], environment: environment)
      #expect(again.isKnown && again.pair == first.pair)
      #expect(try JoinedKeys(existingFor: tokens[0], environment: environment).pair == first.pair)
      #expect(try JoinedKeys(for: tokens[1], environment: environment).pair != first.pair)
    }
    let names = try FileManager.default.contentsOfDirectory(atPath: "\(folder.path)/state/joined")
    #expect(names.count == 2 && names.allSatisfy { $0.hasSuffix(".secret") })
  }

  @Test func keyThatCannotBeKeptIsReported() throws {
    let token = try InvitationBook().invite(coordinator: coordinator, addresses: addresses)
    let keys = try JoinedKeys(for: token, environment: ["HOME": "/proc/none"])
    #expect(!keys.isKnown && keys.fault?.description.contains("cannot create") == true)
  }
}

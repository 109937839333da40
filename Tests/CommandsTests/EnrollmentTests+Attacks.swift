import Coordination
import Foundation
import Testing
import Transport

/// What the holder of a token, a recorded session or a false key cannot do. Each test ends with the correct model.
extension EnrollmentTests {
  /// Lets an honest worker join with a token of its own, and expects the model of one process.
  private func expectHonestWorkerCompletes(_ run: AtelierProcess.Started, _ expected: Data) throws {
    #expect(run.process.isRunning, "\(run.errorsSoFar)")
    _ = try invite(to: "honest")
    let worker = try worker(host: "honest-host", token: "honest")
    defer { end(worker) }
    try expectModel(expected, of: run)
  }

  private func peakMemory(of run: AtelierProcess.Started) throws -> Int {
    let text = try String(contentsOfFile: "/proc/\(run.process.processIdentifier)/status", encoding: .utf8)
    let line = try #require(text.split(separator: "\n").first { $0.hasPrefix("VmHWM:") })
    return try #require(Int(line.split(whereSeparator: { !$0.isNumber })[0]))
  }

  // MARK: A stolen token

  /// A stolen token that is still valid admits a worker, which the list names and revocation excludes.
  @Test func stolenTokenIsVisibleAndRevocable() throws {
    let expected = try expectedModel()
    let token = try invite()
    let run = try coordinator()
    defer { end(run) }
    let thief = try HostileGuest(token)
    try thief.enroll()
    #expect(thief.answer()?.enrolled.name == "mallory")
    #expect(run.errorsSoFar.contains("mallory"))
    // The worker for which the token was meant is refused with the reason.
    let victim = try worker().wait()
    #expect(victim.status == 76 && victim.errors.contains("used as often as it allows"), "\(victim.errors)")
    #expect(try keys("list").output.contains("mallory") && keys("revoke", "mallory").status == 0)
    try run.waitUntil { run.errorsSoFar.contains("keys reloaded: 0 workers may join") }
    let later = try HostileGuest(token, as: thief.own)
    #expect(!later.awaits(within: 1) { $0 == .ready })
    try expectHonestWorkerCompletes(run, expected)
  }

  @Test(arguments: ["used", "revoked", "expired", "unknown"]) func endedTokenEnrollsNothing(state: String) throws {
    let expected = try expectedModel()
    var token = try invite(state == "expired" ? ["--for", "1s"] : [])
    if state == "unknown" {
      token = try JoinToken(
        coordinator: token.coordinator, addresses: token.addresses, secret: Secret(), expiry: token.expiry)
      try write(token.text, to: "token")
    }
    _ = try invite(to: "other")
    let run = try coordinator()
    defer { end(run) }
    if state == "used" {
      let first = try HostileGuest(token)
      try first.enroll()
      #expect(first.answer()?.enrolled.name == "mallory")
    }
    if state == "revoked" { #expect(try keys("revoke", "invitation-1").status == 0) }
    // The coordinator reads the invitations every second.
    usleep(2_500_000)
    let before = enrolledCount
    for _ in 0..<3 {
      let guest = try HostileGuest(token)
      try guest.enroll()
      #expect(!guest.awaits(within: 1) { $0 == .ready })
    }
    let late = try worker()
    defer { end(late) }
    let reasons = [
      "used": "used as often", "revoked": "revoked", "expired": "has expired", "unknown": "not know the token",
    ]
    try waitUntil { late.errorsSoFar.contains(reasons[state]!) }
    if state != "unknown" { #expect(try late.wait().status == 76) }
    #expect(enrolledCount == before)
    let reason = state == "unknown" ? "with an unlisted key" : "with a used, expired or revoked join token"
    try run.waitUntil { run.errorsSoFar.contains(reason) }
    let doctor = try AtelierProcess(
      ["doctor", "--join", "token"], in: folder, environment: ["HOME": folder.file("new")])
    #expect(doctor.status == 69 && doctor.output.contains(reasons[state]!), "\(doctor.output)")
    try expectHonestWorkerCompletes(run, expected)
  }

  // MARK: A guest that wants more

  private static let wrongMessages: [@Sendable (HostileGuest) throws -> Void] = [
    { try $0.send { $0.status.number = 1 } }, { try $0.send { $0.probe.clock = 1 } },
    { try $0.send { $0.blobRequest.digest = Data(repeating: 1, count: 32) } },
    { try $0.send([[UInt8](repeating: 1, count: 1 << 20)]) { $0.result.job = 1 } },
    { $0.send([[UInt8]("hello".utf8)]) }, { $0.send([[]]) }, { $0.send(Array(repeating: [1], count: 100)) },
    { try $0.enroll(host: String(repeating: "x", count: 1_000)) },
    // Two enrollments: the second is too much.
    { guest in
      try guest.enroll()
      _ = guest.answer()
      try guest.enroll(KeyPair().publicKey.bytes)
    },
  ]

  @Test func guestThatSendsAnythingElseIsDisconnected() throws {
    let expected = try expectedModel()
    let token = try invite(["--uses", "100"])
    let run = try coordinator()
    defer { end(run) }
    for (index, send) in Self.wrongMessages.enumerated() {
      let guest = try HostileGuest(token)
      try send(guest)
      #expect(guest.isDisconnected, "message \(index)")
    }
    #expect(enrolledCount == 1)
    // A key that no worker may have is refused with the reason.
    for key in [token.coordinator.bytes, token.guest.publicKey.bytes, [1, 2, 3]] {
      let guest = try HostileGuest(token)
      try guest.enroll(key)
      #expect(guest.answer()?.refusal.reason.contains("not one that a worker may have") == true)
    }
    #expect(enrolledCount == 1)
    try run.waitUntil { run.errorsSoFar.contains("guest that sent anything but its enrollment") }
    let lines = run.errorsSoFar.components(separatedBy: "guest that sent anything but its enrollment").count - 1
    #expect(lines == 1, "one line for each peer and minute")
    try expectHonestWorkerCompletes(run, expected)
  }

  @Test func thousandGuestsChangeNothing() throws {
    let expected = try expectedModel()
    let token = try invite(["--uses", "5"])
    let run = try coordinator()
    defer { end(run) }
    let before = try peakMemory(of: run)
    let junk = [UInt8](repeating: 1, count: 1 << 20)
    for batch in 0..<20 {
      // Some send nothing, some too much, and some enroll.
      let guests = try (0..<50).map { _ in try HostileGuest(token) }
      for (index, guest) in guests.enumerated() {
        switch index % 5 {
        case 0: break
        case 1: try guest.enroll(host: "mallory-\(batch)-\(index)")
        default: for _ in 0..<4 { guest.send([junk, junk]) }
        }
      }
      usleep(20_000)
    }
    let growth = try peakMemory(of: run) - before
    #expect(growth < 300 << 10, "\(growth) KiB")
    #expect(enrolledCount == 5)
    try expectHonestWorkerCompletes(run, expected)
  }

  // MARK: A recorded session

  @Test func replayedEnrollmentHasNoEffect() throws {
    let expected = try expectedModel()
    let proxy = RecordingProxy(to: port)
    _ = try invite(["--uses", "3"], port: proxy.port)
    let run = try coordinator(["--min-workers", "2"])
    defer { end(run) }
    let victim = try worker()
    try run.waitUntil { run.errorsSoFar.contains("joined: ") }
    end(victim)
    #expect(enrolledCount == 1)
    // Nothing secret is readable in the recording.
    let token = try JoinToken(String(contentsOfFile: folder.file("token"), encoding: .utf8))
    let own = try #require(folder.names(in: "host/.config/atelier/joined").first)
    let key = try KeyFiles.secret(at: folder.file("host/.config/atelier/joined/\(own)"))
    let recording = Data(proxy.recording)
    #expect(recording.count > 1_000)
    for secret in [token.guest.secretText, key.secretText] {
      let bytes = Data(try #require(Key(z85: secret)).bytes)
      #expect(recording.range(of: bytes) == nil && recording.range(of: Data(secret.utf8)) == nil)
    }
    // Without the key file removed, a new key would show an enrollment that succeeded.
    let before = try keys("list").output
    for _ in 0..<5 {
      let file = RecordingProxy.connect(to: port)
      _ = recording.withUnsafeBytes { send(file, $0.baseAddress!, $0.count, Int32(MSG_NOSIGNAL)) }
      usleep(200_000)
      close(file)
    }
    usleep(1_500_000)
    #expect(try keys("list").output == before)
    #expect(run.errorsSoFar.components(separatedBy: "joined: ").count == 2)
    try run.waitUntil { run.errorsSoFar.contains("failed the handshake") }
    let second = try worker()
    defer { end(second) }
    try expectHonestWorkerCompletes(run, expected)
  }

  // MARK: A fake coordinator

  /// A program with another key listens at the first address of the token.
  @Test func fakeCoordinatorReceivesNothing() throws {
    let expected = try expectedModel()
    let context = try SocketContext()
    let control = try AccessControl(in: context)
    defer { control.end() }
    let fake = try Socket(.router, in: context, security: .server(KeyPair(), domain: "fake"))
    let address = try fake.bind(Endpoint("tcp://127.0.0.1:*"))
    let real = try invite()
    // The attacker knows the public keys, but not the secret key of the coordinator.
    control.allow([real.guest.publicKey], in: "fake")
    let token = try JoinToken(
      coordinator: real.coordinator, addresses: [address] + real.addresses, secret: real.secret, expiry: real.expiry)
    try write(token.text, to: "token")
    let worker = try worker()
    defer { end(worker) }
    try worker.waitUntil { worker.errorsSoFar.contains("does not have the key of the token's coordinator") }
    #expect(fake.receive(frames: 8) == nil)
    // The worker finds the real coordinator at the second address.
    try expectModel(expected, of: try coordinator())
    #expect(fake.receive(frames: 8) == nil)
  }
}

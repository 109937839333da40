import Foundation
import Testing
import Transport

/// Workers join with a token or a job secret, by the real programs. `EnrollmentTests+Attacks` tests hostile ones.
@Suite struct EnrollmentTests {
  let folder: TemporaryFolder
  let data: String
  let port = freePort()

  init() throws {
    folder = try TemporaryFolder()
    data = try TinyData.write(into: folder)
  }

  // MARK: Processes

  /// Runs `atelier keys …` in the coordinator's folder of keys.
  @discardableResult func keys(_ arguments: String...) throws -> AtelierProcess {
    try AtelierProcess(["keys"] + arguments + ["--keys", folder.file("keys")], in: folder)
  }

  /// Invites workers to the test's port, and writes the token to a file.
  func invite(
    _ options: [String] = [], port: UInt16? = nil, to name: String = "token"
  ) throws -> JoinToken {
    let run = try AtelierProcess(
      ["keys", "invite", "--keys", folder.file("keys"), "--address", "127.0.0.1:\(port ?? self.port)"] + options,
      in: folder)
    try #require(run.status == 0 && run.output.split(separator: "\n").count == 1, "\(run.errors)")
    try write(run.output, to: name)
    return try JoinToken(run.output)
  }

  func write(_ text: String, to name: String) throws {
    try folder.write(text, to: name)
    try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: folder.file(name))
  }

  private static let training = ["train", "forest", "--trees", "3000"]

  /// Starts a coordinator, and waits until it listens.
  func coordinator(
    _ options: [String] = [], keys: String? = "keys", environment: [String: String] = [:]
  ) throws -> AtelierProcess.Started {
    let run = try AtelierProcess.Started(
      Self.training + ["--data", data, "--output", "a.safetensors", "--listen", "tcp://127.0.0.1:\(port)"]
        + (keys.map { ["--keys", folder.file($0)] } ?? []) + options,
      in: folder, environment: environment)
    try run.waitUntil { run.errorsSoFar.contains("workers may join") }
    return run
  }

  /// Starts a worker with the token in a file on standard input.
  func worker(host: String = "host", token: String = "token") throws -> AtelierProcess.Started {
    try AtelierProcess.Started(
      ["-c", "exec \"$0\" worker --join - --threads 1 < \(token)", AtelierProcess.executable.path], in: folder,
      environment: ["HOME": folder.file(host)], executable: URL(fileURLWithPath: "/bin/sh"))
  }

  func expectedModel() throws -> Data {
    let run = try AtelierProcess(
      Self.training + ["--data", data, "--output", "whole.safetensors"], in: folder)
    #expect(run.status == 0, "\(run.errors)")
    return try folder.bytes("whole.safetensors")
  }

  /// Expects that the run ends with the model of one process.
  func expectModel(_ expected: Data, of run: AtelierProcess.Started) throws {
    let ended = try run.wait()
    #expect(ended.status == 0, "\(ended.errors)")
    #expect(try folder.bytes("a.safetensors") == expected)
  }

  func end(_ run: AtelierProcess.Started) {
    kill(run.process.processIdentifier, SIGKILL)
    run.process.waitUntilExit()
  }

  /// The number of keys of workers that the coordinator admits.
  var enrolledCount: Int { folder.names(in: "keys").count { $0.hasSuffix(".public") && $0 != "coordinator.public" } }

  // MARK: Joining

  @Test func workerJoinsWithTokenAndKeepsItsKey() throws {
    let expected = try expectedModel()
    _ = try invite()
    let run = try coordinator(["--min-workers", "99"])
    defer { end(run) }
    let first = try worker()
    try run.waitUntil { run.errorsSoFar.contains("joined: ") }
    #expect(run.errorsSoFar.contains("enrolled with invitation-1"), "\(run.errorsSoFar)")
    end(first)
    #expect(enrolledCount == 1)
    // Restarted with the same token, whose only use is gone, as under systemd.
    let second = try worker()
    defer { end(second) }
    try run.waitUntil { run.errorsSoFar.components(separatedBy: "joined: ").count == 3 }
    #expect(enrolledCount == 1 && !second.errorsSoFar.contains("enrolled as"), "\(second.errorsSoFar)")
    kill(run.process.processIdentifier, SIGINT)
    _ = try run.wait()
    // A coordinator that is started again admits it as well.
    try expectModel(expected, of: try coordinator())
  }

  /// The worker waits for a coordinator that starts later.
  @Test func tokenComesFromFileVariableOrCredential() throws {
    let token = try invite(["--uses", "3"])
    try FileManager.default.createDirectory(atPath: folder.file("credentials"), withIntermediateDirectories: true)
    try folder.write(token.text, to: "credentials/atelier-join")
    let workers = try [
      (["--join", "token"], ["HOME": folder.file("a")]),
      ([], ["HOME": folder.file("b"), "ATELIER_JOIN": token.text]),
      ([], ["STATE_DIRECTORY": folder.file("c"), "CREDENTIALS_DIRECTORY": folder.file("credentials")]),
    ].map { try AtelierProcess.Started(["worker", "--threads", "1"] + $0.0, in: folder, environment: $0.1) }
    defer { workers.forEach(end) }
    for worker in workers { try worker.waitUntil { worker.errorsSoFar.contains("waiting for the coordinator") } }
    let expected = try expectedModel()
    try expectModel(expected, of: try coordinator(["--min-workers", "3"]))
    #expect(enrolledCount == 3)
    #expect(folder.names(in: "c/joined").count == 1)
  }

  @Test(arguments: [
    ["worker", "--join"], ["worker"], ["doctor", "--join"], ["doctor"], ["keys"], ["keys", "revoke"], ["status"],
    ["train", "cnn", "--listen"], ["launch", "--print", "--hosts"], ["data", "--json"], [],
    ["manifest", "kubernetes", "--image", "a", "--", "train", "cnn", "--listen"],
  ]) func secretAsArgumentIsRefused(command: [String]) throws {
    let (token, job) = (try invite().text, try AtelierProcess(["keys", "secret"], in: folder).output.dropLast())
    for (secret, advice) in [(token, "--join FILE"), (String(job), "ATELIER_JOB_SECRET_FILE")] {
      let word = secret.split(separator: ".")[1].prefix(16)
      for argument in [secret, "tcp://\(secret)", String(secret.dropLast(20))] {
        let run = try AtelierProcess(command + [argument], in: folder)
        #expect(run.status == 64 && run.errors.contains("every user of this host can read arguments"), "\(run.errors)")
        #expect(run.errors.contains(advice) && !(run.output + run.errors).contains(word), "\(run.errors)")
      }
    }
  }

  @Test(arguments: [
    ("", 65, "not a join token"), ("atelier-join-1.abc", 65, "truncated"), ("atelier-join-9.abc", 65, "version 9"),
  ]) func unusableTokenIsAnError(text: String, status: Int32, reason: String) throws {
    try write(text, to: "bad")
    let run = try AtelierProcess(["worker", "--join", "bad"], in: folder)
    #expect(run.status == status && run.errors.contains(reason), "\(run.errors)")
  }

  @Test func refusesSourcesThatHoldNoToken() throws {
    _ = try invite()
    chmod(folder.file("token"), 0o640)
    for (arguments, status, reason) in [
      (["--join", "token"], 69, "can be read by others"), (["--join", "10.0.0.1:7700"], 64, "neither an address"),
      ([], 64, "no coordinator is given"),
    ] as [([String], Int32, String)] {
      let run = try AtelierProcess(["worker"] + arguments, in: folder)
      #expect(run.status == status && run.errors.contains(reason), "\(run.errors)")
    }
  }

  // MARK: Invitations

  @Test func listsAndRevokesWorkersAndInvitations() throws {
    let token = try invite(["--uses", "2"])
    let run = try coordinator(["--min-workers", "99"])
    defer { end(run) }
    let worker = try worker()
    defer { end(worker) }
    try run.waitUntil { run.errorsSoFar.contains("joined: ") }
    let list = try keys("list").output
    let name = try #require(list.split(separator: "\n")[1].split(separator: " ").first.map(String.init))
    #expect(list.contains("invitation-1  open   1 of 2") && !list.contains(token.text.split(separator: ".")[2]))
    let revoked = try keys("revoke", name)
    #expect(revoked.status == 0 && revoked.errors.contains("permits 1 more worker"), "\(revoked.errors)")
    #expect(enrolledCount == 0)
    #expect(try keys("revoke", "invitation-1").status == 0)
    #expect(try keys("list").output.contains("invitation-1  revoked"))
    #expect(try keys("revoke", name).status == 64)
    #expect(try keys("revoke", "coordinator").status == 64)
    try worker.waitUntil { worker.errorsSoFar.contains("lost the coordinator") }
    // The key of the revoked worker is admitted neither now nor through the token.
    try run.waitUntil { run.errorsSoFar.contains("keys reloaded: 0 workers may join") }
    end(worker)
    let again = try self.worker().wait()
    #expect(again.status == 76 && again.errors.contains("revoked"), "\(again.errors)")
  }

  @Test(arguments: [
    ["--uses", "0"], ["--uses", "10001"], ["--for", "0s"], ["--for", "1"], ["--for", "1000d"],
    ["--address", "nowhere"], ["--address", "0.0.0.0:7700"], ["--address", "1.2.3.4:0"], ["--address", "1.2.3.4:*"],
  ])
  func refusesInvalidInvitations(options: [String]) throws {
    let run = try AtelierProcess(["keys", "invite", "--keys", folder.file("keys")] + options, in: folder)
    #expect(run.status == 64 && run.output.isEmpty && !run.errors.contains("any free port"), "\(run.errors)")
  }

  @Test func missingFolderHoldsNoKeys() throws {
    let list = try keys("list")
    #expect(list.status == 0 && list.output == "no workers are admitted, and none is invited\n", "\(list.errors)")
    let revoked = try keys("revoke", "worker-9")
    #expect(revoked.status == 64 && revoked.errors.contains("is named worker-9"), "\(revoked.errors)")
    #expect(!folder.names.contains("keys"))
  }

  /// A misspelled subcommand creates no key.
  @Test func misspelledSubcommandIsNoName() throws {
    for (word, command) in [("lst", "list"), ("revok", "revoke"), ("invte", "invite")] {
      let run = try keys(word)
      #expect(run.status == 64 && run.errors.contains("did you mean `atelier keys \(command)`?"), "\(run.errors)")
    }
    #expect(!folder.names.contains("keys"))
    #expect(try keys("create", "lst").status == 0 && keys("worker-1").status == 0)
    #expect(folder.names(in: "keys") == ["lst.public", "lst.secret", "worker-1.public", "worker-1.secret"])
  }

  @Test func keyIsNotNamedLikeInvitation() throws {
    _ = try invite()
    let run = try keys("invitation-1")
    #expect(run.status == 73 && run.errors.contains("an invitation named invitation-1 exists"), "\(run.errors)")
    #expect(!folder.names(in: "keys").contains("invitation-1.public"))
  }

  @Test func listsDatesAsText() throws {
    _ = try invite()
    let list = try keys("list", "--json", "-").output
    let date = try #require(list.firstMatch(of: #/"expires" : "([^"]*)"/#)).1
    #expect(try Date(String(date), strategy: .iso8601) > Date(), "\(list)")
  }

  @Test func coordinatorWithoutWorkersAndInvitationsIsAnError() throws {
    _ = try invite()
    #expect(try keys("revoke", "invitation-1").status == 0)
    let run = try AtelierProcess(
      Self.training + ["--data", data, "--listen", "tcp://127.0.0.1:\(port)", "--keys", folder.file("keys")], in: folder
    )
    #expect(run.status == 69 && run.errors.contains("atelier keys invite"), "\(run.errors)")
  }

  // MARK: Job secrets

  @Test func processesWithOneSecretFindEachOther() throws {
    let expected = try expectedModel()
    let text = try AtelierProcess(["keys", "secret"], in: folder).output
    let secret = ["ATELIER_JOB_SECRET": text, "HOME": "/proc/none"]
    try write(text, to: "secret")
    let worker = try AtelierProcess.Started(
      ["worker", "--join", "tcp://127.0.0.1:\(port)", "--threads", "1"], in: folder,
      environment: ["ATELIER_JOB_SECRET_FILE": folder.file("secret"), "HOME": folder.file("host")])
    defer { end(worker) }
    // The coordinator is killed and started again, as after a requeue: the worker joins it again.
    let first = try coordinator(["--min-workers", "2"], keys: nil, environment: secret)
    try first.waitUntil { first.errorsSoFar.contains("joined: ") }
    end(first)
    try expectModel(expected, of: try coordinator(keys: nil, environment: secret))
    let other = try AtelierProcess(
      ["doctor", "--join", "tcp://127.0.0.1:\(port)"], in: folder, environment: ["ATELIER_JOB_SECRET": "password"])
    #expect(other.status == 65 && other.errors.contains("ATELIER_JOB_SECRET"), "\(other.errors)")
  }

  @Test func processWithAnotherSecretIsRefused() throws {
    let secrets = try (0..<2).map { _ in try AtelierProcess(["keys", "secret"], in: folder).output }
    let run = try coordinator(keys: nil, environment: ["ATELIER_JOB_SECRET": secrets[0], "HOME": "/proc/none"])
    defer { end(run) }
    let worker = try AtelierProcess.Started(
      ["worker", "--join", "tcp://127.0.0.1:\(port)", "--threads", "1"], in: folder,
      environment: ["ATELIER_JOB_SECRET": secrets[1], "HOME": folder.file("host")])
    defer { end(worker) }
    try run.waitUntil { run.errorsSoFar.contains("failed the handshake") }
    #expect(!run.errorsSoFar.contains("joined: "), "\(run.errorsSoFar)")
  }

  // MARK: Diagnosis

  @Test func doctorExaminesTokenNetworkAndHost() throws {
    _ = try invite(["--uses", "2"])
    let run = try coordinator(["--min-workers", "99"])
    defer { end(run) }
    func doctor(_ home: String) throws -> AtelierProcess {
      try AtelierProcess(["doctor", "--join", "token"], in: folder, environment: ["HOME": folder.file(home)])
    }
    let guest = try doctor("host")
    #expect(guest.status == 0 && guest.output.contains("accepts the token"), "\(guest.output)")
    #expect(guest.output.contains("are examined once a worker has enrolled"), "\(guest.output)")
    for step in ["files", "shared memory", "processors", "token"] { #expect(guest.output.contains("ok  \(step) ")) }
    #expect(enrolledCount == 0, "the doctor uses nothing up")
    let worker = try worker()
    defer { end(worker) }
    try run.waitUntil { run.errorsSoFar.contains("joined: ") }
    let enrolled = try doctor("host")
    #expect(enrolled.status == 0, "\(enrolled.output)")
    for text in ["the clocks agree", "512 KiB pass in both directions", "1 connected worker can be reached"] {
      #expect(enrolled.output.contains(text), "\(enrolled.output)")
    }
    #expect(try keys("revoke", "invitation-1").status == 0)
    try waitUntil { ((try? doctor("other").output) ?? "").contains("revoked, or has expired") }
  }

  @Test func doctorExaminesCoordinatorSide() throws {
    _ = try invite(["--uses", "2"])
    func doctor(_ port: UInt16, _ keys: String) throws -> AtelierProcess {
      try AtelierProcess(
        ["doctor", "--listen", "tcp://127.0.0.1:\(port)", "--keys", folder.file(keys)], in: folder)
    }
    let well = try doctor(port, "keys")
    #expect(well.status == 0 && well.output.contains("1 invitation is open"), "\(well.output)")
    #expect(well.output.contains("the keys of 0 workers"))
    let missing = try doctor(port, "missing")
    #expect(missing.status == 69 && missing.output.contains("coordinator.secret"), "\(missing.output)")
    let run = try coordinator(["--min-workers", "99"])
    defer { end(run) }
    let used = try doctor(port, "keys")
    #expect(used.status == 69 && used.output.contains("the port is already in use"), "\(used.output)")
  }
}

import Cluster
import Testing
import Transport

/// Tests the step at which an examination fails, and its advice.
struct DoctorTests {
  private let coordinator = KeyPair()
  private let worker = KeyPair()

  /// Returns the last finding about a socket that takes the place of a coordinator's.
  private func advice(_ security: SocketSecurity, allowing allowed: Set<Key>? = nil, to keys: WorkerKeys?) throws
    -> Doctor.Finding
  {
    let context = try SocketContext()
    let control = try allowed.map { _ in try AccessControl(in: context) }
    control?.allow(allowed ?? [], in: "tested")
    defer { control?.end() }
    let socket = try Socket(.router, in: context, security: security)
    let endpoint = try socket.bind(Endpoint("tcp://127.0.0.1:*"))
    let findings = Doctor.examine(endpoint, keys: keys, timeout: 500)
    #expect(findings.dropLast().allSatisfy(\.isWell) && findings.map(\.step).prefix(2) == ["name", "port"])
    return try #require(findings.last)
  }

  private var own: WorkerKeys { WorkerKeys(own: worker, coordinator: coordinator.publicKey) }
  private var secured: SocketSecurity { .server(coordinator, domain: "tested") }

  @Test func advisesToCopyUnlistedKeyToCoordinator() throws {
    let finding = try advice(secured, allowing: [], to: own)
    #expect(
      finding.step == "key" && !finding.isWell && finding.text.contains("rejects this worker's key"), "\(finding)")
  }

  @Test func advisesToCopyCoordinatorKeyIfItDiffers() throws {
    let wrong = WorkerKeys(own: worker, coordinator: KeyPair().publicKey)
    let finding = try advice(secured, allowing: [worker.publicKey], to: wrong)
    #expect(
      finding.step == "key" && finding.text.contains("coordinator.public does not match the key of the program"),
      "\(finding)")
  }

  @Test func distinguishesCoordinatorWithoutKeys() throws {
    let finding = try advice(.none, to: own)
    #expect(finding.step == "key" && finding.text.contains("works without keys: omit --keys"))
  }

  @Test func reportsThatCoordinatorRequiresKeys() throws {
    let finding = try advice(secured, allowing: [], to: nil)
    #expect(finding.step == "key" && finding.text.contains("the coordinator requires keys"), "\(finding)")
  }

  @Test func silentSocketIsNoCoordinator() throws {
    let finding = try advice(.none, to: nil)
    #expect(finding.step == "answer" && finding.text.contains("no answer came"))
  }

  /// With keys and without.
  @Test(
    arguments: [
      ("SSH-2.0-OpenSSH_9.2p1\r\n", "", "an SSH server"), ("", "HTTP/1.1 400 Bad Request\r\n\r\n", "an HTTP server"),
      ("220 mail ESMTP\r\n", "", "a mail or FTP server"), ("", "\u{15}\u{3}\u{1}", "a TLS server"),
      ("hello\r\n", "", "a program that sends \"hello\""), ("", "", "accepts connections but sends nothing"),
    ], [false, true]) func otherProgramIsNoCoordinator(
      words: (greeting: String, answer: String, description: String), hasKeys: Bool
    ) throws
  {
    let program = OtherProgram(
      greeting: words.greeting, answer: words.answer, closes: words.answer.hasPrefix("HTTP"))
    let endpoint = try Endpoint("tcp://127.0.0.1:\(program.port)")
    let findings = Doctor.examine(endpoint, keys: hasKeys ? own : nil, timeout: 500)
    let finding = try #require(findings.last)
    #expect(finding.step == "answer" && !finding.isWell && finding.text.contains(words.description), "\(finding.text)")
  }

  @Test(arguments: [(Socket.Kind.pull, "PULL"), (.push, "PUSH"), (.pair, "PAIR")])
  func otherZeroMQProgramIsNoCoordinator(kind: Socket.Kind, name: String) throws {
    let socket = try Socket(kind, in: SocketContext())
    let endpoint = try socket.bind(Endpoint("tcp://127.0.0.1:*"))
    let finding = try #require(Doctor.examine(endpoint, keys: nil, timeout: 500).last)
    #expect(!finding.isWell && finding.text.contains("ZeroMQ (its socket is a \(name))"), "\(finding)")
  }

  @Test func reportsClosedPort() throws {
    let free = try {
      let socket = try Socket(.router, in: SocketContext())
      return try socket.bind(Endpoint("tcp://127.0.0.1:*"))
    }()
    let findings = Doctor.examine(free, keys: nil, timeout: 500)
    #expect(findings.map(\.isWell) == [true, false] && findings[1].text.contains("no program listens"))
  }
}

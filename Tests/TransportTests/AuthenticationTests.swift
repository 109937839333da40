import Foundation
import Testing
import Transport

/// Access control of sockets by keys.
@Suite struct AuthenticationTests {
  /// A socket that accepts some keys, like a coordinator's.
  private final class Server {
    static let domain = "tested"
    let keys = KeyPair()
    let control: AccessControl?
    private let kind: Socket.Kind
    private let peer: Peer
    private let endpoint: Endpoint

    /// - Parameter allowed: nil for a server without access control
    init(_ kind: Socket.Kind = .router, allowing allowed: Set<Key>?, in domain: String = domain) throws {
      let context = try SocketContext()
      self.kind = kind
      control = try allowed.map { _ in try AccessControl(in: context) }
      control?.allow(allowed ?? [], in: domain)
      peer = try Peer(kind, in: context, security: .server(keys, domain: Self.domain))
      endpoint = try peer.bind("tcp://127.0.0.1:*")
    }

    deinit { control?.end() }

    // These keep access control alive during the call: without it, every client would be refused anyway.

    func receive() -> [Frame]? { withExtendedLifetime(self) { peer.receive() } }

    func text() -> [String]? { withExtendedLifetime(self) { peer.text(marked: kind == .router) } }

    func answer(_ message: [Frame], _ text: String) -> Bool { peer.answer(message, text) }

    func send(_ text: String) -> Bool { peer.send(text) }

    func event() -> ConnectionMonitor.Event? { withExtendedLifetime(self) { peer.event() } }

    func refuses(_ client: Peer) -> Bool { withExtendedLifetime(self) { peer.refuses(client) } }

    /// Returns a client that connects to this server.
    func client(_ kind: Socket.Kind = .dealer, _ keys: KeyPair?, server: Key? = nil) throws -> Peer {
      let security = keys.map { SocketSecurity.client($0, server: server ?? self.keys.publicKey) } ?? .none
      let client = try Peer(kind, security: security)
      client.retained = [self]
      try client.connect(endpoint)
      return client
    }
  }

  @Test func allowedKeyCommunicatesBothWays() throws {
    let worker = KeyPair()
    let server = try Server(allowing: [worker.publicKey, KeyPair().publicKey])
    let client = try server.client(.dealer, worker)
    #expect(client.send("question"))
    let question = try #require(server.receive())
    #expect(question.last?.array == Array("question".utf8))
    #expect(server.answer(question, "answer"))
    #expect(client.text() == ["answer"])
    #expect(server.control?.refusals == 0)
  }

  enum RejectedClient: CaseIterable {
    case unlisted, listedElsewhere, withoutKeys, wrongServerKey
  }

  @Test(arguments: RejectedClient.allCases) func clientWithoutAllowedKeyCannotSend(rejected: RejectedClient) throws {
    let worker = KeyPair()
    let server = try Server(
      allowing: rejected == .unlisted ? [KeyPair().publicKey] : [worker.publicKey],
      in: rejected == .listedElsewhere ? "another" : Server.domain)
    let client = try server.client(
      .dealer, rejected == .withoutKeys ? nil : worker,
      server: rejected == .wrongServerKey ? KeyPair().publicKey : nil)
    client.send("question")
    #expect(server.refuses(client))
  }

  @Test func clientWithoutAllowedKeyReceivesNothing() throws {
    let server = try Server(.push, allowing: [KeyPair().publicKey])
    let client = try server.client(.pull, KeyPair())
    #expect(server.refuses(client))
    #expect(!server.send("secret"))
    #expect(client.isSilent())
  }

  @Test func refusesEveryClientWithoutAccessControl() throws {
    let server = try Server(allowing: nil)
    let client = try server.client(.dealer, KeyPair())
    client.send("question")
    #expect(server.refuses(client))
  }

  @Test func endedAccessControlRefusesNewClientsAndKeepsOldOnes() throws {
    let worker = KeyPair()
    let server = try Server(allowing: [worker.publicKey])
    let early = try server.client(.dealer, worker)
    early.send("early")
    #expect(server.text() == ["early"])

    server.control?.end()
    let late = try server.client(.dealer, worker)
    late.send("late")
    #expect(server.refuses(late))
    early.send("still here")
    #expect(server.text() == ["still here"])
  }

  @Test func countsRefusals() throws {
    let server = try Server(allowing: [])
    let control = try #require(server.control)
    for _ in 1...3 {
      let before = control.refusals
      let client = try server.client(.dealer, KeyPair())
      client.send("question")
      #expect(Peer.eventually { control.refusals > before })
    }
  }

  @Test func reportsRefusalsByAddress() throws {
    let server = try Server(allowing: [])
    let control = try #require(server.control)
    let client = try server.client(.dealer, KeyPair())
    client.send("question")
    #expect(Peer.eventually { control.refusals > 0 })
    let refusals = control.takeRefusals()
    #expect(Array(refusals.keys) == ["127.0.0.1"])
    #expect(control.takeRefusals().isEmpty)
  }

  @Test func distinguishesRefusedKeyFromFailedHandshake() throws {
    let server = try Server(allowing: [])
    let rejected = try server.client(.dealer, KeyPair())
    rejected.send("question")
    #expect(server.event() == .refused)
    let mistaken = try server.client(.dealer, KeyPair(), server: KeyPair().publicKey)
    mistaken.send("question")
    #expect(Peer.eventually { server.event() == .failed })
    #expect(Peer.eventually { mistaken.event() == .failed })
  }

  @Test func changedKeysApplyToNewConnectionsOnly() throws {
    let (first, second) = (KeyPair(), KeyPair())
    let server = try Server(allowing: [first.publicKey])
    let early = try server.client(.dealer, first)
    early.send("first")
    #expect(server.text() == ["first"])

    server.control?.allow([second.publicKey], in: Server.domain)
    let other = try server.client(.dealer, second)
    other.send("second")
    #expect(server.text() == ["second"])
    let late = try server.client(.dealer, first)
    late.send("late")
    #expect(server.refuses(late))
    early.send("still here")
    #expect(server.text() == ["still here"])
  }

  /// The members of a group learn each other's keys one by one. A member that connects too early must not remain
  /// excluded.
  @Test func refusedClientConnectsOnceItsKeyIsAllowed() throws {
    let worker = KeyPair()
    let server = try Server(.pull, allowing: [])
    let client = try server.client(.push, worker)
    client.send("question")
    #expect(server.refuses(client))
    server.control?.allow([worker.publicKey], in: Server.domain)
    #expect(server.text() == ["question"])
  }

  @Test func secondAccessControlThrowsAndLeavesNoThread() throws {
    weak var context: SocketContext?
    try {
      let made = try SocketContext()
      context = made
      let control = try AccessControl(in: made)
      #expect(throws: TransportError.self) { try AccessControl(in: made) }
      control.end()
    }()
    #expect(Peer.eventually { context == nil })
  }
}

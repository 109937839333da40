import Foundation
import Testing
import Transport

/// How guests are admitted, refused and disconnected at a socket.
@Suite struct GuestAuthenticationTests {
  private let coordinator = KeyPair()
  private let guest = KeyPair()
  private let worker = KeyPair()

  /// A socket like a coordinator's.
  private final class Server {
    let control: AccessControl
    let peer: Peer
    let endpoint: Endpoint

    init(_ keys: KeyPair, workers: Set<Key>, guests: [Key: Invitation.State]) throws {
      let context = try SocketContext()
      control = try AccessControl(in: context)
      control.allow(workers, in: "tested")
      control.admit(guests: guests, in: "tested")
      peer = try Peer(.router, in: context, security: .server(keys, domain: "tested"))
      endpoint = try peer.bind("tcp://127.0.0.1:*")
    }

    deinit { control.end() }

    func receive() -> [Frame]? { withExtendedLifetime(self) { peer.receive() } }
  }

  private func client(_ server: Server, _ keys: KeyPair, of coordinator: Key? = nil) throws -> Peer {
    let client = try Peer(
      .dealer, security: .client(keys, server: coordinator ?? self.coordinator.publicKey))
    client.retained = [server]
    try client.connect(server.endpoint)
    return client
  }

  private func server(_ state: Invitation.State) throws -> Server {
    try Server(coordinator, workers: [worker.publicKey], guests: [guest.publicKey: state])
  }

  @Test func framesNameTheirSender() throws {
    let server = try server(.open)
    let first = try client(server, guest)
    first.send("enroll")
    let frames = try #require(server.receive())
    #expect(frames.count == 2 && frames[1].sender == .guest(guest.publicKey))
    let second = try client(server, worker)
    second.send("status")
    #expect(try #require(server.receive())[1].sender == .worker(worker.publicKey))
    #expect(server.control.refusals == 0)
  }

  @Test(arguments: [
    (Invitation.State.used, ConnectionMonitor.Event.ended(.used)), (.expired, .ended(.withdrawn)),
    (.revoked, .ended(.withdrawn)),
  ])
  func endedInvitationIsRefusedWithReason(state: Invitation.State, event: ConnectionMonitor.Event) throws {
    let server = try server(state)
    let client = try client(server, guest)
    client.send("enroll")
    #expect(client.event() == event)
    #expect(server.peer.isSilent())
    #expect(server.control.takeRefusedGuests().values.reduce(0, +) == 1)
    #expect(server.control.takeRefusals().isEmpty)
  }

  @Test func unknownGuestIsRefused() throws {
    let server = try server(.open)
    let client = try client(server, KeyPair())
    client.send("enroll")
    #expect(server.peer.refuses(client))
    #expect(server.control.takeRefusals().count == 1)
  }

  /// The guest learns nothing but that the handshake failed, and the other side receives no message.
  @Test func guestSendsNothingToFakeCoordinator() throws {
    let fake = try Server(KeyPair(), workers: [worker.publicKey], guests: [guest.publicKey: .open])
    let client = try client(fake, guest)
    client.send("enroll")
    #expect(client.event() == .failed)
    #expect(fake.peer.isSilent())
  }

  @Test func closesConnectionOfGuestOnly() throws {
    let server = try server(.open)
    let (first, second) = (try client(server, guest), try client(server, worker))
    first.send("enroll")
    let connection = try #require(server.receive()?.last?.connection)
    second.send("one")
    #expect(server.receive() != nil)
    while let event = first.event(), event != .ready {}
    let port = try #require(server.endpoint.port)
    // Neither a file nor a connection at another port is closed.
    Socket.close(connection: STDERR_FILENO, atPort: port)
    Socket.close(connection: connection, atPort: port + 1)
    first.send("again")
    #expect(server.receive() != nil)
    Socket.close(connection: connection, atPort: port)
    guard case .closed? = first.event() else { return #expect(Bool(false), "the connection is open") }
    second.send("two")
    #expect(server.receive()?.last?.array == Array("two".utf8))
  }

  @Test func firstFramesOfLongMessageNameItsSender() throws {
    let server = try server(.open)
    let client = try client(server, guest)
    client.send("1", "2", "3", "4", "5", "6")
    var frames: [Frame]?
    #expect(
      Peer.eventually {
        frames = server.peer.socket.receive(frames: 4, isTruncated: true)
        return frames != nil
      })
    #expect(frames?.count == 4 && frames?.last?.sender == .guest(guest.publicKey))
  }
}

import Foundation
import Testing
import Transport

/// The guarantees of sockets over every kind of address.
@Suite struct SocketTests {
  let folder: TemporaryFolder
  init() throws { folder = try TemporaryFolder() }

  enum Way: CaseIterable { case inproc, ipc, tcp }

  private func address(_ way: Way) -> String {
    switch way {
    case .inproc: "inproc://tested"
    case .ipc: "ipc://\(folder.path)/tested"
    case .tcp: "tcp://127.0.0.1:*"
    }
  }

  /// Two sockets; the first listens.
  private func pair(
    _ way: Way, _ listening: Socket.Kind, _ connecting: Socket.Kind, bounds: Socket.Bounds = .init()
  ) throws -> (Peer, Peer) {
    let context = try SocketContext()
    let server = try Peer(listening, in: context, bounds: bounds)
    let client = try Peer(connecting, in: way == .inproc ? context : SocketContext(), bounds: bounds)
    try client.connect(server.bind(address(way)))
    server.retained = [folder]
    return (server, client)
  }

  // MARK: Messages

  @Test(arguments: Way.allCases) func routerAndDealerDeliverFramesInOrder(way: Way) throws {
    let (server, client) = try pair(way, .router, .dealer)
    // libzmq stores frames of up to 29 bytes within the message, longer ones separately.
    let bodies = ["", "short", String(repeating: "long ", count: 100_000)]
    for number in 0..<300 { #expect(client.send("\(number)", bodies[number % 3])) }
    for number in 0..<300 {
      let question = try #require(server.receive())
      #expect(
        question.dropFirst().map { String(decoding: $0.array, as: UTF8.self) } == ["\(number)", bodies[number % 3]])
      #expect(server.answer(question, "answer \(number)"))
    }
    for number in 0..<300 { #expect(client.text() == ["answer \(number)"]) }
  }

  @Test(arguments: Way.allCases) func pullKeepsOrderOfEachPush(way: Way) throws {
    let context = try SocketContext()
    let server = try Peer(.pull, in: context)
    let endpoint = try server.bind(address(way))
    let clients = try (0..<3).map { _ in
      let client = try Peer(.push, in: way == .inproc ? context : SocketContext())
      try client.connect(endpoint)
      return client
    }
    for number in 0..<100 {
      for (sender, client) in clients.enumerated() { #expect(client.send("\(sender)", "\(number)")) }
    }
    server.retained = clients + [folder]
    var next = [0, 0, 0]
    for _ in 0..<300 {
      let text = try #require(server.text())
      let sender = try #require(Int(text[0]))
      #expect(text == ["\(sender)", "\(next[sender])"])
      next[sender] += 1
    }
    #expect(server.isSilent(milliseconds: 0))
  }

  @Test func sentFrameCanBeSentAgain() throws {
    let (server, client) = try pair(.tcp, .pull, .push)
    for size in [5, 5_000] {
      let frame = Frame([UInt8](repeating: 7, count: size))
      for _ in 0..<2 { #expect(client.send([frame])) }
      for _ in 0..<2 { #expect(server.receive()?.first?.array == [UInt8](repeating: 7, count: size)) }
      #expect(frame.count == size)
    }
  }

  @Test func messagesWaitForLateListener() throws {
    let endpoint = try Endpoint(address(.ipc))
    let client = try Peer(.dealer)
    try client.connect(endpoint)
    #expect(client.send("early"))
    let server = try Peer(.router)
    server.retained = [folder, client]
    _ = try server.bind(endpoint.text)
    #expect(server.text(marked: true) == ["early"])
  }

  // MARK: Bounds

  @Test(arguments: Way.allCases) func messageWithTooManyFramesIsEmpty(way: Way) throws {
    let (server, client) = try pair(way, .pull, .push)
    client.send("1", "2", "3", "4")
    client.send("1", "2", "3")
    #expect(server.receive(frames: 3)?.count == 0)
    #expect(server.receive(frames: 3)?.count == 3)
  }

  @Test(arguments: [Way.ipc, .tcp]) func oversizedFrameClosesOnlyItsConnection(way: Way) throws {
    let context = try SocketContext()
    var bounds = Socket.Bounds()
    bounds.frame = 1_000
    let server = try Peer(.router, in: context, bounds: bounds)
    let endpoint = try server.bind(address(way))
    let (good, bad) = (try Peer(.dealer), try Peer(.dealer))
    server.retained = [folder, good, bad]
    for client in [good, bad] {
      try client.connect(endpoint)
      client.send("here", String(repeating: "x", count: 1_000))
    }
    let first = try (0..<2).map { _ in try #require(server.receive()) }
    #expect(first.map { $0.map(\.count)[1...] } == [[4, 1_000], [4, 1_000]])

    bad.send("small", String(repeating: "x", count: 1_001), "small")
    #expect(Peer.eventually { if case .closed = server.event() { true } else { false } })
    #expect(server.isSilent())
    good.send("still here")
    #expect(server.text(marked: true) == ["still here"])
    bad.send("again")
    #expect(server.text(marked: true) == ["again"])
  }

  @Test func fullQueueRefusesMessagesWithoutBlocking() throws {
    var bounds = Socket.Bounds()
    bounds.queue = 16
    for kind in [Socket.Kind.dealer, .push] {
      let client = try Peer(kind, bounds: bounds)
      client.retained = [folder]
      try client.connect(Endpoint("ipc://\(folder.path)/unused"))
      #expect((0..<20).map { _ in client.send("first", "last") } == (0..<20).map { $0 < 16 })
    }
  }

  @Test func routerDoesNotBlockOnSlowReader() throws {
    var bounds = Socket.Bounds()
    bounds.queue = 16
    let (server, client) = try pair(.inproc, .router, .dealer, bounds: bounds)
    client.send("here")
    let question = try #require(server.receive())
    // Within the process, the queues of both sides are one.
    #expect((0..<40).map { _ in server.answer(question, "answer") } == (0..<40).map { $0 < 32 })
    for _ in 0..<32 { #expect(client.text() == ["answer"]) }
    #expect(client.isSilent(milliseconds: 0))
  }

  @Test func sendingToUnknownOrLostPeerFails() throws {
    let server = try Peer(.router)
    #expect(!server.answer([Frame("unknown".utf8)], "answer"))
    let endpoint = try server.bind("tcp://127.0.0.1:*")
    var client: Peer? = try Peer(.dealer)
    try client?.connect(endpoint)
    client?.send("here")
    let question = try #require(server.receive())
    #expect(server.answer(question, "answer"))
    client = nil
    #expect(Peer.eventually { !server.answer(question, "answer") })
  }

  // MARK: Addresses

  private func failure(_ body: () throws(TransportError) -> Void) -> String? {
    do throws(TransportError) {
      try body()
      return nil
    } catch {
      return error.description
    }
  }

  @Test func usedPortThrowsWithAdvice() throws {
    let (first, second) = (try Peer(.router), try Peer(.router))
    let endpoint = try first.bind("tcp://127.0.0.1:*")
    let text = try #require(failure { () throws(TransportError) in _ = try second.bind(endpoint.text) })
    #expect(text.contains(endpoint.text) && text.contains("in use") && text.contains("choose another port"))
  }

  @Test(arguments: [
    // An address of RFC 5737, which no machine has.
    ("tcp://192.0.2.1:*", "no network interface of this machine"),
    ("tcp://no-such-interface:*", "no network interface of this machine"),
    ("tcp://localhost:*", "numeric address"),
    ("ipc:///no/such/folder/socket", "folder does not exist"),
    ("ipc:///dev/null/socket", "folder does not exist"),
    ("ipc:///\(String(repeating: "long", count: 50))", "cannot listen"),
  ]) func anAddressThatIsNotHereIsAnErrorThatSaysSo(address: String, reason: String) throws {
    let peer = try Peer(.router)
    let text = try #require(failure { () throws(TransportError) in _ = try peer.bind(address) })
    #expect(text.contains(address) && text.contains(reason), "\(text)")
  }

  @Test func cannotConnectToWildcardPort() throws {
    let peer = try Peer(.dealer)
    let text = try #require(failure { () throws(TransportError) in try peer.connect(Endpoint("tcp://127.0.0.1:*")) })
    #expect(text.contains("cannot connect to tcp://127.0.0.1:*"))
  }

  @Test(arguments: [
    ("tcp://127.0.0.1:*", "127.0.0.1"), ("tcp://[::1]:*", "::1"),
  ]) func bindTellsTheAddressToConnectTo(address: String, host: String) throws {
    let server = try Peer(.pull)
    let endpoint = try server.bind(address)
    #expect(endpoint.host == host)
    #expect(try #require(endpoint.port) > 0)
    #expect(endpoint.isLocal)
    let client = try Peer(.push)
    try client.connect(endpoint)
    client.send("here")
    #expect(server.text() == ["here"])
  }
}

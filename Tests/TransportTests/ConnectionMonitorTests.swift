import Foundation
import Testing
import Transport

@Suite struct ConnectionMonitorTests {
  @Test func messageAndCloseEventNameTheSameConnection() throws {
    let server = try Peer(.router)
    let endpoint = try server.bind("tcp://127.0.0.1:*")
    var clients: [String: Peer] = [:]
    var connections: [String: Int32] = [:]
    for name in ["a", "b", "c"] {
      let client = try Peer(.dealer)
      try client.connect(endpoint)
      #expect(client.event() == .ready)
      #expect(server.event() == .ready)
      client.send(name, String(repeating: "long", count: 1_000))
      clients[name] = client
      let frames = try #require(server.receive())
      connections[name] = frames[1].connection
      #expect(frames[1].peerAddress == "127.0.0.1")
      #expect(frames[2].connection == connections[name])
    }
    #expect(Set(connections.values).count == 3)
    for name in ["b", "a", "c"] {
      clients[name] = nil
      #expect(try server.event() == .closed(connection: #require(connections[name])))
    }
  }

  @Test func clientIsNotifiedOfClose() throws {
    let client = try Peer(.dealer)
    try {
      let server = try Peer(.router)
      try client.connect(server.bind("tcp://127.0.0.1:*"))
      client.send("question")
      #expect(try server.answer(#require(server.receive()), "answer"))
      #expect(client.event() == .ready)
    }()
    let connection = try #require(client.receive()?.first?.connection)
    #expect(client.event() == .closed(connection: connection))
  }

  @Test func inprocMessagesHaveNoConnection() throws {
    let context = try SocketContext()
    let (server, client) = (try Peer(.pull, in: context), try Peer(.push, in: context))
    try client.connect(server.bind("inproc://tested"))
    client.send("here")
    let frames = try #require(server.receive())
    #expect(frames[0].connection == nil && frames[0].peerAddress == nil)
  }

  @Test func monitorNameMustBeUnique() throws {
    let context = try SocketContext()
    let socket = try Socket(.router, in: context)
    let other = try Socket(.router, in: context)
    let monitor = try ConnectionMonitor(socket, name: "same", in: context)
    var error: TransportError?
    do throws(TransportError) { _ = try ConnectionMonitor(other, name: "same", in: context) } catch let failure {
      error = failure
    }
    #expect(error != nil)
    _ = consume monitor
  }
}

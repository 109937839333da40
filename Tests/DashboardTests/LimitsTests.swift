import Dashboard
import Foundation
import Testing

/// Limits on clients, which protect the server.
@Suite struct LimitsTests {
  @Test func refusesEndlessHead() throws {
    let server = try LiveServer.started()
    defer { server.stop() }
    for field in ["X: ", ""] {
      let client = Client(server)
      client.send("GET / HTTP/1.1\r\nHost: localhost:\(server.address.port)\r\n\(field)")
      // The server may close the connection while this is sent.
      client.send(String(repeating: field.isEmpty ? "a: b\r\n" : "aaaa", count: 10_000))
      #expect(Answer(client.readAll())?.status == 431)
    }
  }

  @Test func acceptsLargeHeadInPieces() throws {
    let server = try LiveServer.started()
    defer { server.stop() }
    let field = "X: " + String(repeating: "y", count: 16_000)
    let head = "GET /healthz HTTP/1.1\r\nHost: localhost:\(server.address.port)\r\n\(field)\r\n\r\n"
    let client = Client(server)
    for end in [1, 20, 21, 40, 16_050, head.utf8.count - 1, head.utf8.count] {
      let bytes = Array(head.utf8)
      let start = [0, 1, 20, 21, 40, 16_050, head.utf8.count - 1].last { $0 < end }!
      client.send(String(decoding: bytes[start..<end], as: UTF8.self))
      usleep(2_000)
    }
    #expect(Answer(client.readAll())?.body == "ok\n")
  }

  @Test(arguments: [
    "\r\n\r\n", "GET\r\n\r\n", "GET / \r\n\r\n", "GET / HTTP/2\r\n\r\n", "GET  / HTTP/1.1\r\n\r\n",
    " GET / HTTP/1.1\r\n\r\n",
    "GET http://localhost/ HTTP/1.1\r\n\r\n", "GET * HTTP/1.1\r\n\r\n", "G(T / HTTP/1.1\r\n\r\n",
    "GET / HTTP/1.1 x\r\n\r\n",
    "GET / HTTP/1.1\r\nno colon\r\n\r\n", "GET / HTTP/1.1\r\nHost : a\r\n\r\n", "GET / HTTP/1.1\r\n folded: a\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n", "GET / HTTP/1.1\r\nX: a\nHost: b\r\n\r\n",
    "GET / HTTP/1.1\r\nX: a\0b\r\n\r\n", "GET / HTTP/1.1\r\nOrigin: a\r\nOrigin: b\r\n\r\n",
    "\u{16}\u{3}\u{1} TLS\r\n\r\n",
  ])
  func refusesMalformedRequest(text: String) throws {
    let server = try LiveServer.started()
    defer { server.stop() }
    let client = Client(server)
    client.send(text)
    #expect(Answer(client.readAll())?.status == 400)
  }

  @Test(arguments: ["Content-Length: 5", "Transfer-Encoding: chunked", "Content-Length: x", "Content-Length: -1"])
  func refusesRequestsWithBody(field: String) throws {
    let server = try LiveServer.started()
    defer { server.stop() }
    #expect(server.ask("GET", "/", [field])?.status == 413)
    #expect(server.ask("GET", "/healthz", ["Content-Length: 0"])?.status == 200)
  }

  @Test func answersOneRequestPerConnection() throws {
    let server = try LiveServer.started()
    defer { server.stop() }
    let client = Client(server)
    let request = "GET /healthz HTTP/1.1\r\nHost: localhost:\(server.address.port)\r\nConnection: keep-alive\r\n\r\n"
    client.send(request + request)
    let text = client.readAll()
    #expect(text.components(separatedBy: "HTTP/1.1 200").count == 2)
    #expect(Answer(text)?.fields["Connection"] == "close")
  }

  @Test func silentClientsTimeOut() throws {
    var limits = ClientLimits()
    (limits.connections, limits.headSeconds) = (4, 1)
    let server = try LiveServer.start(LivePage(title: "Test"), at: LiveAddress("0"), limits: limits)
    defer { server.stop() }
    // More connections than the limit: the fifth waits in the system's queue until the others have been closed.
    let silent = (0..<5).map { _ in Client(server) }
    silent[0].send("GET / HT")
    #expect(server.ask("GET", "/healthz")?.status == 200)
    for client in silent { #expect(client.readAll().isEmpty) }
  }

  @Test func clientsThatDoNotReadTimeOut() throws {
    var limits = ClientLimits()
    (limits.connections, limits.sendSeconds) = (1, 1)
    let page = LivePage(title: "Test")
    page.update(section: "a", title: "A", html: String(repeating: "x", count: 10_000_000))
    let server = try LiveServer.start(page, at: LiveAddress("0"), limits: limits)
    defer { server.stop() }
    let deaf = server.listener(receiveBuffer: 4096)
    // The only thread is free again once sending to the other client has timed out.
    #expect(server.ask("GET", "/")?.status == 200)
    #expect(deaf.readAll().utf8.count < 10_000_000)
  }

  @Test func usedPortThrowsWithReason() throws {
    let server = try LiveServer.started()
    defer { server.stop() }
    let error = #expect(throws: DashboardError.self) {
      try LiveServer.start(LivePage(title: "Test"), at: server.address)
    }
    #expect(
      error?.description.contains("127.0.0.1:\(server.address.port): the port is already in use") == true)
  }

  @Test(arguments: [
    ("192.0.2.1:0", "no network interface of this machine has this address"),
    ("no-such-host.invalid:0", "cannot serve"),
  ])
  func foreignAddressThrowsWithReason(address: String, reason: String) throws {
    let error = #expect(throws: DashboardError.self) {
      try LiveServer.start(LivePage(title: "Test"), at: LiveAddress(address), token: AccessToken())
    }
    #expect(error?.description.contains(reason) == true)
  }

  @Test func childProcessesDoNotKeepThePort() throws {
    let page = LivePage(title: "Test")
    let server = try LiveServer.started(page)
    let child = Process()
    child.executableURL = URL(fileURLWithPath: "/bin/sleep")
    child.arguments = ["60"]
    try child.run()
    defer { child.terminate() }
    server.stop()
    let next = try LiveServer.start(page, at: server.address)
    next.stop()
  }
}

/// Health checks are independent of other clients and report a hanging loop.
@Suite struct HealthTests {
  @Test func silentClientsDoNotDelayHealthChecks() throws {
    var limits = ClientLimits()
    // Far longer than the test lasts.
    limits.headSeconds = 3_600
    let server = try LiveServer.start(LivePage(title: "Test"), at: LiveAddress("0"), limits: limits)
    defer { server.stop() }
    let silent = (0..<200).map { _ in Client(server) }
    silent[0].send("GET / HT")
    #expect(server.ask("GET", "/healthz")?.status == 200)
    withExtendedLifetime(silent) {}
  }

  @Test func closesOldestConnectionBeyondLimit() throws {
    var limits = ClientLimits()
    (limits.headSeconds, limits.waiting) = (3_600, 10)
    let server = try LiveServer.start(LivePage(title: "Test"), at: LiveAddress("0"), limits: limits)
    defer { server.stop() }
    let silent = (0..<11).map { _ in Client(server) }
    #expect(silent[0].readAll().isEmpty)
    #expect(server.ask("GET", "/")?.status == 200)
    withExtendedLifetime(silent) {}
  }

  @Test func activeClientsDoNotDelayHealthChecks() throws {
    var limits = ClientLimits()
    (limits.connections, limits.streams) = (1, 1)
    let server = try LiveServer.start(LivePage(title: "Test"), at: LiveAddress("0"), limits: limits)
    defer { server.stop() }
    let listener = server.listener()
    #expect(listener.readEvents(through: "data:") != nil)
    #expect(server.ask("GET", "/healthz")?.status == 200)
  }

  @Test(arguments: [
    (nil, 200, "ok\n"), (0.5, 200, "0.5 s ago"), (29, 200, "ok"), (31, 503, "hangs"), (1e9, 503, "hangs"),
  ])
  func reportsHangingLoop(age: Double?, status: Int, text: String) throws {
    let server = try LiveServer.start(LivePage(title: "Test"), at: LiveAddress("0")) { Health(loopAge: age) }
    defer { server.stop() }
    let answer = try #require(server.ask("GET", "/healthz"))
    #expect(answer.status == status && answer.body.contains(text), "\(answer.body)")
  }
}

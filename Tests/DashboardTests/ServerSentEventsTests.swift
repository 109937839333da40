import Dashboard
import Foundation
import Testing

@Suite struct ServerSentEventsTests {
  private struct Section: Decodable, Equatable {
    let id: String
    let title: String
    let html: String
  }

  private struct Sections: Decodable { let sections: [String] }

  /// Returns the data of all events of a kind in the received text.
  private func data(_ kind: String, in text: String) -> [Data] {
    let body = text.firstRange(of: "\r\n\r\n").map { text[$0.upperBound...] } ?? text[...]
    return body.components(separatedBy: "\n\n").compactMap { event in
      let lines = event.components(separatedBy: "\n")
      guard lines.count == 2, lines[0] == "event: \(kind)", lines[1].hasPrefix("data: ") else { return nil }
      return Data(lines[1].dropFirst(6).utf8)
    }
  }

  private func sections(in text: String) throws -> [Section] {
    try data("section", in: text).map { try JSONDecoder().decode(Section.self, from: $0) }
  }

  @Test func newClientReceivesAllSections() throws {
    let page = LivePage(title: "Test")
    page.update(section: "a", title: "A", html: "old")
    page.update(section: "b", title: "", html: "<p>\r\n\n\u{2028}\"é\\</p>\0")
    page.update(section: "a", title: "A 2", html: "new")
    let server = try LiveServer.started(page)
    defer { server.stop() }
    // The second client corresponds to a reload of the page.
    for _ in 0..<2 {
      let text = try #require(server.listener().readEvents(through: "-2\""))
      #expect(Answer(text)?.fields["Content-Type"] == "text/event-stream; charset=utf-8")
      #expect(text.contains("\r\n\r\nretry: 2000\n\nevent: page\n"))
      #expect(
        try data("page", in: text).map { try JSONDecoder().decode(Sections.self, from: $0).sections } == [["a", "b"]])
      let all = [
        Section(id: "a", title: "A 2", html: "new"),
        Section(id: "b", title: "", html: "<p>\r\n\n\u{2028}\"é\\</p>\0"),
      ]
      #expect(try sections(in: text) == all)
    }
  }

  @Test func allClientsReceiveOnlyChangedSections() throws {
    let page = LivePage(title: "Test")
    page.update(section: "a", title: "A", html: "1")
    page.update(section: "b", title: "B", html: "1")
    let server = try LiveServer.started(page)
    defer { server.stop() }
    let clients = [server.listener(), server.listener()]
    for client in clients {
      #expect(client.readEvents(through: "\"title\":\"B\"") != nil)
    }
    page.update(section: "a", title: "A", html: "1")
    page.update(section: "b", title: "B", html: "second")
    page.update(section: "c", title: "C", html: "third")
    for client in clients {
      let text = try #require(client.readEvents(through: "third"))
      let changes = try sections(in: text).dropFirst(2)
      #expect(changes.map(\.id).first == "b")
      #expect(!changes.contains { $0.id == "a" })
    }
  }

  @Test func updateRateIsLimited() throws {
    let page = LivePage(title: "Test")
    let server = try LiveServer.started(page)
    defer { server.stop() }
    let client = server.listener()
    #expect(client.readEvents(through: "event: page") != nil)
    for change in 1...20_000 { page.update(section: "a", title: "A", html: "change \(change)") }
    let text = try #require(client.readEvents(through: "change 20000"))
    // At two updates a second, 500 would take more than four minutes.
    #expect(try sections(in: text).count < 500)
  }

  @Test func slowClientDoesNotDelayOthers() throws {
    let page = LivePage(title: "Test")
    let large = String(repeating: "x", count: 4_000_000)
    page.update(section: "a", title: "A", html: large)
    let server = try LiveServer.started(page)
    let slow = (0..<3).map { _ in server.listener(receiveBuffer: 4096) }
    for change in 0..<100 { page.update(section: "a", title: "A", html: large + "\(change)") }
    page.update(section: "b", title: "B", html: "the last")
    #expect(server.listener().readEvents(through: "the last") != nil)
    #expect(server.ask("GET", "/healthz")?.status == 200)
    server.stop()
    for client in slow { #expect(!client.readAll().contains("the last")) }
  }

  @Test func finishedPageSendsOutcomeAndEndsStreams() throws {
    let page = LivePage(title: "Test")
    let server = try LiveServer.started(page)
    defer { server.stop() }
    let client = server.listener()
    #expect(client.readEvents(through: "event: page") != nil)
    page.update(section: "a", title: "A", html: "result")
    page.finish("94 % & <done>")
    let text = client.readAll()
    #expect(try sections(in: text).map(\.html) == ["result"])
    #expect(
      try data("finished", in: text).map { try JSONDecoder().decode([String: String].self, from: $0) } == [
        ["message": "94 % & <done>"]
      ])
    #expect(data("finished", in: server.listener().readAll()).count == 1)
    #expect(server.ask()?.body.contains("94 % &amp; &lt;done&gt;") == true)
  }

  @Test func stoppingSendsLastChangesAndClosesConnections() throws {
    let page = LivePage(title: "Test")
    let server = try LiveServer.started(page)
    let clients = (0..<2).map { _ in server.listener() }
    for client in clients { #expect(client.readEvents(through: "event: page") != nil) }
    let silent = Client(server)
    page.update(section: "a", title: "A", html: "last words")
    server.stop()
    for client in clients { #expect(client.readAll().contains("last words")) }
    #expect(silent.readAll().isEmpty)
    server.stop()
    // The port is free immediately.
    let next = try LiveServer.start(page, at: server.address)
    #expect(next.ask("GET", "/healthz")?.status == 200)
    next.stop()
  }

  @Test func numberOfStreamsIsLimited() throws {
    let server = try LiveServer.started()
    defer { server.stop() }
    var clients = (0..<16).map { _ in server.listener() }
    for client in clients { #expect(client.readEvents(through: "event: page") != nil) }
    let refusal = try #require(Answer(server.listener().readAll()))
    #expect(refusal.status == 503 && refusal.fields["Retry-After"] != nil)
    #expect(server.ask()?.status == 200)
    // A client that disconnects frees its stream.
    clients.removeLast()
    while true {
      let client = server.listener()
      if client.readEvents(through: "event: page") != nil { break }
    }
  }
}

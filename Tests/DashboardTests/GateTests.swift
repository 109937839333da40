import Dashboard
import Foundation
import Testing

/// Access rules for requests.
@Suite struct GateTests {
  private static let paths = ["/", "/events", "/metrics", "/healthz", "/none"]

  @Test(arguments: ["localhost", "127.0.0.1", "[::1]", "LOCALHOST"])
  func acceptsLoopbackNames(name: String) throws {
    let server = try LiveServer.started()
    defer { server.stop() }
    #expect(server.ask(host: "\(name):\(server.address.port)")?.status == 200)
  }

  @Test(arguments: paths)
  func refusesForeignHostNames(path: String) throws {
    let server = try LiveServer.started()
    defer { server.stop() }
    let port = server.address.port
    let others = [
      "evil.example:\(port)", "localhost", "127.0.0.1", "localhost:1", "localhost:\(port)0", "localhost.:\(port)", "",
      "evil.example", "localhost:\(port)@evil.example", "10.0.0.1:\(port)", "localhost:\(port).evil.example",
    ]
    for host in others { #expect(server.ask("GET", path, host: host)?.status == 403, "\(host)") }
    let nameless = Client(server)
    nameless.send("GET \(path) HTTP/1.1\r\n\r\n")
    #expect(Answer(nameless.readAll())?.status == 403)
  }

  @Test(arguments: paths)
  func refusesForeignOrigins(path: String) throws {
    let server = try LiveServer.started()
    defer { server.stop() }
    let (port, host) = (server.address.port, "localhost:\(server.address.port)")
    let others = [
      "http://evil.example", "http://evil.example:\(port)", "null", "", "https://\(host)", "http://127.0.0.1:\(port)",
      "http://localhost", "http://\(host).evil.example", host, "http://\(host)/",
    ]
    for origin in others { #expect(server.ask("GET", path, ["Origin: \(origin)"])?.status == 403, "\(origin)") }
    let own = server.ask("HEAD", path, ["Origin: http://\(host)"])?.status
    #expect(own == (path == "/none" ? 404 : 200))
  }

  @Test func requiresTokenIfThereIsOne() throws {
    let token = AccessToken()
    let server = try LiveServer.started(token: token)
    defer { server.stop() }
    #expect(server.url == "http://127.0.0.1:\(server.address.port)/?token=\(token.text)")
    let name = "atelier-\(server.address.port)"
    let wrong = String(token.text.dropLast()) + (token.text.hasSuffix("0") ? "1" : "0")
    for path in ["/", "/events", "/metrics"] {
      for guess in ["", "x", wrong, token.text + "0", token.text.uppercased() + "x", String(token.text.dropLast())] {
        #expect(server.ask("GET", "\(path)?token=\(guess)")?.status == 401)
        #expect(server.ask("GET", path, ["Authorization: Bearer \(guess)"])?.status == 401)
        #expect(server.ask("GET", path, ["Cookie: \(name)=\(guess)"])?.status == 401)
      }
      let refusal = try #require(server.ask("GET", path))
      #expect(refusal.status == 401 && refusal.fields["WWW-Authenticate"] == "Bearer realm=\"atelier\"")
      #expect(!refusal.body.contains(token.text))
      #expect(server.ask("GET", path, ["Cookie: atelier-1=\(token.text)"])?.status == 401)
      #expect(server.ask("GET", path, ["Authorization: Basic \(token.text)"])?.status == 401)

      #expect(server.ask("HEAD", path, ["Authorization: Bearer \(token.text)"])?.status == 200)
      #expect(server.ask("HEAD", path, ["Cookie: a=b; \(name)=\(token.text); c=d"])?.status == 200)
    }
    #expect(server.ask("GET", "/healthz")?.status == 200)
  }

  @Test func redirectsTokenIntoCookie() throws {
    let token = AccessToken()
    let server = try LiveServer.started(token: token)
    defer { server.stop() }
    let answer = try #require(server.ask("GET", "/?a=b&token=\(token.text)"))
    #expect(answer.status == 303)
    #expect(answer.fields["Location"] == "/")
    let cookie = try #require(answer.fields["Set-Cookie"])
    #expect(cookie == "atelier-\(server.address.port)=\(token.text); Path=/; HttpOnly; SameSite=Strict")
    let kept = String(cookie.prefix { $0 != ";" })
    #expect(server.ask("GET", "/", ["Cookie: \(kept)"])?.status == 200)
    #expect(server.ask("GET", "//evil.example/?token=\(token.text)")?.status == 404)
  }

  @Test(arguments: ["0.0.0.0:0", "[::]:0", "10.0.0.1:0", "example.org:0"])
  func addressesBeyondLoopbackRequireToken(address: String) throws {
    #expect(throws: DashboardError.self) { try LiveServer.start(LivePage(title: "Test"), at: LiveAddress(address)) }
  }

  @Test func wildcardAddressAcceptsNumericHostsOnly() throws {
    let token = AccessToken()
    let server = try LiveServer.start(LivePage(title: "Test"), at: LiveAddress("0.0.0.0:0"), token: token)
    defer { server.stop() }
    let port = server.address.port
    let fields = ["Authorization: Bearer \(token.text)"]
    for host in ["127.0.0.1", "10.1.2.3", "[2001:db8::1]", "localhost"] {
      #expect(server.ask("GET", "/", host: "\(host):\(port)", fields)?.status == 200, "\(host)")
    }
    for host in ["evil.example:\(port)", "10.1.2.3:1", "10.1.2.3", "\(port)", "0x0a.1:\(port)"] {
      #expect(server.ask("GET", "/", host: host, fields)?.status == 403, "\(host)")
    }
    #expect(server.url.hasSuffix(":\(port)/?token=\(token.text)") && !server.url.contains("0.0.0.0"))
  }
}

import Dashboard
import Foundation
import Testing

@Suite struct RoutesTests {
  private static func page() -> LivePage {
    let page = LivePage(title: "Train <cnn> & \"co\"", styleSheet: ".own { color: red; }")
    page.update(section: "curves", title: "Loss <1>", html: "<p class=\"own\">0.5</p>")
    page.update(section: "workers", title: "", html: "<p>two</p>")
    return page
  }

  @Test func pageIsCompleteWithoutScript() throws {
    let server = try LiveServer.started(Self.page())
    defer { server.stop() }
    let answer = try #require(server.ask())
    #expect(answer.status == 200)
    #expect(answer.fields["Content-Type"] == "text/html; charset=utf-8")
    #expect(answer.body.contains("<title>Train &lt;cnn&gt; &amp; &quot;co&quot;</title>"))
    #expect(answer.body.contains(".own { color: red; }"))
    let curves = try #require(answer.body.range(of: "<h2>Loss &lt;1&gt;</h2><div><p class=\"own\">0.5</p></div>"))
    let workers = try #require(answer.body.range(of: "<p>two</p>"))
    #expect(curves.lowerBound < workers.lowerBound)
  }

  @Test func scriptAndStylesUseFreshNonce() throws {
    let server = try LiveServer.started()
    defer { server.stop() }
    let nonces = try (0..<2).map { _ in
      let answer = try #require(server.ask())
      let policy = try #require(answer.fields["Content-Security-Policy"])
      let nonce = try #require(policy.firstMatch(of: /script-src 'nonce-([0-9a-f]{32})'/)).1
      #expect(
        policy == "default-src 'none'; script-src 'nonce-\(nonce)'; style-src 'nonce-\(nonce)'; img-src data:; "
          + "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
      #expect(answer.body.contains("<script nonce=\"\(nonce)\">") && answer.body.contains("<style nonce=\"\(nonce)\">"))
      return nonce
    }
    #expect(nonces[0] != nonces[1])
  }

  @Test(arguments: [
    ("/", 200), ("/events", 200), ("/metrics", 200), ("/healthz", 200), ("/none", 404), ("//", 404), ("/healthz/", 404),
  ])
  func headMatchesGet(path: String, status: Int) throws {
    let server = try LiveServer.started(Self.page())
    defer { server.stop() }
    let head = try #require(server.ask("HEAD", path))
    #expect(head.status == status && head.body.isEmpty)
    #expect(head.fields["X-Content-Type-Options"] == "nosniff")
    #expect(head.fields["Referrer-Policy"] == "no-referrer")
    #expect(head.fields["Cache-Control"] == "no-store")
    #expect(head.fields["Content-Security-Policy"]?.hasPrefix("default-src 'none'") == true)
    if path == "/events" {
      #expect(head.fields["Content-Type"] == "text/event-stream; charset=utf-8")
    } else {
      let get = try #require(server.ask("GET", path))
      #expect(get.status == status)
      #expect(head.fields["Content-Length"] == "\(get.body.utf8.count)")
      #expect(get.fields["Content-Length"] == "\(get.body.utf8.count)")
      #expect(get.fields["Content-Type"] == head.fields["Content-Type"])
    }
  }

  @Test(
    arguments: ["/", "/events", "/metrics", "/healthz"],
    ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT", "get", "PROPFIND"])
  func refusesOtherMethods(path: String, method: String) throws {
    let server = try LiveServer.started()
    defer { server.stop() }
    let answer = try #require(server.ask(method, path, ["Content-Length: 3\r\n\r\nabc"]))
    #expect(answer.status == 405)
    #expect(answer.fields["Allow"] == "GET, HEAD")
  }

  @Test func healthyServerReportsOK() throws {
    let server = try LiveServer.started()
    defer { server.stop() }
    #expect(server.ask("GET", "/healthz")?.body == "ok\n")
    #expect(server.ask("GET", "/healthz?at=once")?.body == "ok\n")
  }

  @Test func metricsAreInPrometheusFormat() throws {
    let page = LivePage(title: "Test")
    page.update(metrics: [
      PrometheusMetric("atelier_loss", .gauge, help: "Loss of the last epoch.\nIn \\nats\\, \"mean\".", value: .nan),
      PrometheusMetric(
        "atelier_images_total", .counter, help: "Images.",
        samples: [
          .init(3, labels: [.init("worker", "a\"b\\c\nd"), .init("split", "train")]),
          .init(1.5e-7, labels: [.init("worker", "{é}")]), .init(.infinity), .init(-.infinity),
        ]),
    ])
    page.update(metrics: [PrometheusMetric("atelier_done_ratio", .gauge, help: "Fraction.", value: 0.25)])
    page.update(metrics: [
      PrometheusMetric("atelier_loss", .gauge, help: "Loss of the last epoch.\nIn \\nats\\, \"mean\".", value: -2)
    ])
    let server = try LiveServer.started(page)
    defer { server.stop() }
    let answer = try #require(server.ask("GET", "/metrics"))
    #expect(answer.fields["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8")
    #expect(
      answer.body == #"""
        # HELP atelier_loss Loss of the last epoch.\nIn \\nats\\, "mean".
        # TYPE atelier_loss gauge
        atelier_loss -2
        # HELP atelier_images_total Images.
        # TYPE atelier_images_total counter
        atelier_images_total{worker="a\"b\\c\nd",split="train"} 3
        atelier_images_total{worker="{é}"} 1.5e-07
        atelier_images_total +Inf
        atelier_images_total -Inf
        # HELP atelier_done_ratio Fraction.
        # TYPE atelier_done_ratio gauge
        atelier_done_ratio 0.25

        """#)
  }
}

import Dashboard
import Testing

@Suite struct LiveAddressTests {
  @Test(arguments: [
    ("7800", "127.0.0.1:7800", true), ("0", "127.0.0.1:0", true), ("127.3.2.1:80", "127.3.2.1:80", true),
    ("localhost:1", "localhost:1", true), ("LocalHost:1", "localhost:1", true), ("[::1]:65535", "[::1]:65535", true),
    ("[0:0::0:1]:5", "[::1]:5", true), ("0.0.0.0:7800", "0.0.0.0:7800", false), ("[::]:7800", "[::]:7800", false),
    ("10.0.0.1:7800", "10.0.0.1:7800", false), ("[2001:DB8:0::1]:1", "[2001:db8::1]:1", false),
    ("localhost.example:1", "localhost.example:1", false), ("127.0.0.1.example:1", "127.0.0.1.example:1", false),
  ])
  func parsesAddressAndDetectsLoopback(text: String, description: String, isLoopback: Bool) throws {
    let address = try LiveAddress(text)
    #expect(address.description == description)
    #expect(address.isLoopback == isLoopback)
  }

  @Test(arguments: [
    "", ":", ":7800", "host:", "host", "65536", "-1", "+1", "7800 ", "::1:7800", "::1", "[::1]", "[::1", "[]:1",
    "[1.2.3.4]:1",
    "*:7800", "http://localhost:7800", "a b:1", "host:٣", "a\r\nb:1", "\"><script>:1",
  ])
  func refusesInvalidAddress(text: String) { #expect(throws: DashboardError.self) { try LiveAddress(text) } }
}

@Suite struct AccessTokenTests {
  @Test func tokensHaveAtLeast128BitsAndDiffer() throws {
    let tokens = (0..<100).map { _ in AccessToken().text }
    #expect(Set(tokens).count == 100)
    #expect(tokens.allSatisfy { $0.count == 32 && $0.allSatisfy(\.isHexDigit) })
    #expect(try AccessToken(tokens[0]).text == tokens[0])
  }

  @Test(arguments: [
    "", "short", String(repeating: "a", count: 21), "with blanks and other signs", "näherungsweise-gut-genug",
  ])
  func refusesInvalidSecret(text: String) { #expect(throws: DashboardError.self) { try AccessToken(text) } }
}

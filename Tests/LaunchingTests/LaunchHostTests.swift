import Launching
import Testing

struct LaunchHostTests {
  @Test func readsList() throws {
    let hosts = try [LaunchHost](list: "a, b:16,user@c,user@[fe80::1]:4,[::1],10.0.0.1:2")
    #expect(
      hosts.map(\.destination) == ["a", "b", "user@c", "user@fe80::1", "::1", "10.0.0.1"]
        && hosts.map(\.threads) == [nil, 16, nil, 4, nil, 2])
  }

  @Test(
    arguments: [
      "", ",", "a,", "a,,b", "a,a", "u@a,u@a:2", "a:0", "a:1025", "a:x", "a:+1", "a:", ":4", "@a", "u@",
      "-oProxyCommand=x",
      "u@-x", "::1", "fe80::1:4", "[a]", "[::1", "a b", "a;b", "a$(x)", "a'b", "a\nb", "a:4:5", "ä",
    ])
  func refuses(list: String) {
    #expect(throws: LaunchError.self) { try [LaunchHost](list: list) }
  }

  @Test func limitsTheNumberOfHosts() throws {
    let names = (0..<LaunchHost.maxHosts).map { "h\($0)" }
    #expect(try [LaunchHost](list: names.joined(separator: ",")).count == LaunchHost.maxHosts)
    #expect(throws: LaunchError.self) { try [LaunchHost](list: (names + ["x"]).joined(separator: ",")) }
  }

  @Test func readsFile() throws {
    let hosts = try [LaunchHost](file: "# cluster\na slots=4\n\n  user@b  # fast\r\nc:8\n[::1] slots=2", path: "hosts")
    #expect(
      hosts == [
        LaunchHost(destination: "a", threads: 4), LaunchHost(destination: "user@b"),
        LaunchHost(destination: "c", threads: 8), LaunchHost(destination: "::1", threads: 2),
      ])
  }

  @Test(arguments: [
    "", "# nothing", "a\na", "a slots=0", "a slots=", "a slots", "a sloots=3", "a:4 slots=4", "a b",
    "a slots=2 slots=3",
  ])
  func refuses(file: String) {
    #expect(throws: LaunchError.self) { try [LaunchHost](file: file, path: "hosts") }
  }

  @Test func namesTheLineOfAFile() {
    #expect {
      try [LaunchHost](file: "a\nb slots=x", path: "hosts")
    } throws: { "\($0)".hasPrefix("hosts, line 2: ") }
  }
}

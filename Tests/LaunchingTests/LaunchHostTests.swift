import Launching
import Testing

struct LaunchHostTests {
  @Test func readsList() throws {
    let hosts = try [LaunchHost](
      list: "a, b:16,user@c,user@[fe80::1]:4,[::1],10.0.0.1:2,[fe80::1%eth0]:3,u@[fe80::1%2]")
    #expect(
      hosts.map(\.destination)
        == ["a", "b", "user@c", "user@fe80::1", "::1", "10.0.0.1", "fe80::1%eth0", "u@fe80::1%2"])
    #expect(hosts.map(\.threads) == [nil, 16, nil, 4, nil, 2, 3, nil])
  }

  @Test(
    arguments: [
      "", ",", "a,", "a,,b", "a,a", "u@a,u@a:2", "a:0", "a:1025", "a:x", "a:+1", "a:", ":4", "@a", "u@",
      "-oProxyCommand=x",
      "u@-x", "::1", "fe80::1:4", "[a]", "[::1", "[fe80::1%]", "[%eth0]", "[a%b:c]", "[fe80::1%a:b]", "[fe80::1%a@b]",
      "a b", "a;b", "a$(x)", "a'b", "a\nb", "a:4:5", "ä",
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
    "a slots=2 slots=3", "a slots=+4",
  ])
  func refuses(file: String) {
    #expect(throws: LaunchError.self) { try [LaunchHost](file: file, path: "hosts") }
  }

  @Test func skipsByteOrderMark() throws {
    #expect(try [LaunchHost](file: "\u{FEFF}a\nb", path: "hosts").map(\.destination) == ["a", "b"])
  }

  /// The command line adds the name of the option.
  @Test func namesTheFileOnce() {
    #expect {
      try [LaunchHost](list: "a,a:2")
    } throws: { "\($0)".hasPrefix("a is named twice; ") }
    #expect {
      try [LaunchHost](file: "a\na", path: "hosts")
    } throws: { "\($0)".hasPrefix("hosts: a is named twice; ") }
  }

  @Test func namesTheLineOfAFile() {
    #expect {
      try [LaunchHost](file: "a\nb slots=x", path: "hosts")
    } throws: { "\($0)".hasPrefix("hosts, line 2: ") }
  }
}

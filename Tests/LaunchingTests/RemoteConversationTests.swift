import Launching
import Testing

struct RemoteConversationTests {
  static let program = ProgramFiles.File(name: "atelier", path: "/bin/true", size: 3, digest: "aa")
  static let sharedLibrary = ProgramFiles.File(name: "lib/libx.so", path: "/bin/false", size: 5, digest: "bb")
  static let files = ProgramFiles(required: [program, sharedLibrary], systemLibraries: [:], machine: "x86_64")

  private func conversation(_ lines: [String]) -> (RemoteConversation, [RemoteConversation.Action]) {
    var conversation = RemoteConversation(Self.files)
    var actions: [RemoteConversation.Action] = []
    for line in lines { actions += conversation.handle(line) }
    return (conversation, actions)
  }

  @Test func hostWithAllFilesIsReady() {
    let (conversation, actions) = conversation([
      "Welcome!", "atelier-launch: hello x86_64 10.0.0.1 10.0.0.2", "", "atelier-launch: missing",
    ])
    #expect(actions == [.beReady] && conversation.hasBegun)
    #expect(conversation.coordinatorAddress == "10.0.0.1" && conversation.ownAddress == "10.0.0.2")
    #expect(conversation.lastLines.isEmpty)
  }

  @Test func sendsOnlyAbsentFiles() {
    let (_, actions) = conversation([
      "atelier-launch: hello x86_64 ::1 ::1", "atelier-launch: absent lib/libx.so", "atelier-launch: missing ",
    ])
    #expect(
      actions == [.send("file lib/libx.so 5 bb\n"), .sendFile(Self.sharedLibrary), .send("trace\n"), .beReady])
  }

  @Test func refusesHostWithOtherProcessor() {
    let (_, actions) = conversation(["atelier-launch: hello aarch64 10.0.0.1 10.0.0.2"])
    guard case .fail(let reason) = actions.first else { return #expect(Bool(false), "\(actions)") }
    #expect(actions.count == 1 && reason.contains("aarch64"))
  }

  @Test(arguments: ["$(x)", "a;b", "-", "10.0.0.1 x'", "%eth0", "fe80::1%", "fe80::1%$(x)", "fe80::1%a/b"])
  func ignoresInvalidAddress(text: String) {
    let (conversation, _) = conversation(["atelier-launch: hello x86_64 \(text)"])
    #expect(conversation.coordinatorAddress == nil || conversation.coordinatorAddress == "10.0.0.1")
  }

  @Test func failsForUnknownLibrary() {
    let (_, actions) = conversation(["atelier-launch: hello x86_64 a b", "atelier-launch: missing libnone.so.1"])
    guard case .fail(let reason) = actions.first else { return #expect(Bool(false), "\(actions)") }
    #expect(reason.contains("libnone.so.1"))
  }

  /// A loader that reports the same library again and again must not keep the coordinator busy.
  @Test func limitsTheRounds() {
    let files = ProgramFiles(
      required: [Self.program], systemLibraries: ["libc.so.6": "/proc/self/status"], machine: "x86_64")
    var conversation = RemoteConversation(files)
    var last: [RemoteConversation.Action] = []
    for _ in 0..<9 { last = conversation.handle("atelier-launch: missing libc.so.6") }
    guard case .fail = last.first else { return #expect(Bool(false), "\(last)") }
  }

  @Test func readsPortOfTunnel() {
    let (conversation, _) = conversation(["Allocated port 40123 for remote forward to 127.0.0.1:7700"])
    #expect(conversation.tunnelPort == 40123)
  }

  /// ssh requests the forwarding of the command line before those of the user's configuration.
  @Test func ignoresForwardingsOfTheUser() {
    let (conversation, actions) = conversation([
      "Allocated port 40123 for remote forward to 127.0.0.1:7700",
      "Warning: remote port forwarding failed for listen port 8080",
      "Allocated port 40124 for remote forward to localhost:22",
      "Warning: remote port forwarding failed for listen port 0",
    ])
    #expect(conversation.tunnelPort == 40123 && actions.isEmpty)
  }

  @Test func failsIfTheHostForbidsTheTunnel() {
    let (_, actions) = conversation(["Warning: remote port forwarding failed for listen port 0"])
    guard case .fail(let reason) = actions.first else { return #expect(Bool(false), "\(actions)") }
    #expect(actions.count == 1 && reason.contains("AllowTcpForwarding"))
  }

  @Test func readsLinkLocalAddresses() {
    let (conversation, _) = conversation(["atelier-launch: hello x86_64 fe80::1%eth0 fe80::2%br-lan.1"])
    #expect(conversation.coordinatorAddress == "fe80::1%eth0" && conversation.ownAddress == "fe80::2%br-lan.1")
  }

  @Test func keepsTheLastLines() {
    let (conversation, _) = conversation((0..<100).map { "line \($0)" })
    #expect(conversation.lastLines.count == 20 && conversation.lastLines.last == "line 99")
  }

  @Test func reportsFailureOfTheHost() {
    let (_, actions) = conversation(["atelier-launch: failed cannot create /x: is the disk full?"])
    #expect(actions == [.fail("cannot create /x: is the disk full?")])
  }
}

struct HostAddressTests {
  @Test func readsAddressOfNode() {
    let text = "NodeName=n1 Arch=x86_64 Gres=(null) NodeAddr=127.0.0.1 NodeHostName=localhost Port=17011"
    #expect(HostAddress.nodeAddress(in: text) == "127.0.0.1")
    #expect(HostAddress.nodeAddress(in: "Node n9 not found") == nil)
  }

  @Test func recognizesOwnAddresses() {
    #expect(HostAddress.isOwn("127.0.0.1") && !HostAddress.isOwn("192.0.2.1") && !HostAddress.isOwn("localhost"))
  }
}

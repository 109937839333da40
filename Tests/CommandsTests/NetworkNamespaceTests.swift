import Foundation
import Testing

/// Three hosts, as network namespaces on one bridge with links of 1 Gbit/s, and keys: what a user with several machines does.
@Suite(.serialized) final class NetworkNamespaceTests {
  let folder: TemporaryFolder
  let data: String
  private let prefix = "at\(getpid() % 100_000)"
  private static let hosts = [1, 2, 3]

  init() throws {
    folder = try TemporaryFolder()
    data = try TinyData.write(into: folder)
  }

  deinit { for host in Self.hosts.map(String.init) + ["b"] { ip("netns del \(prefix)\(host)") } }

  /// Why namespaces cannot be made here; nil if they can.
  static let obstacle: Comment? = {
    guard getuid() == 0 else { return "network namespaces need root" }
    let name = "atelier-probe-\(getpid())"
    defer { ip("netns del \(name)") }
    guard ip("netns add \(name)") else {
      return "this system cannot make network namespaces (iproute2, or a container without the right to)"
    }
    guard ip("netns exec \(name) ip link add probe type bridge") else { return "this kernel has no bridges" }
    return nil
  }()

  /// Why links cannot be made worse; nil if they can.
  static let linkObstacle: Comment? = {
    if let obstacle { return obstacle }
    let name = "atelier-netem-\(getpid())"
    defer { ip("netns del \(name)") }
    let isThere = ip("netns add \(name)") && ip("netns exec \(name) tc qdisc add dev lo root \(lossy)")
    return isThere ? nil : "this kernel has no netem (module sch_netem): links without delay and loss only"
  }()

  private static let plain = "tbf rate 1gbit burst 128kb latency 50ms"
  private static let lossy = "netem delay 1ms loss 0.1% rate 1gbit"

  @discardableResult private static func ip(_ words: String) -> Bool {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = ["PATH=/usr/sbin:/usr/bin:/sbin:/bin", "ip"] + words.split(separator: " ").map(String.init)
    process.standardOutput = FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
    guard (try? process.run()) != nil else { return false }
    process.waitUntilExit()
    return process.terminationStatus == 0
  }

  @discardableResult private func ip(_ words: String) -> Bool { Self.ip(words) }

  private func makeHosts(link: String = NetworkNamespaceTests.plain) {
    #expect(ip("netns add \(prefix)b") && ip("netns exec \(prefix)b ip link add br0 type bridge"))
    ip("netns exec \(prefix)b ip link set br0 up")
    for host in Self.hosts {
      ip("netns add \(prefix)\(host)")
      ip("link add eth0 netns \(prefix)\(host) type veth peer name port\(host) netns \(prefix)b")
      ip("netns exec \(prefix)b ip link set port\(host) master br0 up")
      ip("netns exec \(prefix)\(host) ip addr add 10.77.0.\(host)/24 dev eth0")
      ip("netns exec \(prefix)\(host) ip link set eth0 up")
      ip("netns exec \(prefix)\(host) ip link set lo up")
      ip("netns exec \(prefix)\(host) tc qdisc add dev eth0 root \(link)")
    }
  }

  private func start(on host: Int, _ arguments: [String]) throws -> AtelierProcess.Started {
    try AtelierProcess.Started(
      ["netns", "exec", "\(prefix)\(host)", AtelierProcess.executable.path] + arguments, in: folder,
      environment: ["HOME": folder.file("home\(host)"), "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"],
      executable: URL(
        fileURLWithPath: ["/usr/sbin/ip", "/sbin/ip", "/usr/bin/ip"].first {
          FileManager.default.isExecutableFile(atPath: $0)
        }!))
  }

  private func makeKeys() throws {
    for (host, name) in [(1, "coordinator"), (2, "two"), (3, "three")] {
      #expect(try start(on: host, ["keys", name, "--keys", folder.file("keys\(host)")]).wait().status == 0)
    }
    func copy(_ name: String, from: Int, to: Int) throws {
      try FileManager.default.copyItem(
        atPath: folder.file("keys\(from)/\(name).public"), toPath: folder.file("keys\(to)/\(name).public"))
    }
    try copy("coordinator", from: 1, to: 2)
    try copy("coordinator", from: 1, to: 3)
    try copy("two", from: 2, to: 1)
    try copy("three", from: 3, to: 1)
  }

  private static let fit = [
    "train", "cnn", "--filters", "8,16", "--dense", "16", "--batch", "16", "--epochs", "60", "--data",
  ]
  private static let address = "tcp://10.77.0.1:7700"

  @Test(.enabled(if: obstacle == nil, "no network namespaces here"))
  func severalHostsMakeTheSameModel() throws { try train(link: Self.plain) }

  @Test(.enabled(if: linkObstacle == nil, "no netem here"))
  func severalHostsMakeTheSameModelOverLinksThatDelayAndLose() throws { try train(link: Self.lossy) }

  /// One link is cut for a second while the training runs.
  private func train(link: String) throws {
    let whole = try AtelierProcess(Self.fit + [data, "--output", "whole.safetensors"], in: folder)
    #expect(whole.status == 0)
    makeHosts(link: link)
    try makeKeys()
    let workers = try [2, 3].map { host in
      try start(on: host, ["worker", "--join", Self.address, "--threads", "1", "--keys", folder.file("keys\(host)")])
    }
    defer { for worker in workers { kill(worker.process.processIdentifier, SIGKILL) } }
    let run = try start(
      on: 1,
      Self.fit + [
        data, "--output", "a.safetensors", "--listen", Self.address, "--await", "2", "--keys", folder.file("keys1"),
        "--silence", "2000",
      ])
    usleep(700_000)
    ip("netns exec \(prefix)3 ip link set eth0 down")
    usleep(1_000_000)
    ip("netns exec \(prefix)3 ip link set eth0 up")
    let ended = try run.wait()
    #expect(ended.status == 0, "\(ended.errors)")
    #expect(try folder.bytes("a.safetensors") == folder.bytes("whole.safetensors"))
  }

  @Test(.enabled(if: obstacle == nil, "no network namespaces here"))
  func theDoctorSaysWhatIsWrong() throws {
    makeHosts()
    try makeKeys()
    func doctor(_ keys: Int, _ address: String = NetworkNamespaceTests.address) throws -> AtelierProcess {
      try start(on: 2, ["doctor", "--join", address, "--keys", folder.file("keys\(keys)")]).wait()
    }
    let closed = try doctor(2)
    #expect(closed.status == 69 && closed.output.contains("NO  port  nobody listens at port 7700"), "\(closed.output)")
    let run = try start(
      on: 1,
      Self.fit + [data, "--output", "a.safetensors", "--listen", Self.address, "--keys", folder.file("keys1")])
    defer { kill(run.process.processIdentifier, SIGKILL) }
    while !run.errorsSoFar.contains("workers may join"), run.process.isRunning { usleep(20_000) }
    let well = try doctor(2)
    #expect(well.status == 0 && !well.output.contains("NO"), "\(well.output)")
    #expect(try start(on: 2, ["keys", "stranger", "--keys", folder.file("keys4")]).wait().status == 0)
    try FileManager.default.copyItem(
      atPath: folder.file("keys1/coordinator.public"), toPath: folder.file("keys4/coordinator.public"))
    let stranger = try doctor(4)
    #expect(stranger.status == 69 && stranger.output.contains("turns this key away"), "\(stranger.output)")
    try FileManager.default.createDirectory(atPath: folder.file("keys5"), withIntermediateDirectories: true)
    try FileManager.default.copyItem(atPath: folder.file("keys2/two.secret"), toPath: folder.file("keys5/two.secret"))
    try FileManager.default.copyItem(
      atPath: folder.file("keys4/stranger.public"), toPath: folder.file("keys5/coordinator.public"))
    let mistaken = try doctor(5)
    #expect(mistaken.status == 69 && mistaken.output.contains("not this coordinator's key"), "\(mistaken.output)")
  }
}

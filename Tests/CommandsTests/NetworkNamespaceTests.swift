import EmulatedNetwork
import Foundation
import Testing

/// Two or three emulated hosts (network namespaces), joined by links of 1 Gbit/s, with a key for each host.
@Suite(.serialized) struct NetworkNamespaceTests {
  let folder: TemporaryFolder
  let data: String

  init() throws {
    folder = try TemporaryFolder()
    data = try TinyData.write(into: folder)
  }

  /// The reason why network namespaces are unavailable; nil if they are available.
  static let obstacle: Comment? = {
    do {
      _ = try EmulatedNetwork(hosts: 1, link: EmulatedNetwork.Link())
      return nil
    } catch { return "\(error)" }
  }()

  private static let names = ["coordinator", "two", "three"]
  private static let address = "tcp://10.78.0.1:7700"

  private func start(
    _ network: EmulatedNetwork, on host: Int, _ arguments: [String]
  ) throws -> AtelierProcess.Started {
    let words = network.command([AtelierProcess.executable.path] + arguments, on: host)
    return try AtelierProcess.Started(
      Array(words.dropFirst()), in: folder, environment: ["HOME": folder.file("home\(host)")],
      executable: URL(fileURLWithPath: words[0]))
  }

  private func keys(_ host: Int) -> [String] { ["--keys", folder.file("keys\(host)")] }

  /// Creates the keys of the coordinator (host 0) and of a worker on each other host, and lists each at its peers.
  private func makeKeys(hosts: Int) throws {
    for host in 0..<hosts {
      #expect(try AtelierProcess(["keys", Self.names[host]] + keys(host), in: folder).status == 0)
    }
    func copy(_ name: String, from: Int, to: Int) throws {
      try FileManager.default.copyItem(
        atPath: folder.file("keys\(from)/\(name).public"), toPath: folder.file("keys\(to)/\(name).public"))
    }
    for host in 1..<hosts {
      try copy("coordinator", from: 0, to: host)
      try copy(Self.names[host], from: host, to: 0)
    }
  }

  /// Expects that training on all hosts gives the model of one process.
  /// - Parameter disturb: called during the distributed training
  private func expectSameModel(
    _ training: [String], hosts: Int, link: EmulatedNetwork.Link,
    disturb: (EmulatedNetwork, Process) -> Void = { _, _ in }
  ) throws {
    let training = ["train"] + training + ["--data", data]
    #expect(try AtelierProcess(training + ["--output", "whole.safetensors"], in: folder).status == 0)
    let network = try EmulatedNetwork(hosts: hosts, link: link)
    try makeKeys(hosts: hosts)
    let workers = try (1..<hosts).map { host in
      try start(network, on: host, ["worker", "--join", Self.address, "--threads", "1"] + keys(host))
    }
    defer { for worker in workers { kill(worker.process.processIdentifier, SIGKILL) } }
    let run = try start(
      network, on: 0,
      training + ["--output", "a.safetensors", "--listen", Self.address, "--min-workers", "\(hosts - 1)"]
        + ["--worker-timeout", "2000"] + keys(0))
    disturb(network, run.process)
    let ended = try run.wait()
    #expect(ended.status == 0, "\(ended.errors)")
    #expect(try folder.bytes("a.safetensors") == folder.bytes("whole.safetensors"))
    #expect(network.statistics.lost > 0 || network.isHeldByKernel && link.loss > 0, "\(network.statistics)")
  }

  private static let network = "cnn --filters 8,16 --dense 16 --batch 16 --epochs 60".split(separator: " ").map(
    String.init)
  /// Long enough to be running when the link is cut.
  private static let longTraining = Array(network.dropLast()) + ["400"]
  private static let forest = ["forest", "--trees", "200"]
  /// With this seed each host loses one of its packets 9 to 13, so that even a short job has losses.
  private static let lossy = EmulatedNetwork.Link(delay: .milliseconds(1), loss: 0.01, seed: 814)

  @Test(.enabled(if: obstacle == nil, obstacle), arguments: [network, forest], [2, 3])
  func modelIsIndependentOfDelayAndLoss(training: [String], hosts: Int) throws {
    try expectSameModel(training, hosts: hosts, link: Self.lossy)
  }

  /// The link is cut for a second during the training.
  @Test(.enabled(if: obstacle == nil, obstacle)) func cutLinkChangesNothing() throws {
    try expectSameModel(Self.longTraining, hosts: 3, link: EmulatedNetwork.Link()) { network, training in
      while network.statistics.carried < 300, training.isRunning { usleep(1_000) }
      #expect(training.isRunning, "\(network.statistics)")
      network.setCut(true, 2)
      usleep(1_000_000)
      network.setCut(false, 2)
    }
  }

  @Test(.enabled(if: obstacle == nil, obstacle)) func benchmarkComparesLinksWithLoopback() throws {
    let run = try AtelierProcess(
      [
        "benchmark", "--network", "--repetitions", "1", "--epochs", "30", "--batch", "16", "--data", data, "--json",
        "-",
      ],
      in: folder)
    try #require(run.status == 0, "\(run.errors)")
    let result = try #require(JSONSerialization.jsonObject(with: Data(run.output.utf8)) as? [String: Any])
    #expect((result["links"] as? [Double])?.count == 1 && (result["ratio"] as? Double ?? 0) > 0, "\(run.output)")
    #expect(result["gigabits"] as? Double == 1 && result["delayMilliseconds"] as? Double == 1)
  }

  @Test(.enabled(if: obstacle == nil, obstacle)) func stoppedBenchmarkLeavesNoFilesOrProcesses() throws {
    let temporary = folder.file("temporary")
    try FileManager.default.createDirectory(atPath: temporary, withIntermediateDirectories: true)
    let started = try AtelierProcess.Started(
      ["benchmark", "--network", "--epochs", "100000", "--data", data], in: folder, environment: ["TMPDIR": temporary])
    while !started.errorsSoFar.contains("1 of 3"), started.process.isRunning { usleep(20_000) }
    kill(started.process.processIdentifier, SIGINT)
    #expect(try started.wait().status == 130)
    #expect(folder.names(in: "temporary").isEmpty)
    let processes = try FileManager.default.contentsOfDirectory(atPath: "/proc").filter { Int($0) != nil }
    for process in processes {
      let words = (try? String(contentsOfFile: "/proc/\(process)/cmdline", encoding: .utf8)) ?? ""
      #expect(!words.contains(temporary), "\(words)")
    }
  }

  @Test(.enabled(if: obstacle == nil, obstacle)) func doctorReportsCauses() throws {
    let network = try EmulatedNetwork(hosts: 2, link: EmulatedNetwork.Link())
    try makeKeys(hosts: 2)
    func doctor(_ host: Int) throws -> AtelierProcess {
      try start(network, on: 1, ["doctor", "--join", Self.address] + keys(host)).wait()
    }
    let closed = try doctor(1)
    #expect(
      closed.status == 69 && closed.output.contains("no program listens at port 7700"),
      "\(closed.output)")
    let run = try start(
      network, on: 0,
      ["train"] + Self.network + ["--data", data, "--output", "a.safetensors", "--listen", Self.address] + keys(0))
    defer { kill(run.process.processIdentifier, SIGKILL) }
    while !run.errorsSoFar.contains("workers may join"), run.process.isRunning { usleep(20_000) }
    let connected = try doctor(1)
    #expect(connected.status == 0 && !connected.output.contains("failed"), "\(connected.output)")
    #expect(try AtelierProcess(["keys", "unlisted"] + keys(4), in: folder).status == 0)
    try FileManager.default.copyItem(
      atPath: folder.file("keys0/coordinator.public"), toPath: folder.file("keys4/coordinator.public"))
    let unlisted = try doctor(4)
    #expect(unlisted.status == 69 && unlisted.output.contains("rejects this worker's key"), "\(unlisted.output)")
    try FileManager.default.createDirectory(atPath: folder.file("keys5"), withIntermediateDirectories: true)
    try FileManager.default.copyItem(atPath: folder.file("keys1/two.secret"), toPath: folder.file("keys5/two.secret"))
    try FileManager.default.copyItem(
      atPath: folder.file("keys4/unlisted.public"), toPath: folder.file("keys5/coordinator.public"))
    let mismatched = try doctor(5)
    #expect(
      mismatched.status == 69 && mismatched.output.contains("does not match the key of the program"),
      "\(mismatched.output)")
  }
}

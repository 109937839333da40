import Foundation
import Testing

/// Workers that `--hosts` starts, with a program in place of ssh that runs the command on this host. deploy/test-hosts
/// runs real sshd and Slurm.
struct HostsTests {
  private let folder: TemporaryFolder
  private let data: String

  /// Runs the command of ssh here. The host `gone` does not exist; the worker of the host `broken` cannot start.
  private static let ssh = """
    #!/bin/sh
    while [ "$1" != -- ]; do shift; done
    case $2 in gone) echo "ssh: connect to host gone port 22: No route to host" >&2; exit 255 ;; esac
    export SSH_CONNECTION="127.0.0.1 50000 127.0.0.1 22" HOME="$FAKE_HOME/$2"
    [ "$2" != broken ] || export ATELIER_ISA=none
    exec sh -c "$3"
    """

  init() throws {
    folder = try TemporaryFolder()
    data = try TinyData.write(into: folder)
    try folder.write(Self.ssh, to: "ssh")
    for host in ["a", "b", "broken"] {
      try FileManager.default.createDirectory(
        atPath: folder.file("hosts/\(host)"), withIntermediateDirectories: true)
    }
  }

  private func start(_ arguments: [String]) throws -> AtelierProcess.Started {
    try AtelierProcess.Started(
      arguments + ["--data", data, "--ssh", "sh \(folder.file("ssh"))"], in: folder,
      environment: ["FAKE_HOME": folder.file("hosts")])
  }

  private static let network = [
    "train", "cnn", "--filters", "8,16", "--dense", "16", "--batch", "16", "--epochs", "20",
  ]
  private static let long = Array(network.dropLast()) + ["100000"]

  /// The processes whose program was copied to one of the hosts.
  private var workers: [Int32] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
    return names.compactMap { Int32($0) }.filter {
      let program = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\($0)/exe")
      return program?.hasPrefix(folder.file("hosts")) == true
    }
  }

  @Test(arguments: [network, ["train", "forest", "--trees", "60"]])
  func modelIsThatOfOneProcess(training: [String]) throws {
    let one = try AtelierProcess(training + ["--data", data, "--output", "one.safetensors"], in: folder)
    #expect(one.status == 0)
    let run = try start(
      training + ["--output", "hosts.safetensors", "--hosts", "a,b:1,gone,broken", "--min-workers", "2"]
    ).wait()
    #expect(run.status == 0, "\(run.errors)")
    #expect(try folder.bytes("hosts.safetensors") == folder.bytes("one.safetensors"))
    #expect(workers.isEmpty)
  }

  @Test func failuresOfHostsAreReported() throws {
    let run = try start(Self.long + ["--output", "a.safetensors", "--hosts", "a,gone,broken"])
    try run.waitUntil {
      run.errorsSoFar.contains("gone: ssh: connect to host gone port 22: No route to host")
        && run.errorsSoFar.contains("broken> Error:")
    }
    kill(run.process.processIdentifier, SIGINT)
    #expect(try run.wait().status == 130)
    #expect(workers.isEmpty)
  }

  @Test func workersEndWhenTheCoordinatorIsKilled() throws {
    let run = try start(Self.long + ["--output", "a.safetensors", "--hosts", "a,b", "--min-workers", "2"])
    try run.waitUntil {
      workers.count == 2 && run.errorsSoFar.split(separator: "\n").count { $0.hasPrefix("joined") } == 2
    }
    kill(run.process.processIdentifier, SIGKILL)
    try waitUntil { workers.isEmpty }
  }

  @Test func killedWorkerIsStartedAgain() throws {
    let run = try start(Self.long + ["--output", "a.safetensors", "--hosts", "a"])
    try run.waitUntil { run.errorsSoFar.contains("joined: ") }
    let first = workers
    kill(first[0], SIGKILL)
    try run.waitUntil { workers.contains { $0 != first[0] } && run.errorsSoFar.contains("a: starting it again") }
    kill(run.process.processIdentifier, SIGINT)
    #expect(try run.wait().status == 130)
    #expect(workers.isEmpty)
  }

  @Test func reportsThatNoHostCanBeReached() throws {
    let run = try start(Self.network + ["--output", "a.safetensors", "--hosts", "gone"]).wait()
    #expect(
      run.status == 69 && run.errors.contains("no worker could be started:\n  gone: ssh: connect"), "\(run.errors)")
  }

  @Test func spareWorkerReplacesLostOne() throws {
    let run = try start(Self.long + ["--output", "a.safetensors", "--hosts", "a,b", "--max-workers", "1"])
    try run.waitUntil { run.errorsSoFar.contains("spare: ") }
    #expect(run.errorsSoFar.split(separator: "\n").count { $0.hasPrefix("joined") } == 1)
    // Ending both lets the worker that is started first join, and the other one wait again.
    try run.waitUntil {
      try AtelierProcess(["status", "\(run.process.processIdentifier)"], in: folder).output
        .contains("images of each batch")
    }
    let joined = try #require(run.errorsSoFar.firstMatch(of: /joined: .*, process ([0-9]+)/)?.1)
    kill(try #require(Int32(joined)), SIGKILL)
    try run.waitUntil { run.errorsSoFar.split(separator: "\n").count { $0.hasPrefix("joined") } >= 2 }
    kill(run.process.processIdentifier, SIGINT)
    #expect(try run.wait().status == 130)
  }
}

import Foundation
import Testing

/// Workers that `--hosts` starts, with a program in place of ssh that runs the command on this host. deploy/test-hosts
/// runs real sshd and Slurm.
struct HostsTests {
  private let folder: TemporaryFolder
  private let data: String

  /// Runs the command of ssh here. The host `gone` does not exist; the login shell of the host `mute` ends at once; the
  /// worker of the host `broken` cannot start; the tunnel to the host `blocked` leads nowhere, and that to `forbidden`
  /// is not allowed.
  private static let ssh = """
    #!/bin/sh
    while [ "$1" != -- ]; do shift; done
    [ "$2" != blocked ] || echo "Allocated port 9 for remote forward to 127.0.0.1:1" >&2
    [ "$2" != forbidden ] || echo "Warning: remote port forwarding failed for listen port 0" >&2
    case $2 in
      gone) echo "ssh: connect to host gone port 22: No route to host" >&2; exit 255 ;;
      mute) exit 1 ;;
    esac
    export SSH_CONNECTION="127.0.0.1 50000 127.0.0.1 22" HOME="$FAKE_HOME/$2"
    [ "$2" != broken ] || export ATELIER_ISA=none
    exec sh -c "$3"
    """

  init() throws {
    folder = try TemporaryFolder()
    data = try TinyData.write(into: folder)
    try folder.write(Self.ssh, to: "ssh")
    for host in ["a", "b", "broken", "blocked", "forbidden"] {
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
    try waitUntil { workers.isEmpty }
  }

  @Test func failuresOfHostsAreReported() throws {
    let run = try start(Self.long + ["--output", "a.safetensors", "--hosts", "a,gone,broken,mute"])
    try run.waitUntil {
      run.errorsSoFar.contains("gone: ssh: connect to host gone port 22: No route to host")
        && run.errorsSoFar.contains("broken> Error:")
        && run.errorsSoFar.contains("mute has no worker: its login shell ended with exit status 1, without a worker\n")
    }
    kill(run.process.processIdentifier, SIGINT)
    #expect(try run.wait().status == 130)
    try waitUntil { workers.isEmpty }
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
    #expect(run.errorsSoFar.contains("a: its worker was ended by signal 9, as by a system that is out of memory"))
    kill(run.process.processIdentifier, SIGINT)
    #expect(try run.wait().status == 130)
    try waitUntil { workers.isEmpty }
  }

  @Test func reportsThatNoHostCanBeReached() throws {
    let run = try start(Self.network + ["--output", "a.safetensors", "--hosts", "gone"]).wait()
    #expect(
      run.status == 69 && run.errors.contains("no worker could be started:\n  gone: ssh: connect"), "\(run.errors)")
  }

  /// Workers that were invited join beside those that ssh starts, with keys that exist already or are created.
  @Test func invitedWorkersJoinAsWell() throws {
    let one = try AtelierProcess(
      ["train", "forest", "--trees", "60", "--data", data, "--output", "one.safetensors"], in: folder)
    #expect(one.status == 0)
    let port = freePort()
    let run = try start([
      "train", "forest", "--trees", "60", "--output", "hosts.safetensors", "--hosts", "a", "--min-workers", "2",
      "--listen", "tcp://127.0.0.1:\(port)", "--keys", folder.file("keys"),
    ])
    try run.waitUntil { run.errorsSoFar.contains("joined: ") }
    let invitation = try AtelierProcess(
      ["keys", "invite", "--keys", folder.file("keys"), "--address", "127.0.0.1:\(port)"], in: folder)
    #expect(invitation.status == 0, "\(invitation.errors)")
    let worker = try AtelierProcess.Started(
      ["worker", "--threads", "1"], in: folder,
      environment: ["HOME": folder.file("hosts/b"), "ATELIER_JOIN": invitation.output])
    defer { worker.process.terminate() }
    let ended = try run.wait()
    #expect(ended.status == 0 && ended.errors.contains(" (127.0.0.1) enrolled with invitation-1"), "\(ended.errors)")
    // The keys of the workers that ssh starts are not stored.
    #expect(folder.names(in: "keys").count { $0.hasSuffix(".public") && $0 != "coordinator.public" } == 1)
    #expect(try folder.bytes("hosts.safetensors") == folder.bytes("one.safetensors"))
  }

  @Test func reportsWorkerThatDoesNotReachTheCoordinator() throws {
    let run = try start(Self.long + ["--output", "a.safetensors", "--hosts", "blocked", "--tunnel"])
    try run.waitUntil {
      run.errorsSoFar.contains("blocked: its worker does not reach this process at 127.0.0.1:9. Does ssh there forward")
    }
    kill(run.process.processIdentifier, SIGTERM)
    #expect(try run.wait().status == 143)
    try waitUntil { workers.isEmpty }
  }

  @Test func forbiddenTunnelIsExplained() throws {
    let run = try start(Self.network + ["--output", "a.safetensors", "--hosts", "forbidden", "--tunnel"]).wait()
    #expect(run.status == 69 && run.errors.contains("the host does not allow --tunnel"), "\(run.errors)")
  }

  /// Each sweep of a file has a cluster of its own, and a pipe can be read only once.
  @Test func pipesNameHostsAndSweeps() throws {
    try folder.write(
      """
      {model: tree, space: {max-depth: [2, 3]}}
      ---
      {model: tree, space: {max-depth: [4, 5]}}
      """, to: "sweeps")
    let run = try folder.shell(
      """
      export FAKE_HOME='\(folder.file("hosts"))'
      mkfifo pipe
      cat sweeps >pipe &
      echo 'a slots=1' | "$ATELIER" sweep pipe --host-file /dev/stdin --data '\(data)' --ssh 'sh \(folder.file("ssh"))'
      """)
    #expect(run.status == 0 && run.errors.split(separator: "\n").count { $0.hasPrefix("joined") } == 2, "\(run.errors)")
    try waitUntil { workers.isEmpty }
  }

  @Test func statusShowsHostsWorkBytesAndWaiting() throws {
    struct Status: Decodable {
      struct Worker: Decodable {
        let host, activity: String
        let bytesSent: Int
        let waitingSeconds: Double
      }
      let workers: [Worker]
    }
    let run = try start(Self.long + ["--output", "a.safetensors", "--hosts", "a,b", "--min-workers", "2"])
    let identifier = "\(run.process.processIdentifier)"
    try run.waitUntil {
      let status = try AtelierProcess(["status", identifier, "--json", "-"], in: folder)
      let all = try? JSONDecoder().decode([Status].self, from: Data(status.output.utf8))
      return all?.count == 1 && all?[0].workers.count == 2
        && all![0].workers.allSatisfy {
          !$0.host.isEmpty && $0.activity.contains("images of each batch") && $0.bytesSent > 0 && $0.waitingSeconds > 0
        }
    }
    try run.waitUntil {
      let text = try AtelierProcess(["status", identifier], in: folder).output
      return ["host", "work", "MB sent", "s waited", "images of each batch"].allSatisfy(text.contains)
    }
    kill(run.process.processIdentifier, SIGHUP)
    #expect(try run.wait().status == 129)
    try waitUntil { workers.isEmpty }
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

import Foundation
import Testing

/// Workers that `--hosts` starts, with a program in place of ssh that runs the command on this host. deploy/test-hosts
/// runs real sshd and Slurm.
struct HostsTests {
  private let folder: TemporaryFolder
  private let data: String

  /// Runs the command of ssh here. The host `gone` does not exist; the worker of the host `broken` cannot start; the
  /// tunnel to the host `blocked` leads nowhere, and its connection waits for the file `joined`; a tunnel to the host
  /// `forbidden` is not allowed; the home folder of the host `noexec` is mounted so. The login shell of the host
  /// `locked` refuses all commands, and that of the host `shellless` cannot be executed.
  private static let ssh = """
    #!/bin/sh
    # The tunnel: -R 127.0.0.1:0:HOST:PORT.
    while [ "$1" != -- ]; do
      case $1 in 127.0.0.1:0:*) coordinator=${1##*:} ;; esac
      shift
    done
    port=$coordinator
    case $2 in
      blocked)
        port=9
        while [ -d "$FAKE_HOME" ] && [ ! -e "$FAKE_HOME/joined" ]; do sleep 0.05; done
        ;;
      forbidden)
        port=
        echo "Warning: remote port forwarding failed for listen port 0" >&2
        ;;
    esac
    [ -z "$port" ] || echo "Allocated port $port for remote forward to 127.0.0.1:1" >&2
    case $2 in
      gone) echo "ssh: connect to host gone port 22: No route to host" >&2; exit 255 ;;
      locked) exec false ;;
      shellless) exec sh -c /dev/null ;;
    esac
    export SSH_CONNECTION="127.0.0.1 50000 127.0.0.1 22" HOME="$FAKE_HOME/$2"
    case $2 in broken | noexec) export ATELIER_ISA=none ;; esac
    if [ "$2" = noexec ]; then sh -c "$3"; exit 126; fi
    exec sh -c "$3"
    """

  init() throws {
    folder = try TemporaryFolder()
    data = try TinyData.write(into: folder)
    try folder.write(Self.ssh, to: "ssh")
    for host in ["a", "b", "broken", "blocked", "forbidden", "noexec"] {
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
    let run = try start(
      Self.long + ["--output", "a.safetensors", "--hosts", "a,gone,broken,noexec,locked,shellless"])
    let reports = [
      "gone: ssh: connect to host gone port 22: No route to host", "broken: its worker ended with exit status ",
      "broken> Error:", "noexec has no worker: its program cannot be run: is its home folder mounted noexec?\n",
      "locked: its login shell ended with exit status 1 and ran no command: `ssh locked true` must succeed\n",
      "shellless: its login shell ended with exit status 126 and ran no command: `ssh shellless true` must succeed; "
        + "its last output:\n  shellless> ",
    ]
    try run.waitUntil { reports.allSatisfy(run.errorsSoFar.contains) }
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

  /// A program that does not exist, and one that may not be executed.
  @Test(arguments: [("none", "No such file or directory"), ("data/classes.txt", "Permission denied")])
  func reportsSSHThatCannotBeStarted(name: String, reason: String) throws {
    let run = try AtelierProcess(
      Self.network + ["--data", data, "--output", "a.safetensors", "--hosts", "a", "--ssh", folder.file(name)],
      in: folder)
    let expected = "no worker could be started:\n  a: cannot start \(folder.file(name)): \(reason); install OpenSSH's"
    #expect(run.status == 69 && run.errors.contains(expected), "\(run.errors)")
  }

  /// Workers of other hosts could not connect to a loopback address.
  @Test(arguments: [false, true]) func workerThatJoinsThroughLoopbackListensAtAllAddresses(isTunneled: Bool) throws {
    let run = try start(
      Self.long + ["--output", "a.safetensors", "--hosts", "a"] + (isTunneled ? ["--tunnel"] : []))
    try run.waitUntil { run.errorsSoFar.contains("joined: ") && workers.count == 1 }
    let words = try String(contentsOfFile: "/proc/\(workers[0])/cmdline", encoding: .utf8).split(separator: "\0")
    #expect(words.suffix(2) == ["--exchange", "tcp://*:*"], "\(words)")
    kill(run.process.processIdentifier, SIGTERM)
    #expect(try run.wait().status == 143)
    try waitUntil { workers.isEmpty }
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
    try run.waitUntil { run.errorsSoFar.split(separator: "\n").count { $0.hasPrefix("joined: ") } == 2 }
    let ended = try run.wait()
    // The enrollments of workers that ssh starts are not reported.
    let enrollments = ended.errors.split(separator: "\n").filter { $0.contains(" enrolled with ") }
    #expect(ended.status == 0 && enrollments.count == 1, "\(ended.errors)")
    #expect(enrollments.first?.hasSuffix(" (127.0.0.1) enrolled with invitation-1") == true)
    // The keys of the workers that ssh starts are not stored.
    #expect(folder.names(in: "keys").count { $0.hasSuffix(".public") && $0 != "coordinator.public" } == 1)
    #expect(try folder.bytes("hosts.safetensors") == folder.bytes("one.safetensors"))
  }

  @Test func reportsWorkerThatDoesNotReachTheCoordinator() throws {
    let run = try start(Self.long + ["--output", "a.safetensors", "--hosts", "a,blocked", "--tunnel"])
    try run.waitUntil { run.errorsSoFar.contains("joined: ") }
    try folder.write("", to: "hosts/joined")
    try run.waitUntil {
      run.errorsSoFar.contains("blocked: its worker does not reach this process at 127.0.0.1:9. Does ssh there forward")
    }
    // The time of this host began before.
    #expect(!run.errorsSoFar.contains("a: its worker does not reach this process"))
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
          $0.host == ProcessInfo.processInfo.hostName && $0.activity.contains("images of each batch")
            && $0.bytesSent > 0 && $0.waitingSeconds > 0
        }
    }
    let host = ProcessInfo.processInfo.hostName
    try run.waitUntil {
      let lines = try AtelierProcess(["status", identifier], in: folder).output.split(separator: "\n")
      let rows = lines.filter { $0.contains("images of each batch") }.map { $0.split(separator: /[ ]{2,}/) }
      return lines.contains { $0.split(separator: /[ ]{2,}/).starts(with: ["host", "process", "threads", "work"]) }
        && rows.count == 2
        && rows.allSatisfy { row in
          row.count == 8 && row[0] == host && Double(row[5]) ?? 0 > 0 && Double(row[6]) ?? 0 > 0
        }
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

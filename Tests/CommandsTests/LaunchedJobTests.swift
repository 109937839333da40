import Foundation
import Testing

/// Processes of one job, with the environment variables of a launcher.
struct LaunchedJobTests {
  private let folder: TemporaryFolder
  private let data: String

  init() throws {
    folder = try TemporaryFolder()
    data = try TinyData.write(into: folder)
  }

  private static let network = [
    "train", "cnn", "--filters", "8,16", "--dense", "16", "--batch", "16", "--epochs", "20",
  ]

  private func secret() throws -> String {
    try AtelierProcess(["keys", "secret"], in: folder).output.trimmingCharacters(in: .newlines)
  }

  /// Starts the tasks of a step of Slurm on one node.
  /// - Parameter ranks: the tasks to start; nil: all
  private func start(
    _ arguments: [String], job: Int, tasks: Int = 3, ranks: Range<Int>? = nil, secret: String,
    changes: [String: String] = [:]
  ) throws -> [AtelierProcess.Started] {
    try (ranks ?? 0..<tasks).map { rank in
      let variables = [
        "SLURM_JOB_ID": "\(job)", "SLURM_STEP_ID": "0", "SLURM_PROCID": "\(rank)", "SLURM_STEP_NUM_TASKS": "\(tasks)",
        "SLURM_STEP_NODELIST": "localhost", "SLURMD_NODENAME": "localhost", "SLURM_CPUS_PER_TASK": "1",
        "ATELIER_JOB_SECRET": secret,
      ]
      // Only task 0 has the data.
      let place = rank == 0 ? data : folder.file("none")
      return try AtelierProcess.Started(
        arguments + ["--data", place], in: folder, environment: variables.merging(changes) { $1 })
    }
  }

  /// A number of a job that no other test uses, because the ports derive from it.
  private static func job() -> Int { Int.random(in: 1...1_000_000_000) }

  @Test func stepTrainsTheModelOfOneProcess() throws {
    let one = try AtelierProcess(Self.network + ["--data", data, "--output", "one.safetensors"], in: folder)
    #expect(one.status == 0)
    let job = Self.job()
    let ended = try start(Self.network, job: job, secret: secret()).map { try $0.wait() }
    #expect(ended.allSatisfy { $0.status == 0 }, "\(ended.map(\.errors))")
    #expect(ended[0].errors.split(separator: "\n").count { $0.hasPrefix("joined") } == 3, "\(ended[0].errors)")
    #expect(ended[1].output.isEmpty && ended[2].output.isEmpty)
    #expect(try folder.bytes("runs/slurm-\(job)-0/cnn.safetensors") == folder.bytes("one.safetensors"))
  }

  /// A signal reaches all processes of a job at once, also the local worker of task 0.
  @Test func signalSavesTheStateAndARestartResumes() throws {
    let (job, secret) = (Self.job(), try secret())
    let long = Array(Self.network.dropLast()) + ["600"]
    let one = try AtelierProcess(long + ["--data", data, "--output", "one.safetensors"], in: folder)
    #expect(one.status == 0)
    let step = try start(long, job: job, secret: secret)
    try step[0].waitUntil {
      step[0].errorsSoFar.split(separator: "\n").count { $0.hasPrefix("joined") } == 3
        && folder.names(in: "runs/slurm-\(job)-0").contains { $0.contains("checkpoint") }
    }
    let local = step[0].process.children
    #expect(local.count == 1)
    for process in local + step.map(\.process.processIdentifier) { kill(process, SIGTERM) }
    let ended = try step.map { try $0.wait() }
    #expect(ended.map(\.status) == [143, 143, 143], "\(ended.map(\.errors))")
    #expect(ended[0].errors.contains("the training is saved"), "\(ended[0].errors)")
    let resumed = try start(long, job: job, secret: secret, changes: ["SLURM_RESTART_COUNT": "1"]).map { try $0.wait() }
    #expect(resumed.map(\.status) == [0, 0, 0], "\(resumed.map(\.errors))")
    #expect(resumed[0].errors.contains("Slurm has restarted the job; resuming runs/slurm-\(job)-0"))
    #expect(try folder.bytes("runs/slurm-\(job)-0/cnn.safetensors") == folder.bytes("one.safetensors"))
  }

  @Test func sweepOfARestartedJobResumes() throws {
    let (job, secret) = (Self.job(), try secret())
    let sweep = ["sweep", "forest", "--trees", "20,40", "--max-depth", "3,5", "--folds", "2"]
    let first = try start(sweep, job: job, tasks: 2, secret: secret).map { try $0.wait() }
    #expect(first.map(\.status) == [0, 0], "\(first.map(\.errors))")
    let second = try start(sweep, job: job, tasks: 2, secret: secret, changes: ["SLURM_RESTART_COUNT": "1"])
      .map { try $0.wait() }
    #expect(second.map(\.status) == [0, 0], "\(second.map(\.errors))")
    #expect(second[0].errors.contains("resuming run slurm-\(job)-0"), "\(second[0].errors)")
    #expect(folder.names(in: "runs").filter { $0.hasPrefix("slurm") } == ["slurm-\(job)-0"])
  }

  @Test func missingSecretIsExplained() throws {
    let ended = try start(Self.network, job: Self.job(), tasks: 2, secret: "").map { try $0.wait() }
    for process in ended {
      #expect(process.status == 69 && process.errors.contains("export ATELIER_JOB_SECRET=$(atelier keys secret)"))
    }
  }

  @Test func taskWithAnotherSecretDoesNotJoin() throws {
    let (job, long) = (Self.job(), Array(Self.network.dropLast()) + ["100000", "--min-workers", "2"])
    let step = try start(long, job: job, ranks: 0..<2, secret: secret())
    try step[0].waitUntil { step[0].errorsSoFar.split(separator: "\n").count { $0.hasPrefix("joined") } == 2 }
    let other = try start(long, job: job, ranks: 2..<3, secret: secret())[0]
    // It reports its search after it has tried all ports many times.
    try other.waitUntil { other.errorsSoFar.contains("looking for the coordinator on localhost, at ports ") }
    #expect(!other.errorsSoFar.contains("joining "))
    for process in step + [other] { process.process.terminate() }
    let ended = try (step + [other]).map { try $0.wait() }
    #expect(ended.map(\.status) == [143, 143, 143], "\(ended.map(\.errors))")
    #expect(ended[0].errors.split(separator: "\n").count { $0.hasPrefix("joined") } == 2, "\(ended[0].errors)")
  }

  /// Nothing is computed, so the other processes have nothing to wait for.
  @Test func onlyProcessZeroPrintsSettings() throws {
    let ended = try start(Self.network + ["--print-config"], job: Self.job(), tasks: 2, secret: secret())
      .map { try $0.wait() }
    #expect(ended.map(\.status) == [0, 0], "\(ended.map(\.errors))")
    #expect(ended[0].output.contains("epochs: 20") && ended[1].output.isEmpty && ended[1].errors.isEmpty)
  }

  @Test func launcherCanBeIgnored() throws {
    let ended = try start(Self.network + ["--launcher", "none"], job: Self.job(), tasks: 1, secret: "")[0].wait()
    #expect(ended.status == 0 && !ended.errors.contains("joined"), "\(ended.errors)")
  }

  @Test func printsWhatWasDetected() throws {
    let process = try AtelierProcess(
      ["launch", "--print"], in: folder,
      environment: [
        "SKYPILOT_NODE_RANK": "1", "SKYPILOT_NODE_IPS": "10.0.0.4\n10.0.0.5", "SKYPILOT_NUM_NODES": "2",
        "SKYPILOT_TASK_ID": "t",
      ])
    #expect(process.status == 0)
    for text in ["SkyPilot", "1 of 2", "10.0.0.4, 10.0.0.5", "process 0 on 10.0.0.4", "missing", "a worker"] {
      #expect(process.output.contains(text), "\(process.output)")
    }
    let hosts = try AtelierProcess(["launch", "--print", "--hosts", "a:4,user@b"], in: folder)
    #expect(hosts.output.contains("4 threads") && hosts.output.contains("BatchMode=yes"), "\(hosts.output)")
  }
}

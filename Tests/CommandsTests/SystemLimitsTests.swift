import Foundation
import Testing

/// Limits on threads, descriptors and memory: the command finishes within them, or its error names the limit.
@Suite struct SystemLimitsTests {
  let folder: TemporaryFolder
  let data: String

  init() throws {
    folder = try TemporaryFolder()
    data = try TinyData.write(into: folder)
  }

  /// Runs the program with options of `prlimit`.
  /// - Parameter asAnotherUser: runs as a user without other processes: RLIMIT_NPROC does not limit root
  private func run(_ limits: [String], _ arguments: [String], asAnotherUser: Bool = false) throws -> AtelierProcess {
    var words = limits
    let executable = folder.file("atelier")
    if asAnotherUser {
      if !FileManager.default.fileExists(atPath: executable) {
        try FileManager.default.copyItem(atPath: AtelierProcess.executable.path, toPath: executable)
      }
      chmod(executable, 0o755)
      chmod(folder.path, 0o777)
      if getuid() == 0 {
        let user = Int32.random(in: 100_000...1_000_000_000)
        words += ["/usr/bin/setpriv", "--reuid=\(user)", "--regid=\(user)", "--clear-groups"]
      }
      words += [executable]
    } else {
      words += [AtelierProcess.executable.path]
    }
    return try AtelierProcess.Started(
      words + arguments, in: folder, environment: ["HOME": folder.path],
      executable: URL(fileURLWithPath: "/usr/bin/prlimit")
    ).wait()
  }

  @Test(arguments: [1, 2, 3, 4, 5, 6]) func errorNamesThreadLimit(count: Int) throws {
    let run = try run(
      ["--nproc=\(count)"], ["train", "tree", "--data", "data", "--output", "a", "--threads", "16"],
      asAnotherUser: true)
    #expect(run.status == 69 && run.errors.contains("RLIMIT_NPROC"), "\(run.status) \(run.errors)")
  }

  /// The model does not depend on the number of threads.
  @Test(arguments: ["forest", "cnn"], [12, 16, 64])
  func usesFewerThreadsAndReportsLimit(kind: String, limit: Int) throws {
    let options = ["train", kind, "--data", "data", "--threads", "64"] + (kind == "cnn" ? ["--epochs", "2"] : [])
    let whole = try AtelierProcess(options + ["--output", "whole"], in: folder)
    #expect(whole.status == 0, "\(whole.errors)")
    let limited = try run(["--nproc=\(limit)"], options + ["--output", "limited"], asAnotherUser: true)
    #expect(limited.status == 0 && limited.errors.contains(" instead of 64: "), "\(limited.status) \(limited.errors)")
    #expect(limited.errors.contains("RLIMIT_NPROC"), "\(limited.errors)")
    #expect(try folder.bytes("whole") == folder.bytes("limited"))
  }

  /// The job starts with the local workers that could be started.
  @Test func reportsLocalWorkersThatCannotStart() throws {
    let run = try run(
      ["--nproc=40"],
      ["train", "forest", "--data", "data", "--output", "a", "--threads", "1", "--workers", "12"], asAnotherUser: true)
    #expect(run.status == 0 && folder.names.contains("a"), "\(run.status) \(run.errors)")
    #expect(run.errors.contains("local worker ") && run.errors.contains("RLIMIT_NPROC"), "\(run.errors)")
  }

  @Test(arguments: [12, 16, 24, 32]) func errorNamesDescriptorLimit(count: Int) throws {
    let run = try run(["--nofile=\(count)"], ["train", "tree", "--data", data, "--output", "a"])
    #expect(run.status == 69 && run.errors.contains("ulimit -n"), "\(run.status) \(run.errors)")
  }

  @Test(arguments: [
    (["cnn", "--batch", "65536", "--shards", "1", "--filters", "4096,4096"], "lower --batch or --filters"),
    (["cnn", "--filters", "8", "--dense", "20000,20000"], "lower --dense"),
    (["forest", "--trees", "100000"], "lower --trees"),
  ]) func refusesFitThatExceedsMemory(fit: [String], remedy: String) throws {
    let data = try TinyData.write(into: folder, train: 60_000)
    let run = try run(["--as=2147483648"], ["train"] + fit + ["--data", data, "--output", "a", "--threads", "1"])
    #expect(run.status == 64, "\(run.status) \(run.errors)")
    #expect(run.errors.contains("this fit needs about ") && run.errors.contains(remedy), "\(run.errors)")
  }

  /// The only worker has too little memory, so the run fails.
  @Test func refusesFitThatExceedsMemoryOfWorker() throws {
    let data = try TinyData.write(into: folder, train: 6000)
    let port = freePort()
    let listening = try AtelierProcess.Started(
      [
        "train", "cnn", "--batch", "6000", "--shards", "1", "--filters", "1024,1024", "--data", data, "--output", "a",
        "--listen", "tcp://127.0.0.1:\(port)",
      ], in: folder)
    defer { kill(listening.process.processIdentifier, SIGKILL) }
    let worker = try AtelierProcess.Started(
      [
        "--as=2147483648", AtelierProcess.executable.path, "worker", "--join", "tcp://127.0.0.1:\(port)", "--threads",
        "1",
      ], in: folder, executable: URL(fileURLWithPath: "/usr/bin/prlimit"))
    defer { kill(worker.process.processIdentifier, SIGKILL) }
    let ended = try listening.wait()
    #expect(ended.status == 64 && ended.errors.contains("cannot run this job: this fit needs about"), "\(ended.errors)")
  }

  @Test func fitThatExceedsMemoryIsARow() throws {
    let data = try TinyData.write(into: folder, train: 6000)
    let run = try run(
      ["--as=2147483648"],
      [
        "sweep", "cnn", "--filters", "4;2048,2048", "--epochs", "1", "--batch", "4000", "--dense",
        "none", "--hold-out", "0.1", "--no-refit", "--data", data, "--threads", "1",
      ])
    #expect(run.status == 69 && run.output.contains("this fit needs about "), "\(run.errors) \(run.output)")
    #expect(run.errors.contains("is incomplete: 1 of 2 rows"), "\(run.errors)")
  }

  /// The folders of the runs.
  private var runs: [String] { folder.names(in: "runs").filter { !$0.hasPrefix("atelier.sqlite") } }

  /// One of two workers has too little memory for some fits. The table equals that of one process with enough memory.
  @Test(arguments: [[], ["--workers-per-trial", "2"]]) func otherWorkerComputesFitThatExceedsMemory(
    options: [String]
  ) throws {
    let sweep = [
      "sweep", "cnn", "--dense", "none;8000,1200;8000,1100", "--filters", "4", "--epochs", "1", "--hold-out", "0.1",
      "--no-refit",
      "--data", data,
    ]
    let alone = try AtelierProcess(sweep + ["--threads", "1"], in: folder)
    #expect(alone.status == 0, "\(alone.errors)")
    let first = runs[0]
    let port = freePort()
    let listening = try AtelierProcess.Started(
      sweep + options
        + ["--listen", "tcp://127.0.0.1:\(port)", "--min-workers", "2"], in: folder)
    defer { kill(listening.process.processIdentifier, SIGKILL) }
    let workers = try [["--as=700000000"], []].map { limits in
      try AtelierProcess.Started(
        limits + [
          AtelierProcess.executable.path, "worker", "--join", "tcp://127.0.0.1:\(port)", "--threads", "1",
        ], in: folder, executable: URL(fileURLWithPath: "/usr/bin/prlimit"))
    }
    defer { for worker in workers { kill(worker.process.processIdentifier, SIGKILL) } }
    let ended = try listening.wait()
    #expect(ended.status == 0 && ended.errors.contains("this fit needs about "), "\(ended.errors)")
    let second = runs.first { $0 != first }!
    #expect(try folder.bytes("runs/\(first)/scores.csv") == folder.bytes("runs/\(second)/scores.csv"))
  }
}

import Foundation
import Runs
import Testing

/// Manipulated folders of runs, and concurrent processes in one folder.
@Suite struct ForeignRunTests {
  let folder: TemporaryFolder
  let data: String

  init() throws {
    folder = try TemporaryFolder()
    data = try TinyData.write(into: folder)
  }

  private func atelier(_ arguments: String...) throws -> AtelierProcess { try AtelierProcess(arguments, in: folder) }

  private var runs: [String] { folder.names(in: "runs").filter { !$0.hasPrefix("atelier.sqlite") } }

  // MARK: Concurrent processes

  @Test func secondProcessNamesHolderOfRun() throws {
    let started = try AtelierProcess.Started(
      ["train", "cnn", "--data", data, "--filters", "8,16", "--batch", "16", "--epochs", "100000", "--quiet"],
      in: folder)
    defer { kill(started.process.processIdentifier, SIGKILL) }
    try started.waitUntil {
      runs.first.map { folder.names(in: "runs/\($0)").contains("cnn.checkpoint.safetensors") } ?? false
    }
    let run = runs[0]
    let holder = "process \(started.process.processIdentifier) on host "
    for words in [
      ["train", "cnn", "--resume", run], ["train", "--resume", "runs/\(run)"], ["report", run],
      ["train", "tree", "--data", data, "--output", "runs/\(run)/tree.safetensors"],
    ] {
      let second = try AtelierProcess(words, in: folder)
      #expect(second.status == 75 && second.errors.contains(holder), "\(words): \(second.errors)")
    }
    let removed = try atelier("runs", "remove", run)
    #expect(removed.status == 75 && removed.errors.contains("still running"), "\(removed.errors)")
    #expect(try atelier("runs").output.contains("running"))
    kill(started.process.processIdentifier, SIGKILL)
    _ = try started.wait()
    #expect(try atelier("runs", "remove", run).status == 0 && runs.isEmpty)
  }

  @Test func refusesSecondProcessOfSweep() throws {
    let started = try AtelierProcess.Started(
      ["sweep", "cnn", "--data", data, "--filters", "8;16", "--epochs", "100000", "--batch", "16"], in: folder)
    defer { kill(started.process.processIdentifier, SIGKILL) }
    try started.waitUntil { (try? atelier("runs").output.contains("running")) == true }
    let second = try atelier("sweep", "--resume", "latest")
    #expect(second.status == 75)
    #expect(second.errors.contains("process \(started.process.processIdentifier) on host "), "\(second.errors)")
  }

  /// The models `m` and `m.safetensors` have the same checkpoint.
  @Test(arguments: ["m", "m.safetensors"]) func refusesSecondTrainingOfSameFile(output: String) throws {
    let arguments = ["train", "cnn", "--data", data, "--epochs", "100000", "--batch", "16", "--output", output]
    let started = try AtelierProcess.Started(arguments, in: folder)
    defer { kill(started.process.processIdentifier, SIGKILL) }
    try started.waitUntil { folder.names.contains("m.checkpoint.safetensors") }
    let second = try AtelierProcess(["train", "tree", "--data", data, "--output", "m.safetensors"], in: folder)
    #expect(second.status == 75 && second.errors.contains("m.safetensors.lock"), "\(second.errors)")
    let resumed = try AtelierProcess(["train", "cnn", "--resume", "m.checkpoint.safetensors"], in: folder)
    #expect(resumed.status == 75, "\(resumed.errors)")
    started.process.interrupt()
    _ = try started.wait()
    #expect(folder.names == ["data", "m.checkpoint.safetensors"])
  }

  // MARK: Manipulated folders

  /// The name of the run is a path that leads out of the folder.
  @Test func runNameThatIsAPathIsNotFollowed() throws {
    try FileManager.default.createDirectory(atPath: folder.file("runs"), withIntermediateDirectories: true)
    try FileManager.default.createDirectory(atPath: folder.file("victim"), withIntermediateDirectories: true)
    try folder.write("precious", to: "victim/file")
    let record = try RunRecord(folder: folder.file("runs"))
    for name in ["../victim", folder.file("victim")] {
      try record.begin(
        Run(
          name: name, kind: "sweep", data: "d", dataDigest: "ab",
          definition: #"{"model":"tree","refit":true,"scoring":"accuracy","seed":0}"#, version: "1"))
      let list = try atelier("runs")
      #expect(list.status == 65 && list.output.contains("damaged"), "\(list.output) \(list.errors)")
      for words in [["runs", "show"], ["report"], ["sweep", "--resume"], ["train", "cnn", "--resume"]] {
        let run = try AtelierProcess(words + [name], in: folder)
        #expect([65, 66].contains(run.status), "\(words): \(run.status) \(run.errors)")
      }
      #expect(try atelier("runs", "remove", name).status == 0)
    }
    #expect(folder.names(in: "victim") == ["file"])
    #expect(folder.names == ["data", "runs", "victim"])
  }

  @Test(arguments: ["cnn.safetensors", "report", "lock", "cnn.checkpoint.safetensors"])
  func doesNotWriteThroughLinks(name: String) throws {
    let trained = try atelier("train", "cnn", "--data", data, "--filters", "4", "--epochs", "1")
    try #require(trained.status == 0, "\(trained.errors)")
    let run = runs[0]
    try FileManager.default.createDirectory(atPath: folder.file("victim"), withIntermediateDirectories: true)
    try? FileManager.default.removeItem(atPath: folder.file("runs/\(run)/\(name)"))
    try FileManager.default.createSymbolicLink(
      atPath: folder.file("runs/\(run)/\(name)"), withDestinationPath: "../../victim")
    for words in [["report", run], ["train", "cnn", "--resume", "runs/\(run)"]] {
      let second = try AtelierProcess(words, in: folder)
      #expect([65, 66].contains(second.status), "\(words): \(second.errors)")
    }
    #expect(folder.names(in: "victim").isEmpty)
    #expect(try atelier("runs", "remove", run).status == 0)
    #expect(folder.names.contains("victim"), "the link is removed, but not its target")
  }

  @Test func doesNotFollowLinkedRunFolder() throws {
    try AtelierProcess(["sweep", "tree", "--max-depth", "1,2", "--data", data], in: folder)
    let run = runs[0]
    try FileManager.default.removeItem(atPath: folder.file("runs/\(run)"))
    try FileManager.default.createDirectory(atPath: folder.file("victim"), withIntermediateDirectories: true)
    try FileManager.default.createSymbolicLink(
      atPath: folder.file("runs/\(run)"), withDestinationPath: "../victim")
    let resumed = try atelier("sweep", "--resume", run)
    #expect(resumed.status == 65 && resumed.errors.contains("is not a folder"), "\(resumed.errors)")
    #expect(try atelier("runs", "remove", run).status == 0 && runs.isEmpty)
    #expect(folder.names.contains("victim") && folder.names(in: "victim").isEmpty)
  }

  /// The record is well-formed, but its numbers would crash the process that plots them.
  @Test(arguments: ["jobs", "worker", "bytes", "metrics", "sweep", "path"])
  func refusesImpossibleNumbers(kind: String) throws {
    try AtelierProcess(["train", "tree", "--data", data], in: folder)
    let run = runs[0]
    let record = try RunRecord(folder: folder.file("runs"))
    func timeline(_ span: String, bytes: Int = 0) -> Timeline {
      Timeline(bytes: bytes, job: span == "job" ? 7 : 0, worker: span == "worker" ? -1 : 0)
    }
    switch kind {
    case "jobs": try record.keep(timeline("job"), as: "timeline", of: run)
    case "worker": try record.keep(timeline("worker"), as: "timeline", of: run)
    case "bytes": try record.keep(timeline("", bytes: .max), as: "timeline", of: run)
    case "metrics":
      let values = [1e308, -1e308].enumerated().map {
        RunMetric(model: "tree", name: "loss", step: $0.offset + 1, value: $0.element)
      }
      try record.keep(values, of: run)
    case "sweep":
      let row = SweepRow(rank: 1, mean: 1e308, fitSeconds: -1e308, parameters: ["a": "1"])
      try record.keep(Sweep(model: "tree", metric: "accuracy", splits: 3, rows: [row]), as: "sweep", of: run)
    default:
      try record.add(
        RunModel(kind: "tree", settings: [:], accuracy: 1, digest: "", path: "/etc/passwd", fitSeconds: 1), to: run)
    }
    let report = try atelier("report", run)
    #expect(report.status == 65 && report.errors.contains("run \(run)"), "\(report.errors)")
    #expect(folder.names(in: "runs/\(run)") == ["tree.safetensors"])
  }

  /// The JSON documents of a record.
  private struct Timeline: Encodable {
    struct Job: Encodable {
      let name = "sweep"
      let start = 0.0
      let end = 1.0
    }
    struct Worker: Encodable {
      let host = "h"
      let process = 1
      let threads = 1
      let instructionSet = "avx2"
      let busySeconds = 1.0
      let waitingSeconds = 0.0
      let bytesSent: Int
    }
    struct Span: Encodable {
      let worker: Int
      let job: Int
      let label = "trees"
      let start = 0.0
      let end = 1.0
    }
    let jobs = [Job()]
    let workers: [Worker]
    let spans: [Span]
    let events: [String] = []

    init(bytes: Int, job: Int, worker: Int) {
      workers = [Worker(bytesSent: bytes), Worker(bytesSent: bytes)]
      spans = [Span(worker: worker, job: job)]
    }
  }
  private struct SweepRow: Encodable {
    let rank: Int
    let mean: Double
    let fitSeconds: Double
    let parameters: [String: String]
  }
  private struct Sweep: Encodable {
    let model: String
    let metric: String
    let splits: Int
    let rows: [SweepRow]
  }

  /// Edited scores of a sweep are an error, instead of being fitted again without a message.
  @Test(.enabled(if: access("/usr/bin/sqlite3", X_OK) == 0, "sqlite3 is not installed"))
  func refusesEditedScores() throws {
    try AtelierProcess(["sweep", "tree", "--max-depth", "1,2", "--data", data], in: folder)
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/sqlite3")
    process.arguments = [
      folder.file("runs/atelier.sqlite"),
      "UPDATE task SET payload = CAST(replace(CAST(payload AS TEXT), '\"accuracy\":', '\"accuracy\":0') AS BLOB)",
    ]
    try process.run()
    process.waitUntilExit()
    let resumed = try atelier("sweep", "--resume", "latest")
    #expect(resumed.status == 65, "\(resumed.errors)")
    #expect(resumed.errors.contains("the row of table task with run \(runs[0])") && resumed.errors.contains("digest"))
  }
}

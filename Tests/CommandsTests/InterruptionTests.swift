import Foundation
import Models
import Testing

/// Signals end a run cleanly, and interrupted trainings can be resumed.
@Suite struct InterruptionTests {
  let folder: TemporaryFolder
  let data: String

  init() throws {
    folder = try TemporaryFolder()
    data = try TinyData.write(into: folder)
  }

  /// - Parameter epochs: by default so many that the training does not end before it is interrupted
  private func cnn(_ output: String, epochs: Int = 100_000) -> [String] {
    [
      "train", "cnn", "--data", data, "--filters", "8,16", "--dense", "16", "--batch", "16", "--epochs", "\(epochs)",
      "--output", output,
    ]
  }

  @Test(arguments: [(SIGINT, Int32(130)), (SIGTERM, Int32(143)), (SIGHUP, Int32(129))])
  func interruptedNetworkResumesToSameBytes(signal: Int32, status: Int32) throws {
    try AtelierProcess(cnn("whole.safetensors", epochs: 2500), in: folder)
    let started = try AtelierProcess.Started(cnn("resumed.safetensors", epochs: 2500), in: folder)
    try waitUntil { folder.names.contains("resumed.checkpoint.safetensors") }
    kill(started.process.processIdentifier, signal)
    let stopped = try started.wait()
    #expect(stopped.status == status)
    let command = "atelier train cnn --resume resumed.checkpoint.safetensors --data \(data)"
    #expect(stopped.errors.contains("resume with: \(command)\n"))
    #expect(folder.names == ["data", "resumed.checkpoint.safetensors", "whole.safetensors"])

    let resumed = try AtelierProcess(
      ["train", "cnn", "--data", data, "--resume", "resumed.checkpoint.safetensors"], in: folder)
    #expect(resumed.status == 0 && resumed.errors.contains("resuming after "))
    #expect(try folder.bytes("resumed.safetensors") == folder.bytes("whole.safetensors"))
    #expect(folder.names == ["data", "resumed.safetensors", "whole.safetensors"], "the checkpoint is removed")
  }

  /// `timeout` sends two signals in quick succession: to its child and to the process group.
  @Test(arguments: ["0", "2"]) func timeoutCommandEndsTrainingCleanly(workers: String) throws {
    let run = try AtelierProcess.Started(
      ["2", AtelierProcess.executable.path] + cnn("a.safetensors") + ["--workers", workers], in: folder,
      executable: URL(fileURLWithPath: "/usr/bin/timeout")
    ).wait()
    #expect(run.status == 124 && run.errors.contains("resume with: atelier train cnn --resume"), "\(run.errors)")
    #expect(folder.names == ["a.checkpoint.safetensors", "data"])
  }

  @Test func signalsInQuickSuccessionCountAsOne() throws {
    let started = try AtelierProcess.Started(cnn("a.safetensors"), in: folder)
    try waitUntil { folder.names.contains("a.checkpoint.safetensors") }
    for signal in [SIGTERM, SIGTERM, SIGINT, SIGHUP] { kill(started.process.processIdentifier, signal) }
    let stopped = try started.wait()
    #expect([129, 130, 143].contains(stopped.status) && stopped.errors.contains("resume with: "), "\(stopped.errors)")
  }

  /// The worker is suspended, so that a clean end takes some seconds.
  @Test func laterSignalEndsAtOnce() throws {
    let started = try AtelierProcess.Started(cnn("a.safetensors") + ["--workers", "1"], in: folder)
    try waitUntil { folder.names.contains("a.checkpoint.safetensors") && started.process.children.count == 1 }
    let worker = started.process.children[0]
    defer { kill(worker, SIGKILL) }
    kill(worker, SIGSTOP)
    kill(started.process.processIdentifier, SIGTERM)
    usleep(2_200_000)
    try #require(started.process.isRunning)
    kill(started.process.processIdentifier, SIGTERM)
    let stopped = try started.wait()
    #expect(stopped.status == 143 && !stopped.errors.contains("resume with: "), "\(stopped.errors)")
  }

  @Test func nohupKeepsTrainingAlive() throws {
    let started = try AtelierProcess.Started(
      [AtelierProcess.executable.path] + cnn("a.safetensors", epochs: 2500), in: folder,
      executable: URL(fileURLWithPath: "/usr/bin/nohup"))
    try waitUntil { folder.names.contains("a.checkpoint.safetensors") }
    kill(started.process.processIdentifier, SIGHUP)
    let ended = try started.wait()
    #expect(ended.status == 0 && folder.names.contains("a.safetensors"), "\(ended.errors)")
  }

  /// Standard error has no reader any more once the terminal is closed.
  @Test func closedTerminalKeepsCheckpoint() throws {
    let script =
      "\"$ATELIER\" \(cnn("a.safetensors").joined(separator: " ")) 2>&1 & echo $! > pid; wait $!; echo $? > status"
    let started = try AtelierProcess.Started(
      ["-c", "{ \(script); } | true"], in: folder, environment: ["ATELIER": AtelierProcess.executable.path],
      executable: URL(fileURLWithPath: "/bin/sh"))
    try waitUntil { folder.names.contains("a.checkpoint.safetensors") }
    let process = try #require(pid_t(String(decoding: folder.bytes("pid"), as: UTF8.self).dropLast()))
    kill(process, SIGHUP)
    _ = try started.wait()
    #expect(try String(decoding: folder.bytes("status"), as: UTF8.self) == "129\n")
    #expect(!folder.names.contains("a.safetensors") && folder.names.contains("a.checkpoint.safetensors"))
  }

  @Test func closedTerminalStopsSweep() throws {
    let sweep = ["sweep", "cnn", "--filters", "8;8,16", "--epochs", "5,100000", "--batch", "16", "--dense", "16"]
    let started = try AtelierProcess.Started(sweep + ["--data", data], in: folder)
    try waitUntil { (try? runs().contains("running")) == true }
    kill(started.process.processIdentifier, SIGHUP)
    let stopped = try started.wait()
    #expect(stopped.status == 129 && stopped.errors.contains("atelier sweep --resume"), "\(stopped.errors)")
  }

  /// A killed process cannot print how to resume.
  @Test(arguments: [(SIGINT, Int32(130)), (SIGKILL, -SIGKILL)])
  func stoppedForestResumesToSameBytes(signal: Int32, status: Int32) throws {
    let arguments = ["train", "forest", "--data", data, "--trees", "60000"]
    try AtelierProcess(arguments + ["--output", "whole.safetensors"], in: folder)
    let started = try AtelierProcess.Started(arguments + ["--output", "resumed.safetensors"], in: folder)
    try waitUntil { folder.names(in: "resumed.parts").contains { $0.hasSuffix(".part") } }
    kill(started.process.processIdentifier, signal)
    let stopped = try started.wait()
    #expect(stopped.status == status && stopped.output.isEmpty)
    if signal == SIGINT {
      #expect(stopped.errors.contains("resume with: atelier train forest --resume resumed.parts --data \(data)\n"))
    }
    // A killed process leaves its lock file, which the next process takes over.
    #expect(
      folder.names.filter { $0 != "resumed.safetensors.lock" } == ["data", "resumed.parts", "whole.safetensors"])
    let resumed = try AtelierProcess(
      ["train", "forest", "--data", data, "--resume", "resumed.parts"], in: folder)
    #expect(resumed.status == 0)
    #expect(try folder.bytes("resumed.safetensors") == folder.bytes("whole.safetensors"))
    #expect(folder.names == ["data", "resumed.safetensors", "whole.safetensors"], "the parts are removed")
  }

  /// Evaluating the many test images takes long enough to kill the process meanwhile.
  @Test(arguments: ["cnn", "forest", "knn"]) func savesModelBeforeEvaluation(kind: String) throws {
    let data = try TinyData.write(into: folder, test: 60_000)
    let options =
      ["cnn": ["--epochs", "1", "--filters", "64,64"], "forest": ["--trees", "2000", "--max-depth", "3"]][kind] ?? []
    let started = try AtelierProcess.Started(
      ["train", kind, "--data", data, "--output", "a.safetensors", "--threads", "1"] + options, in: folder)
    try waitUntil { folder.names.contains("a.safetensors") }
    kill(started.process.processIdentifier, SIGKILL)
    #expect(try started.wait().status == -SIGKILL)
    let saved = try SavedModel(path: folder.file("a.safetensors"))
    #expect(saved.metadata.kind.rawValue == kind && saved.metadata.testAccuracy == nil)
  }

  @Test func unfinishedForestResumesUnderAnotherName() throws {
    let arguments = ["train", "forest", "--data", data, "--trees", "60000"]
    let started = try AtelierProcess.Started(arguments + ["--output", "a.safetensors"], in: folder)
    try waitUntil { folder.names(in: "a.parts").contains { $0.hasSuffix(".part") } }
    started.process.interrupt()
    try #require(started.wait().status == 130)
    let resumed = try AtelierProcess(
      ["train", "forest", "--data", data, "--resume", "a.parts", "--output", "b.safetensors"], in: folder)
    #expect(resumed.status == 0, "\(resumed.errors)")
    #expect(folder.names == ["b.safetensors", "data"])
    #expect(try SavedModel(path: folder.file("b.safetensors")).metadata.settings["trees"] == "60000")
  }

  /// Other trainings neither remove the parts of an unfinished one nor continue them.
  @Test func partsBelongToTheirTraining() throws {
    let started = try AtelierProcess.Started(
      ["train", "forest", "--data", data, "--trees", "60000", "--output", "a.safetensors"], in: folder)
    try waitUntil { folder.names(in: "a.parts").contains { $0.hasSuffix(".part") } }
    started.process.interrupt()
    try #require(started.wait().status == 130)
    let parts = folder.names(in: "a.parts")
    for model in [["tree"], ["knn"], ["forest", "--trees", "1"], ["cnn", "--filters", "4", "--epochs", "1"]] {
      let run = try AtelierProcess(["train"] + model + ["--data", data, "--output", "a.safetensors"], in: folder)
      #expect(run.status == 0 && folder.names(in: "a.parts") == parts, "\(model): \(run.errors)")
    }
    for (arguments, status, reason) in [
      (["extra-trees", "--resume", "a.parts"], Int32(64), "a.parts is an unfinished training of a random forest, not"),
      (["cnn", "--resume", "a.parts"], 64, "a.parts is an unfinished training of a random forest, not of a convo"),
    ] {
      let run = try AtelierProcess(["train"] + arguments + ["--data", data], in: folder)
      #expect(run.status == status && run.errors.contains(reason), "\(run.errors)")
    }
    let settings = folder.file("a.parts/settings.json")
    try String(contentsOfFile: settings, encoding: .utf8).replacing("60000", with: "60001")
      .write(toFile: settings, atomically: true, encoding: .utf8)
    for arguments in [["forest", "--resume", "a.parts"], ["--resume", "a.parts/"]] {
      let run = try AtelierProcess(["train"] + arguments + ["--data", data], in: folder)
      #expect(run.status == 65 && run.errors.contains("its settings were changed"), "\(run.errors)")
    }
    try FileManager.default.removeItem(atPath: settings)
    let run = try AtelierProcess(["train", "--resume", "a.parts", "--data", data], in: folder)
    #expect(run.status == 65 && run.errors.contains("a.parts/settings.json") && run.errors.contains("it is missing"))
  }

  @Test func forestStoppedBeforeFirstTreesLeavesNoFiles() throws {
    let started = try AtelierProcess.Started(
      ["train", "forest", "--data", data, "--trees", "100000"], in: folder)
    try waitUntil { started.errorsSoFar.contains("instruction set") }
    kill(started.process.processIdentifier, SIGINT)
    let stopped = try started.wait()
    #expect(stopped.status == 130 && stopped.output.isEmpty)
    #expect(stopped.errors.hasSuffix("stopped by SIGINT (Ctrl-C) before the end\n"))
  }

  @Test func stoppedBenchmarkStopsItsProcesses() throws {
    let started = try AtelierProcess.Started(
      ["benchmark", "--data", data, "--models", "cnn", "--epochs", "100000"], in: folder)
    try waitUntil { started.errorsSoFar.contains("1 of 3") }
    usleep(200_000)
    kill(started.process.processIdentifier, SIGINT)
    #expect(try started.wait().status == 130)
  }

  // MARK: Record of runs

  private func runs(_ words: String...) throws -> String { try AtelierProcess(["runs"] + words, in: folder).output }

  /// The record exists from the start of the run, even if the process is killed.
  @Test func recordsInterruptedRun() throws {
    for signal in [SIGINT, SIGKILL] {
      let started = try AtelierProcess.Started(Array(cnn("").dropLast(2)), in: folder)
      try waitUntil { (try? runs("show", "latest").contains("running")) == true }
      kill(started.process.processIdentifier, signal)
      _ = try started.wait()
      let run = try runs("show", "latest")
      #expect(run.contains("interrupted") && run.contains("filters 8,16"), "\(run)")
      #expect(try AtelierProcess(["runs", "remove", "latest"], in: folder).status == 0)
    }
  }

  @Test func recordsReasonOfFailure() throws {
    let failed = try AtelierProcess(["train", "knn", "--data", data, "--neighbors", "1000"], in: folder)
    #expect(failed.status == 64)
    let run = try runs("show", "latest")
    #expect(run.contains("failed: ") && run.contains("there are only 90 training images"), "\(run)")
    let missing = try AtelierProcess(["runs", "show", "2001"], in: folder)
    #expect(missing.status == 66 && missing.errors.contains("there is no run"))
  }

  @Test func doesNotRemoveActiveRun() throws {
    let started = try AtelierProcess.Started(Array(cnn("").dropLast(2)), in: folder)
    defer { kill(started.process.processIdentifier, SIGKILL) }
    try waitUntil { (try? runs().contains("running")) == true }
    let removed = try AtelierProcess(["runs", "remove", "latest"], in: folder)
    #expect(removed.status == 75 && removed.errors.contains("still running"))
  }

  // MARK: Mismatched checkpoints

  @Test func refusesCheckpointOfOtherData() throws {
    let other = try TemporaryFolder()
    let otherData = try TinyData.write(into: other, train: 60)
    try interruptedCheckpoint()
    let run = try AtelierProcess(
      ["train", "cnn", "--data", otherData, "--resume", "a.checkpoint.safetensors"], in: folder)
    #expect(
      run.status == 65
        && run.errors.contains("a.checkpoint.safetensors is not a file that Atelier can use: it belongs to other data"))
  }

  @Test func distinguishesModelFromCheckpoint() throws {
    try interruptedCheckpoint()
    let evaluated = try AtelierProcess(["evaluate", "a.checkpoint.safetensors", "--data", data], in: folder)
    #expect(evaluated.status == 65 && evaluated.errors.contains("`atelier train cnn --resume` resumes it"))
    try AtelierProcess(["train", "tree", "--data", data, "--output", "tree"], in: folder)
    let resumed = try AtelierProcess(["train", "cnn", "--data", data, "--resume", "tree"], in: folder)
    #expect(resumed.status == 65 && resumed.errors.contains("it is not the checkpoint of an unfinished training"))
  }

  private func interruptedCheckpoint() throws {
    let started = try AtelierProcess.Started(cnn("a.safetensors"), in: folder)
    try waitUntil { folder.names.contains("a.checkpoint.safetensors") }
    started.process.interrupt()
    try #require(started.wait().status == 130)
  }
}

import Foundation
import Testing

/// Resuming stopped and killed sweeps.
extension SweepTests {
  @Test(arguments: ["joined: ", "best so far: "]) func killedSweepResumes(after line: String) throws {
    _ = try search(Self.long)
    let whole = try scores(runs[0])
    // A loaded machine may show the line only when the sweep has just ended; then another one is killed.
    var isInterrupted = false
    while !isInterrupted && runs.count < 9 {
      let run = try start(Self.long + ["--workers", "2"])
      // A sweep can be resumed once it is recorded.
      try run.waitUntil {
        run.errorsSoFar.contains(line) && (try? AtelierProcess(["runs"], in: folder).output.contains("running")) == true
      }
      kill(run.process.processIdentifier, SIGKILL)
      #expect(try run.wait().status == -SIGKILL)
      isInterrupted = try AtelierProcess(["runs"], in: folder).output.contains("interrupted")
    }
    try #require(isInterrupted)
    let resumed = try search(["--resume", "latest"])
    #expect(resumed.errors.contains("fits loaded") == (line == "best so far: "))
    for run in runs { #expect(try scores(run) == whole) }
  }

  /// The sweep is killed twice, at the start of different rungs.
  @Test func killedHalvingResumes() throws {
    let options = [
      "cnn", "--filters", "4;8;8,16", "--batch", "16,30,45", "--dense", "16", "--halving", "epochs", "--min-resource",
      "40", "--max-resource", "360", "--no-refit",
    ]
    _ = try search(options)
    var command = options
    for line in ["best so far: ", "rung 2 of 3"] {
      let run = try start(command + ["--workers", "2"])
      try run.waitUntil { run.errorsSoFar.contains(line) }
      kill(run.process.processIdentifier, SIGKILL)
      let ended = try run.wait()
      #expect(ended.status == -SIGKILL, "\(ended.errors)")
      command = ["--resume", "latest"]
    }
    let resumed = try search(command)
    #expect(resumed.errors.contains("fits loaded"))
    #expect(runs.count == 2)
    let tables = try runs.map { try scores($0) }
    #expect(tables[0] == tables[1])
    #expect(String(decoding: tables[0], as: UTF8.self).split(separator: "\r\n").count == 1 + 9 + 3 + 1)
  }

  @Test func stoppedSweepPrintsResumeCommand() throws {
    let run = try start(Self.long + ["--events", folder.file("e.jsonl"), "--workers", "2"])
    try run.waitUntil { run.errorsSoFar.contains("best so far: ") }
    kill(run.process.processIdentifier, SIGINT)
    let ended = try run.wait()
    #expect(ended.status == 130)
    let line = try #require(
      ended.errors.split(separator: "\n").first { $0.contains("resume with: atelier sweep --resume") })
    #expect(line.hasSuffix(" --workers 2"))
    let words = line.split(separator: " ").map(String.init)
    let resumed = try AtelierProcess(Array(words.drop { $0 != "sweep" }), in: folder)
    #expect(resumed.status == 0 && resumed.errors.contains("fits loaded"), "\(resumed.errors)")
    let events = String(decoding: try folder.bytes("e.jsonl"), as: UTF8.self).split(separator: "\n").compactMap {
      (try? JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])?["sweep"] as? [String: Any]
    }
    let running = try #require(events.last?["running"] as? Int)
    #expect(events.last?["configurations"] as? Int == 8 && (1...8).contains(running), "\(events)")
  }

  @Test func stoppedRefitResumes() throws {
    let options = ["cnn", "--filters", "8", "--dense", "16", "--batch", "16", "--epochs", "1000", "--hold-out", "0.9"]
    _ = try search(options)
    let run = try start(options)
    try run.waitUntil {
      runs.count == 2 && folder.names(in: "runs/\(runs[1])").contains("cnn.checkpoint.safetensors")
    }
    kill(run.process.processIdentifier, SIGINT)
    let ended = try run.wait()
    #expect(ended.status == 130 && !ended.errors.contains("train cnn --resume"), "\(ended.errors)")
    let resumed = try search(["--resume", "latest"])
    #expect(resumed.errors.contains("resuming after "))
    let models = try runs.map { try folder.bytes("runs/\($0)/cnn.safetensors") }
    #expect(models[0] == models[1])
    #expect(!folder.names(in: "runs/\(runs[1])").contains("cnn.checkpoint.safetensors"))
  }

  @Test func finishedSweepIsNotRepeated() throws {
    for kind in ["tree", "knn", "cnn"] {
      _ = try search(Self.searches[kind]! + ["--hold-out", "0.3"])
      let run = try #require(runs.last)
      let model = try folder.bytes("runs/\(run)/\(kind).safetensors")
      let again = try search(["--resume", run])
      #expect(again.errors.contains("the best configuration is already fitted"), "\(again.errors)")
      let shown = try AtelierProcess(["runs", "show", run], in: folder).output
      #expect(shown.components(separatedBy: "digest").count == 2, "one model: \(shown)")
      try FileManager.default.removeItem(atPath: folder.file("runs/\(run)/\(kind).safetensors"))
      _ = try search(["--resume", run])
      #expect(try folder.bytes("runs/\(run)/\(kind).safetensors") == model)
      #expect(
        try AtelierProcess(["runs", "show", run], in: folder).output.components(separatedBy: "digest").count == 2)
    }
  }

  private func writeSeveralSweeps() throws {
    try folder.write(
      """
      model: tree
      space: {max-depth: [1, 2]}
      ---
      model: cnn
      space: {filters: [[8], [8, 16]], epochs: [200], batch: [16]}
      refit: false
      ---
      model: tree
      space: {max-depth: 3}
      """, to: "several sweeps.yaml")
  }

  @Test func stoppedSweepPrintsCommandForRestOfFile() throws {
    try writeSeveralSweeps()
    let run = try start(["several sweeps.yaml"])
    try run.waitUntil { run.errorsSoFar.contains("best so far: ") && runs.count == 2 }
    kill(run.process.processIdentifier, SIGINT)
    let ended = try run.wait()
    #expect(ended.status == 130 && ended.output.contains("max-depth"), "the first table is printed when it is complete")
    #expect(
      ended.errors.contains(
        "run the remaining sweeps with: atelier sweep 'several sweeps.yaml' --from 3 --data \(data)\n"))
    let rest = try search(["several sweeps.yaml", "--from", "3"])
    #expect(rest.output.contains("1 configuration in"))
    #expect(try start(["several sweeps.yaml", "--from", "4"]).wait().status == 64)
  }

  @Test func resumedSweepPrintsCommandForRestOfFile() throws {
    try writeSeveralSweeps()
    let run = try start(["several sweeps.yaml"])
    try run.waitUntil { run.errorsSoFar.contains("with batch 16") }
    kill(run.process.processIdentifier, SIGKILL)
    #expect(try run.wait().status == -SIGKILL)
    try #require(runs.count == 2)
    let advice = "run the remaining sweeps with: atelier sweep 'several sweeps.yaml' --from 3 --data \(data)\n"
    #expect(try search(["--resume", "latest", "--quiet"]).errors.hasSuffix(advice))
    #expect(try search(["--resume", runs[1]]).errors.hasSuffix(advice), "until the rest is started")
    let others = [
      ["--resume", runs[0]], ["several sweeps.yaml", "--from", "3"], ["--resume", runs[1]], ["--resume", "latest"],
    ]
    for words in others { #expect(try !search(words).errors.contains("remaining sweeps"), "\(words)") }
    #expect(runs.count == 3)
  }

  /// Options of the command line apply to all sweeps of the file, and are stored with the runs.
  @Test func optionsOverrideFile() throws {
    let space = "model: tree\nspace: {max-depth: [1, 2, 3, 4], criterion: [gini, entropy]}\n"
    try folder.write("\(space)folds: 3\nseed: 1\n---\n\(space)strategy: random\n", to: "two.yaml")
    let options = ["--folds", "2", "--samples", "3", "--seed", "7", "--scoring", "f1_macro", "--no-refit"]
    _ = try search(["two.yaml"] + options)
    let inline = ["tree", "--max-depth", "1,2,3,4", "--criterion", "gini,entropy"]
    _ = try search(inline + options)
    #expect(try Set(runs.map { try scores($0) }).count == 1 && runs.count == 3)
    #expect(String(decoding: try scores(runs[0]), as: UTF8.self).contains("split1_test_score,"))
    try FileManager.default.removeItem(atPath: folder.file("runs/\(runs[0])/scores.csv"))
    _ = try search(["--resume", runs[0]])
    #expect(try scores(runs[0]) == scores(runs[1]), "the run contains the options of the command line")
  }

  @Test func commandForRestOfFileContainsOptions() throws {
    let sweeps = ["data", "nowhere"].map { "model: tree\nspace: {max-depth: [1, 2]}\ndata: \($0)\n" }
    try folder.write(sweeps.joined(separator: "---\n"), to: "two.yaml")
    let options = ["--samples", "1", "--no-refit", "--hold-out", "0.2"]
    let run = try AtelierProcess(["sweep", "two.yaml"] + options, in: folder)
    #expect(run.status == 66, "\(run.errors)")
    let resumed = try AtelierProcess(["sweep", "--resume", "latest"], in: folder)
    #expect(
      resumed.errors.hasSuffix("atelier sweep two.yaml --from 2 --hold-out 0.2 --samples 1 --no-refit\n"),
      "\(resumed.errors)")
  }

  @Test func refusesOptionsThatContradictFile() throws {
    try folder.write("model: tree\nspace: {max-depth: [1, 2]}\n", to: "s.yaml")
    for (options, reason) in [
      (["--factor", "3"], "--factor requires --halving"), (["--folds", "1"], "folds must be from 2 to 100, not 1"),
      (["--halving", "images"], "--halving requires --max-resource"),
      (["--samples", "2", "--max-resource", "9"], "--max-resource requires --halving"),
    ] {
      let run = try start(["s.yaml"] + options).wait()
      #expect(run.status == 64 && run.errors.contains(reason), "\(run.errors)")
    }
    let resumed = try start(["--resume", "latest", "--seed", "0"]).wait()
    #expect(resumed.status == 64 && resumed.errors.contains("leave out --seed"), "\(resumed.errors)")
  }

  /// The second sweep fails before it is recorded, as if the command had been killed between the two.
  @Test func printsCommandForRestOfFileThatNeverBegan() throws {
    let sweeps = ["data", "nowhere"].map { "model: tree\nspace: {max-depth: 1}\ndata: \($0)\n" }
    try folder.write(sweeps.joined(separator: "---\n"), to: "two.yaml")
    let run = try AtelierProcess(["sweep", "two.yaml"], in: folder)
    #expect(run.status == 66 && runs.count == 1, "\(run.errors)")
    let resumed = try AtelierProcess(["sweep", "--resume", "latest"], in: folder)
    #expect(resumed.status == 0)
    #expect(resumed.errors.hasSuffix("run the remaining sweeps with: atelier sweep two.yaml --from 2\n"))
  }

  @Test func refusesOptionsStoredInRun() throws {
    _ = try search(Self.searches["tree"]!)
    let table = try scores(runs[0])
    let contradictions = [
      ["--folds", "3"], ["--hold-out", "0.2"], ["--samples", "3"], ["--halving", "images"], ["--factor", "3"],
      ["--min-resource", "1"], ["--max-resource", "9"], ["--scoring", "accuracy"], ["--images", "10"], ["--seed", "0"],
      ["--refit"], ["--no-refit"], ["--max-depth", "3"],
    ]
    for words in contradictions {
      let run = try start(["tree", "--resume", "latest"] + words).wait()
      #expect(run.status == 64 && run.errors.contains("from the run; leave out \(words[0])\n"), "\(run.errors)")
    }
    let several = try start(["tree", "--resume", "latest", "--seed", "0", "--folds", "3"]).wait()
    #expect(several.status == 64 && several.errors.contains("leave out --folds, --seed\n"))
    let from = try start(["--resume", "latest", "--from", "1"]).wait()
    #expect(from.status == 64 && from.errors.contains("--from requires a sweep file"))
    let other = try start(["knn", "--resume", "latest"]).wait()
    #expect(other.status == 64)
    #expect(other.errors.contains("searched tree; resume it with: atelier sweep --resume \(runs[0])"))
    #expect(try scores(runs[0]) == table)
    // Options about workers and output can be given again.
    _ = try search([
      "tree", "--resume", "latest", "--threads", "2", "--workers", "1", "--workers-per-trial", "2", "--listen",
      "tcp://127.0.0.1:*", "--live", "0", "--top", "1", "--quiet", "--json", "found.json", "--events", "e.jsonl",
      "--report",
    ])
    #expect(folder.names.contains("found.json") && folder.names.contains("e.jsonl"))
    #expect(try scores(runs[0]) == table)
  }

  @Test func refusesToResumeWithOtherData() throws {
    _ = try search(Self.searches["tree"]!)
    let other = try TemporaryFolder()
    let data = try TinyData.write(into: other, train: 60)
    let run = try AtelierProcess(["sweep", "--resume", "latest", "--data", data], in: folder)
    #expect(run.status == 65 && run.errors.contains("is not the data set of run \(runs[0])"), "\(run.errors)")
    let renamed = try TinyData.write(into: other, classNames: ["cat", "hen", "yak"])
    let named = try AtelierProcess(["sweep", "--resume", "latest", "--data", renamed], in: folder)
    #expect(named.status == 65 && named.errors.contains("missing here: owl; unknown to run"), "\(named.errors)")
  }
}

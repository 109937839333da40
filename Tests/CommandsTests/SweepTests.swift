import Datasets
import Foundation
import Testing

/// The table of a sweep does not depend on its workers or their failures.
@Suite struct SweepTests {
  let folder: TemporaryFolder
  let data: String

  init() throws {
    folder = try TemporaryFolder()
    data = try TinyData.write(into: folder)
  }

  static let searches = [
    "forest": [
      "forest", "--trees", "100,700", "--criterion", "gini,entropy", "--min-samples-leaf", "1,2,3", "--max-depth",
      "2,none",
    ],
    "tree": ["tree", "--max-depth", "1,2,none", "--min-samples-leaf", "1,4"],
    "knn": ["knn", "--neighbors", "1,3,5", "--metric", "euclidean,cosine", "--weights", "uniform,distance"],
    "cnn": ["cnn", "--filters", "8;8,16", "--epochs", "10,20", "--batch", "16,30", "--dense", "16"],
  ]

  func start(_ arguments: [String]) throws -> AtelierProcess.Started {
    try AtelierProcess.Started(["sweep"] + arguments + ["--data", data], in: folder)
  }

  @discardableResult func search(_ arguments: [String]) throws -> AtelierProcess {
    let run = try start(arguments).wait()
    #expect(run.status == 0, "\(run.errors)")
    return run
  }

  /// The names of the runs, oldest first.
  var runs: [String] { folder.names(in: "runs").filter { !$0.hasPrefix("atelier.sqlite") } }

  func scores(_ run: String) throws -> Data { try folder.bytes("runs/\(run)/scores.csv") }

  /// Configurations of very different costs, so that some fits are finished long before the sweep ends.
  static let long = [
    "cnn", "--filters", "8;8,16", "--epochs", "20,500", "--batch", "16,30", "--dense", "16", "--no-refit",
  ]

  @Test(arguments: ["forest", "tree", "knn", "cnn"]) func resultIsIndependentOfWorkerCount(kind: String) throws {
    for workers in ["0", "1", "3"] { _ = try search(Self.searches[kind]! + ["--workers", workers, "--folds", "3"]) }
    let tables = try runs.map { try scores($0) }
    #expect(tables.count == 3 && Set(tables).count == 1)
    let models = try runs.map { try folder.bytes("runs/\($0)/\(kind).safetensors") }
    #expect(Set(models).count == 1)
  }

  /// With `--images`, a fit receives only the part of the images; when halving images, it receives all of them and a
  /// limit. Both give the same scores.
  @Test func searchesPartOfTheImages() throws {
    let options = ["cnn", "--filters", "4;8", "--epochs", "3", "--batch", "16", "--dense", "16", "--no-refit"]
    let part = options + ["--images", "31"]
    for workers in ["0", "2"] { _ = try search(part + ["--workers", workers]) }
    _ = try search(part + ["--workers", "2", "--threads", "2", "--workers-per-trial", "2"])
    _ = try search(options + ["--halving", "images", "--min-resource", "31", "--max-resource", "31"])
    _ = try search(options)
    // Halving adds two columns: the rung, and the number of images of each row.
    let tables = try runs.map { run in
      String(decoding: try scores(run), as: UTF8.self).split(separator: "\r\n").map { line in
        line.replacing("iter,n_resources,", with: "").replacing("0,31,", with: "", maxReplacements: 1)
      }
    }
    #expect(tables.count == 5 && Set(tables[..<4]).count == 1)
    #expect(tables[4] != tables[0])
  }

  /// The networks are trained by one process, one team, two teams, a team with too few workers, and two teams with a
  /// spare worker.
  @Test func resultIsIndependentOfTeams() throws {
    let options = Self.searches["cnn"]! + ["--no-refit", "--folds", "3"]
    _ = try search(options)
    for (workers, team) in [(0, 2), (2, 2), (4, 2), (2, 3), (5, 2)] {
      let threads = ["--threads", "\(max(1, workers))"]
      _ = try search(options + threads + ["--workers", "\(workers)", "--workers-per-trial", "\(team)"])
    }
    #expect(runs.count == 6)
    #expect(try Set(runs.map { try scores($0) }).count == 1)
  }

  /// The events show that at least two networks are trained at a time. A killed worker does not change the scores.
  @Test func teamSurvivesLossOfWorker() throws {
    let options = Self.long + ["--hold-out", "0.5"]
    _ = try search(options)
    let teams = ["--workers", "4", "--threads", "4", "--workers-per-trial", "2", "--events", folder.file("e.jsonl")]
    let run = try start(options + teams)
    try run.waitUntil { run.errorsSoFar.contains("best so far: ") }
    let workers = run.process.children
    try #require(workers.count == 4)
    kill(workers[1], SIGKILL)
    let ended = try run.wait()
    #expect(ended.status == 0 && ended.errors.contains("lost: "), "\(ended.errors)")
    #expect(try scores(runs[0]) == scores(runs[1]))
    let activities = String(decoding: try folder.bytes("e.jsonl"), as: UTF8.self).split(separator: "\n").compactMap {
      let event = try? JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any]
      return (event?["workers"] as? [[String: Any]])?.compactMap { $0["activity"] as? String }
    }
    let numbers = activities.map { Set($0.compactMap { $0.hasPrefix("number ") ? $0.prefix { $0 != ":" } : nil }) }
    #expect(numbers.contains { $0.count >= 2 }, "\(activities)")
  }

  /// The other configurations have scores, and the table equals that of one process.
  @Test func failedTrainingIsARow() throws {
    let options = [
      "cnn", "--filters", "8;8,8,8,8,8", "--learning-rate", "0.01,1e30", "--epochs", "5", "--batch", "16", "--dense",
      "16", "--no-refit", "--hold-out", "0.3",
    ]
    _ = try search(options)
    _ = try search(options + ["--workers", "3", "--threads", "3", "--workers-per-trial", "2"])
    let tables = try runs.map { String(decoding: try scores($0), as: UTF8.self) }
    #expect(tables[0] == tables[1])
    let rows = tables[0].split(separator: "\r\n").dropFirst()
    #expect(rows.count == 4 && rows.contains { $0.contains("diverged") } && rows.contains { !$0.contains("diverged") })
  }

  /// A limit on file sizes simulates a disk without space for the state of the larger network.
  @Test func fullDiskMakesRankingIncomplete() throws {
    let script =
      "trap '' XFSZ; ulimit -f 600; exec \"$ATELIER\" sweep cnn --filters 4 --dense '4;2048' --epochs 30 --batch 16 "
      + "--no-refit --hold-out 0.3 --data data --workers 2 --threads 2 --workers-per-trial 2"
    let run = try folder.shell(script)
    #expect(run.status == 69, "\(run.errors)")
    #expect(run.errors.contains("continues without a new checkpoint: cannot write"), "\(run.errors)")
    #expect(run.errors.contains("is incomplete: 1 of 2 rows"), "\(run.errors)")
    #expect(run.errors.contains("retry the missing ones with: atelier sweep --resume \(runs[0])"), "\(run.errors)")
    #expect(run.output.contains("dense"), "the best of the others is reported")
    let rows = String(decoding: try scores(runs[0]), as: UTF8.self).split(separator: "\r\n").dropFirst()
    #expect(rows.count == 2 && rows.count { $0.contains("File too large") } == 1, "\(rows)")
    // The resumed run has enough space and adds the missing row.
    _ = try search(["--resume", "latest"])
    let resumed = String(decoding: try scores(runs[0]), as: UTF8.self).split(separator: "\r\n").dropFirst()
    #expect(resumed.count == 2 && !resumed.contains { $0.contains("File too large") }, "\(resumed)")
  }

  @Test func warnsWhenSpaceHasFewerConfigurationsThanSamples() throws {
    try folder.write(
      "model: tree\nspace: {max-depth: {low: 1, high: 3}}\nstrategy: random\nsamples: 50\nrefit: false\n", to: "s.yaml")
    let run = try search(["s.yaml"])
    #expect(run.errors.contains("warning: the search space has only 3 distinct configurations"), "\(run.errors)")
    #expect(run.output.contains("3 configurations in"))
  }

  /// The third class has only one image, but each of the three folds needs one.
  @Test func warnsOfClassesTooSmallForSplits() throws {
    let labels = (0..<30).map { UInt8($0 < 29 ? $0 % 2 : 2) }
    try IDX.write(dimensions: [30], elements: labels, to: "\(data)/train-labels-idx1-ubyte")
    try IDX.write(
      dimensions: [30, 8, 8], elements: (0..<30).flatMap(TinyData.image), to: "\(data)/train-images-idx3-ubyte")
    let folds = try search(["tree", "--max-depth", "1", "--folds", "3", "--no-refit"])
    #expect(folds.errors.contains("fewer training images than the 3 folds"), "\(folds.errors)")
    #expect(folds.errors.components(separatedBy: ": owl (1 image)\n").count == 2, "\(folds.errors)")
    let holdOut = try search(["tree", "--max-depth", "1", "--hold-out", "0.3", "--no-refit"])
    #expect(holdOut.errors.contains("hold-out fraction of 0.3, so none of their images is held out: owl (1 image)\n"))
    let network = try AtelierProcess(
      ["train", "cnn", "--filters", "4", "--epochs", "1", "--batch", "10", "--shards", "1", "--data", data, "-o", "m"],
      in: folder)
    #expect(network.status == 0 && network.errors.contains("a hold-out fraction of 0.05,"), "\(network.errors)")
  }

  @Test func halvingIsIndependentOfWorkerCount() throws {
    let options = [
      "cnn", "--filters", "4;8;8,16", "--batch", "16,30,45", "--halving", "epochs", "--max-resource", "9", "--hold-out",
      "0.3", "--no-refit",
    ]
    for workers in ["0", "2"] { _ = try search(options + ["--workers", workers]) }
    // One team, and two teams whose networks may belong to different rungs.
    for workers in ["2", "4"] {
      _ = try search(options + ["--workers", workers, "--threads", workers, "--workers-per-trial", "2"])
    }
    let tables = try runs.map { try scores($0) }
    #expect(tables.count == 4 && Set(tables).count == 1)
    let lines = String(decoding: try scores(runs[0]), as: UTF8.self).split(separator: "\r\n")
    #expect(lines.count == 1 + 9 + 3 + 1)
  }

  /// With so many rungs, the images of the first jobs would be discarded if they were not kept.
  @Test func keepsImagesWhileNeeded() throws {
    let options = [
      "forest", "--criterion", "gini,entropy", "--min-samples-leaf", "1,2,3,4", "--halving", "trees", "--factor", "4",
      "--min-resource", "64", "--max-resource", "16384", "--no-refit",
    ]
    for workers in ["0", "3"] { _ = try search(options + ["--workers", workers]) }
    // A worker that joins late needs the images as well.
    let run = try start(options + ["--workers", "2"])
    try run.waitUntil { run.errorsSoFar.contains("rung 5 of 5 started: 16384 trees each") }
    let workers = run.process.children
    try #require(workers.count == 2)
    kill(workers[0], SIGKILL)
    let ended = try run.wait()
    #expect(ended.status == 0, "\(ended.errors)")
    let tables = try runs.map { try scores($0) }
    #expect(tables.count == 3 && Set(tables).count == 1)
  }

  /// Users start from the examples, so they must run; on these small images some configurations are impossible.
  @Test(arguments: ["forest", "extra-trees", "tree", "knn", "cnn", "linear", "random", "reference", "public-benchmark"])
  func examplesRun(name: String) throws {
    let path = URL(fileURLWithPath: #filePath).deletingLastPathComponent().path + "/../../deploy/examples/\(name).yaml"
    let run = try search([path])
    #expect(run.output.contains("configurations in") || run.output.contains("1 configuration in"))
  }

  @Test func listsComparesAndRemovesRuns() throws {
    _ = try search(Self.searches["tree"]!)
    _ = try search(["tree", "--max-depth", "1"])
    let names = runs
    let list = try AtelierProcess(["runs"], in: folder)
    #expect(list.status == 0 && names.allSatisfy { list.output.contains($0) })
    let shown = try AtelierProcess(["runs", "show", "latest"], in: folder).output
    #expect(shown.contains("digest"))
    let rows = shown.split(separator: "\n").map { $0.split(separator: " ").joined(separator: " ") }
    #expect(rows.contains("search tree") && rows.contains("max-depth 1") && rows.contains("strategy grid"), "\(shown)")
    let compared = try AtelierProcess(["runs", "compare", names[0], names[1]], in: folder).output
    #expect(compared.contains("max-depth") && !compared.contains("criterion"))
    #expect(try AtelierProcess(["runs", "remove", names[0]], in: folder).status == 0)
    #expect(runs == [names[1]])
    let missing = try AtelierProcess(["runs", "show", "nothing"], in: folder)
    #expect(missing.status == 66 && missing.errors.contains("there is no run"))
  }

  @Test func impossibleConfigurationIsARow() throws {
    let run = try search(["knn", "--neighbors", "3,5000", "--folds", "2"])
    #expect(run.output.contains("there are only"))
    #expect(String(decoding: try scores(runs[0]), as: UTF8.self).contains("failure"))
  }

  /// The memory for more neighbors than there are images is not the reason: no host could fit them.
  @Test func tooManyNeighborsAreARowWhateverTheMemory() throws {
    let run = try search(["knn", "--neighbors", "3,1000000000000", "--folds", "2"])
    #expect(run.status == 0 && run.output.contains("neighbors is 1000000000000, but there are only"), "\(run.errors)")
  }

  @Test func refusesInvalidSweeps() throws {
    for (options, reason) in [
      (["tree", "--criterion", "gni"], "--criterion must be gini or entropy, not \"gni\"; did you mean gini?"),
      (["knn", "--neighbors", ""], "neighbors has an empty value"),
      (["tree", "--max-depth", "3", "--max-resource", "9"], "--max-resource requires --halving"),
      (["tree", "--max-depth", "3", "--factor", "3"], "--factor requires --halving"),
      (["tree", "--max-depth", "3", "--min-resource", "1"], "--min-resource requires --halving"),
      (["tree", "--samples", "3", "--factor", "3"], "--factor requires --halving"),
      (["tree", "--samples", "many"], "--samples must be an integer, not \"many\""),
      (["cnn", "--halving", "epoch"], "--halving must be epochs, trees or images, not \"epoch\"; did you mean epo"),
      (["cnn", "--halving", "epochs", "--max-resource", "0"], "max-resource must be at least 1, not 0"),
      (
        ["forest", "--samples", "3", "--halving", "trees", "--max-resource", "9"],
        "--samples and --halving cannot be combined"
      ),
      (["forest", "--trees", "1.5"], "trees must be an integer from 1 to 100000, not \"1.5\""),
      (["cnn", "--epochs", "2.5"], "epochs must be an integer from 1 to 100000, not \"2.5\""),
    ] {
      let run = try start(options).wait()
      #expect(run.status == 64 && run.errors.contains(reason), "\(run.errors)")
    }
    #expect(runs.isEmpty)
    let run = try start(["knn", "--neighbors", "5000,6000"]).wait()
    #expect(run.status == 64 && run.errors.contains("no configuration has a score"), "\(run.errors)")
    #expect(run.output.contains("there are only"), "the table is printed nevertheless")
  }
}

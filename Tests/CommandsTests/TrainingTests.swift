import Datasets
import Foundation
import Models
import Testing

/// The commands that train, evaluate, predict and benchmark.
@Suite struct TrainingTests {
  let folder: TemporaryFolder
  let data: String

  init() throws {
    folder = try TemporaryFolder()
    data = try TinyData.write(into: folder)
  }

  static let kinds = ["cnn", "forest", "tree", "knn"]

  /// Returns options for a fast fit of the tiny data set.
  private func fast(_ kind: String) -> [String] {
    switch kind {
    case "cnn": ["--filters", "4,8", "--dense", "8", "--epochs", "2", "--batch", "16", "--shards", "4"]
    case "forest": ["--trees", "7"]
    default: []
    }
  }

  @discardableResult private func train(
    _ kind: String, to file: String, _ options: [String] = [], environment: [String: String] = [:]
  ) throws -> AtelierProcess {
    let run = try AtelierProcess(
      ["train", kind, "--data", data, "--output", folder.file(file)] + fast(kind) + options, in: folder,
      environment: environment)
    try #require(run.status == 0, "\(run.errors)")
    return run
  }

  @Test(arguments: kinds) func evaluationReproducesStoredAccuracy(kind: String) throws {
    let trained = try train(kind, to: "a.safetensors", ["--json", folder.file("a.json")])
    let report = try #require(
      JSONSerialization.jsonObject(with: folder.bytes("a.json")) as? [String: Any])
    let saved = try SavedModel(path: folder.file("a.safetensors"))
    #expect(report["digest"] as? String == saved.digest)
    #expect(trained.output.contains(" \(saved.digest)\n") && trained.output.contains("\ndigest  "))
    #expect(
      (report["outOfBagAccuracy"] != nil) == (kind == "forest")
        && trained.output.contains("out of bag") == (kind == "forest"))
    #expect(saved.metadata.classNames == ["cat", "hen", "owl"])
    #expect(saved.metadata.dataDigest == report["dataDigest"] as? String)

    let evaluated = try AtelierProcess(
      ["evaluate", folder.file("a.safetensors"), "--data", data, "--json", folder.file("e.json")], in: folder)
    try #require(evaluated.status == 0, "\(evaluated.errors)")
    let evaluation = try #require(JSONSerialization.jsonObject(with: folder.bytes("e.json")) as? [String: Any])
    let accuracy = try #require((evaluation["evaluation"] as? [String: Any])?["accuracy"] as? Double)
    #expect(accuracy == saved.metadata.testAccuracy && accuracy == report["testAccuracy"] as? Double)
    #expect(evaluated.output.contains("weighted average"))
    #expect(!evaluated.errors.contains("warning"))
    if kind != "cnn" { #expect(accuracy > 0.9, "the classes are easy to distinguish") }
  }

  @Test(arguments: kinds) func modelIsIndependentOfThreadCountAndInstructionSet(kind: String) throws {
    try train(kind, to: "a", ["--threads", "1"])
    try train(kind, to: "b", ["--threads", "3"])
    try train(kind, to: "c", environment: ["ATELIER_ISA": "portable"])
    let bytes = try folder.bytes("a")
    #expect(try folder.bytes("b") == bytes && folder.bytes("c") == bytes)
  }

  @Test(arguments: kinds) func savesModelInFolderOfRunByDefault(kind: String) throws {
    let run = try AtelierProcess(["train", kind, "--data", data, "--json", "-"] + fast(kind), in: folder)
    let report = try #require(JSONSerialization.jsonObject(with: Data(run.output.utf8)) as? [String: Any])
    let file = try #require(report["file"] as? String)
    #expect(file.hasPrefix("runs/") && file.hasSuffix("/\(kind).safetensors"))
    #expect(FileManager.default.fileExists(atPath: folder.file(file)))
  }

  @Test func optionsReachSavedSettings() throws {
    try train(
      "forest", to: "a",
      [
        "--criterion", "entropy", "--max-depth", "3", "--max-features", "0.5", "--min-samples-split", "4",
        "--min-samples-leaf", "2", "--bootstrap", "false", "--seed", "9",
      ])
    #expect(
      try SavedModel(path: folder.file("a")).metadata.settings == [
        "trees": "7", "criterion": "entropy", "max-depth": "3", "max-features": "0.5", "min-samples-split": "4",
        "min-samples-leaf": "2", "bootstrap": "false", "seed": "9",
      ])
    try train("knn", to: "b", ["--neighbors", "3", "--metric", "manhattan", "--weights", "distance"])
    #expect(
      try SavedModel(path: folder.file("b")).metadata.settings == [
        "neighbors": "3", "metric": "manhattan", "weights": "distance", "components": "none", "whitening": "0.0",
      ])
    try train(
      "cnn", to: "c",
      [
        "--preset", "best", "--kernel", "1", "--padding", "valid", "--batch-norm", "false", "--dropout", "0.1",
        "--optimizer",
        "adamw", "--learning-rate", "0.002", "--schedule", "cosine", "--weight-decay", "0.01", "--label-smoothing",
        "0.1", "--augment", "flip,erase", "--validation", "0.2", "--patience", "1", "--weight-average", "0.5",
        "--mirror", "false", "--seed", "18446744073709551615",
      ])
    #expect(
      try SavedModel(path: folder.file("c")).metadata.settings == [
        "filters": "4,8", "kernel": "1", "padding": "valid", "batch-norm": "false", "dense": "8", "dropout": "0.1",
        "epochs": "2", "batch": "16", "shards": "4", "optimizer": "adamw", "learning-rate": "0.002",
        "schedule": "cosine", "weight-decay": "0.01", "label-smoothing": "0.1", "augment": "flip,erase",
        "validation": "0.2", "patience": "1", "weight-average": "0.5", "mirror": "false",
        "seed": "18446744073709551615",
      ])
  }

  @Test func predictionsNameClasses() throws {
    try train("tree", to: "tree.safetensors")
    for number in 0..<3 { try TinyData.writeImage(number, to: folder.file("\(number).png")) }
    let images = (0..<3).map { "\($0).png" }
    let text = try AtelierProcess(["predict", "tree.safetensors"] + images + ["--top", "1"], in: folder)
    #expect(text.output == "0.png  cat 100.0 %\n1.png  hen 100.0 %\n2.png  owl 100.0 %\n")
    let json = try AtelierProcess(["predict", "tree.safetensors"] + images + ["--json", "-"], in: folder)
    let predictions = try #require(JSONSerialization.jsonObject(with: Data(json.output.utf8)) as? [[String: Any]])
    #expect(predictions.map { $0["prediction"] as? String } == ["cat", "hen", "owl"])
    #expect(predictions.map { ($0["classes"] as? [[String: Any]])?.count } == [3, 3, 3])
  }

  /// With the largest images, the state of the network is far larger than the limit of a message.
  @Test func trainsLargestImagesOnAnyNumberOfWorkers() throws {
    let large = folder.file("large")
    try FileManager.default.createDirectory(atPath: large, withIntermediateDirectories: true)
    for prefix in ["train", "t10k"] {
      let pixels = (0..<2 * 512 * 512).map { UInt8(truncatingIfNeeded: $0 &* 37 >> 3) }
      try IDX.write(dimensions: [2, 512, 512], elements: pixels, to: "\(large)/\(prefix)-images-idx3-ubyte")
      try IDX.write(dimensions: [2], elements: [0, 1], to: "\(large)/\(prefix)-labels-idx1-ubyte")
    }
    let arguments = [
      "train", "cnn", "--data", large, "--filters", "4,8", "--dense", "16", "--epochs", "1", "--output",
    ]
    let run = try AtelierProcess(arguments + ["large.safetensors"], in: folder)
    #expect(run.status == 0, "\(run.errors)")
    #expect(try SavedModel(path: folder.file("large.safetensors")).metadata.imageShape.height == 512)
    let group = try AtelierProcess(arguments + ["group.safetensors", "--workers", "2"], in: folder)
    #expect(group.status == 0, "\(group.errors)")
    #expect(try folder.bytes("group.safetensors") == folder.bytes("large.safetensors"))
  }

  @Test func warnsWhenEvaluatingOnOtherData() throws {
    try train("tree", to: "tree.safetensors")
    let other = try TemporaryFolder()
    let otherData = try TinyData.write(into: other, train: 60)
    let run = try AtelierProcess(
      ["evaluate", folder.file("tree.safetensors"), "--data", otherData, "--quiet"], in: other)
    #expect(run.status == 0 && run.errors.hasPrefix("warning: the model was trained on another data set: data, "))
  }

  @Test func describesDataSet() throws {
    let text = try AtelierProcess(["data", "--data", data], in: folder)
    #expect(text.status == 0 && text.output.hasPrefix("data: 3 classes, images of 8x8\n"))
    let json = try AtelierProcess(["data", "--json", "-"], in: folder, environment: ["ATELIER_DATA": data])
    let summary = try #require(JSONSerialization.jsonObject(with: Data(json.output.utf8)) as? [String: Any])
    #expect(summary["classNames"] as? [String] == ["cat", "hen", "owl"])
  }

  @Test func quickstartTrainsAllModels() throws {
    let run = try AtelierProcess(["quickstart", "--data", data, "--json", folder.file("table.json")], in: folder)
    try #require(run.status == 0, "\(run.errors)")
    let lines = run.output.split(separator: "\n")
    #expect(lines.dropFirst().prefix(4).map { $0.prefix { $0 != " " } } == ["cnn", "forest", "knn", "tree"])
    let runFolder = try #require(folder.names(in: "runs").first { !$0.hasPrefix("atelier.sqlite") })
    let files = try FileManager.default.contentsOfDirectory(atPath: folder.file("runs/\(runFolder)")).sorted()
    #expect(files == (Self.kinds.map { "\($0).safetensors" } + ["quickstart.json", "report"]).sorted())
    #expect(try folder.bytes("runs/\(runFolder)/quickstart.json") == folder.bytes("table.json"))
    let record = try AtelierProcess(["runs", "show", "latest"], in: folder).output
    #expect(
      record.contains("finished") && record.components(separatedBy: "digest").count == 1 + 4, "one run: \(record)")
    for line in lines.dropFirst().prefix(4) {
      let kind = line.prefix { $0 != " " }
      let digest = try SavedModel(path: folder.file("runs/\(runFolder)/\(kind).safetensors")).digest
      #expect(line.contains(" \(digest.prefix(16)) ") && run.errors.contains("digest \(digest)\n"))
    }
  }

  @Test func benchmarkMeasuresClusterAndSweeps() throws {
    let run = try AtelierProcess(
      ["benchmark", "--cluster", "--data", data, "--repetitions", "1", "--json", folder.file("b.json")], in: folder)
    try #require(run.status == 0, "\(run.errors)")
    let results = try #require(JSONSerialization.jsonObject(with: folder.bytes("b.json")) as? [[String: Any]])
    for (name, isCompared) in [("grid of forests", true), ("sweep of 10000 trivial configurations", false)] {
      let result = try #require(results.first { $0["name"] as? String == name })
      #expect(result["median"] as? Double ?? 0 > 0 && (result["oneProcess"] != nil) == isCompared)
      #expect(run.output.contains(name))
    }
    #expect(!folder.names.contains("runs"), "benchmarks do not record runs")
  }

  /// Simulated workers compute one chunk at a time and are rarely idle.
  @Test func benchmarkSimulatesNearlyIdealWorkers() throws {
    let run = try AtelierProcess(["benchmark", "--simulate", "--json", folder.file("b.json")], in: folder)
    try #require(run.status == 0, "\(run.errors)")
    let results = try #require(JSONSerialization.jsonObject(with: folder.bytes("b.json")) as? [String: Any])
    let jobs = try #require(results["tasks"] as? [[String: Any]])
    #expect(jobs.count == 3)
    for job in jobs {
      let seconds = try #require(job["simulatedSeconds"] as? Double)
      let ideal = try #require(job["idealSeconds"] as? Double)
      #expect(seconds >= ideal && seconds < 1.1 * ideal, "\(job)")
    }
  }

  @Test func benchmarkMeasuresEachModelInSeparateProcess() throws {
    let run = try AtelierProcess(
      ["benchmark", "--data", data, "--models", "tree,knn", "--repetitions", "2", "--json", folder.file("b.json")],
      in: folder)
    try #require(run.status == 0, "\(run.errors)")
    #expect(run.output.split(separator: "\n").map { $0.prefix { $0 != " " } } == ["model", "tree", "knn"])
    let results = try #require(JSONSerialization.jsonObject(with: folder.bytes("b.json")) as? [[String: Any]])
    for result in results {
      let samples = try #require(result["samples"] as? [[String: Any]])
      #expect(samples.count == 2)
      #expect(
        samples.allSatisfy { ($0["fitSeconds"] as? Double ?? -1) >= 0 && ($0["peakBytes"] as? Int ?? 0) > 1 << 20 })
    }
  }
}

import Foundation
import Testing

/// Whoever does the work of a sweep, and whatever becomes of them: the same table.
@Suite struct SweepTests {
  let folder: TemporaryFolder
  let data: String

  init() throws {
    folder = try TemporaryFolder()
    data = try TinyData.write(into: folder)
  }

  private static let searches = [
    "forest": [
      "forest", "--trees", "100,700", "--criterion", "gini,entropy", "--min-samples-leaf", "1,2,3", "--max-depth",
      "2,none",
    ],
    "tree": ["tree", "--max-depth", "1,2,none", "--min-samples-leaf", "1,4"],
    "knn": ["knn", "--neighbors", "1,3,5", "--metric", "euclidean,cosine", "--weights", "uniform,distance"],
    "cnn": ["cnn", "--filters", "8;8,16", "--epochs", "10,20", "--batch", "16,30", "--dense", "16"],
  ]

  private func start(_ arguments: [String]) throws -> AtelierProcess.Started {
    try AtelierProcess.Started(["sweep"] + arguments + ["--data", data], in: folder)
  }

  private func search(_ arguments: [String]) throws -> AtelierProcess {
    let run = try start(arguments).wait()
    #expect(run.status == 0, "\(run.errors)")
    return run
  }

  /// Folders of runs, the oldest first.
  private var runs: [String] { folder.names(in: "runs").filter { !$0.hasPrefix("atelier.sqlite") } }

  private func scores(_ run: String) throws -> Data { try folder.bytes("runs/\(run)/scores.csv") }

  @Test(arguments: ["forest", "tree", "knn", "cnn"]) func anyNumberOfWorkersFindsTheSame(kind: String) throws {
    for workers in ["0", "1", "3"] { _ = try search(Self.searches[kind]! + ["--workers", workers, "--folds", "3"]) }
    let tables = try runs.map { try scores($0) }
    #expect(tables.count == 3 && Set(tables).count == 1)
    let models = try runs.map { try folder.bytes("runs/\($0)/\(kind).safetensors") }
    #expect(Set(models).count == 1)
  }

  @Test(arguments: [1, 2, 3]) func aKilledSweepGoesOn(moment: Int) throws {
    _ = try search(Self.searches["cnn"]! + ["--no-refit"])
    let whole = try scores(runs[0])
    let run = try start(Self.searches["cnn"]! + ["--workers", "2", "--no-refit"])
    usleep(UInt32(moment) * 300_000)
    kill(run.process.processIdentifier, SIGKILL)
    _ = try run.wait()
    let list = try AtelierProcess(["runs"], in: folder).output
    guard list.contains("interrupted") else { return }  // it was ready before, or had not begun
    let resumed = try search(["--resume", "latest"])
    #expect(!resumed.errors.contains("Error"))
    for run in runs { #expect(try scores(run) == whole) }
  }

  @Test func aStoppedSweepSaysHowToGoOn() throws {
    let run = try start(Self.searches["cnn"]! + ["--no-refit"])
    usleep(700_000)
    kill(run.process.processIdentifier, SIGINT)
    let ended = try run.wait()
    if ended.status == 0 { return }  // it was ready before
    #expect(ended.status == 130)
    let line = try #require(
      ended.errors.split(separator: "\n").first { $0.contains("go on with: atelier sweep --resume") })
    _ = try search(line.split(separator: " ").suffix(2).map(String.init))
  }

  @Test func halvingFindsTheSameOnAnyNumberOfWorkers() throws {
    let options = [
      "cnn", "--filters", "4;8;8,16", "--batch", "16,30,45", "--halving", "epochs", "--max-resource", "9", "--hold-out",
      "0.3",
      "--no-refit",
    ]
    for workers in ["0", "2"] { _ = try search(options + ["--workers", workers]) }
    #expect(try scores(runs[0]) == scores(runs[1]))
    let lines = String(decoding: try scores(runs[0]), as: UTF8.self).split(separator: "\r\n")
    #expect(lines.count == 1 + 9 + 3 + 1)
  }

  /// They are for people to start from, so they must work: here on small images, where some configurations cannot be.
  @Test(arguments: ["forest", "tree", "knn", "cnn", "random", "original", "public-benchmark"])
  func theExamplesRun(name: String) throws {
    let path = URL(fileURLWithPath: #filePath).deletingLastPathComponent().path + "/../../deploy/examples/\(name).yaml"
    let run = try search([path])
    #expect(run.output.contains("configurations in"))
  }

  @Test func runsAreListedComparedAndRemoved() throws {
    _ = try search(Self.searches["tree"]!)
    _ = try search(["tree", "--max-depth", "1"])
    let names = runs
    let list = try AtelierProcess(["runs"], in: folder)
    #expect(list.status == 0 && names.allSatisfy { list.output.contains($0) })
    #expect(try AtelierProcess(["runs", "show", "latest"], in: folder).output.contains("digest"))
    let compared = try AtelierProcess(["runs", "compare", names[0], names[1]], in: folder).output
    #expect(compared.contains("max-depth") && !compared.contains("criterion"))
    #expect(try AtelierProcess(["runs", "remove", names[0]], in: folder).status == 0)
    #expect(runs == [names[1]])
    let missing = try AtelierProcess(["runs", "show", "nothing"], in: folder)
    #expect(missing.status == 66 && missing.errors.contains("there is no run"))
  }

  @Test func aConfigurationThatCannotBeIsARow() throws {
    let run = try search(["knn", "--neighbors", "3,5000", "--folds", "2"])
    #expect(run.output.contains("there are only"))
    #expect(String(decoding: try scores(runs[0]), as: UTF8.self).contains("failure"))
  }

  @Test func anotherDataSetIsNotGoneOnWith() throws {
    _ = try search(Self.searches["tree"]!)
    let other = try TemporaryFolder()
    let data = try TinyData.write(into: other, train: 60)
    let run = try AtelierProcess(["sweep", "--resume", "latest", "--data", data], in: folder)
    #expect(run.status == 64 && run.errors.contains("other data"))
  }
}

import Foundation

/// The kinds of jobs of a coordinator, each as a command that takes about two seconds.
enum ChaosJob: String, CaseIterable, Sendable {
  /// Trees of a forest.
  case forest
  /// One network, trained by all workers together.
  case network
  /// Blocks of the predictions of a nearest-neighbor model.
  case predictions
  /// Independent fits of a successive-halving search.
  case sweep
  /// Networks of a sweep, each trained by a team of two workers.
  case teams

  private static let networkOptions = ["--filters", "8,16", "--dense", "16", "--batch", "16"]

  private var isSweep: Bool { self == .sweep || self == .teams }

  /// Writes the files that the command reads.
  func prepare(in folder: TemporaryFolder) throws {
    let isPrediction = self == .predictions
    _ = try TinyData.write(into: folder, train: isPrediction ? 6000 : 900, test: isPrediction ? 60_000 : 30)
    guard isPrediction else { return }
    let small = try TemporaryFolder()
    let data = try TinyData.write(into: small, train: 6000)
    try AtelierProcess(["train", "knn", "--data", data, "--output", folder.file("knn.safetensors")], in: folder)
  }

  /// The arguments that start the job from the beginning.
  var command: [String] {
    switch self {
    case .forest: ["train", "forest", "--data", "data", "--output", "a.safetensors", "--trees", "60000"]
    case .network:
      ["train", "cnn", "--data", "data", "--output", "a.safetensors", "--epochs", "100"] + Self.networkOptions
    case .predictions: ["evaluate", "knn.safetensors", "--data", "data", "--json", "a.json"]
    case .sweep:
      [
        "sweep", "forest", "--data", "data", "--criterion", "gini,entropy", "--min-samples-leaf", "1,2,3,4",
        "--halving", "trees", "--factor", "2", "--min-resource", "512", "--max-resource", "4096", "--no-refit",
      ]
    case .teams:
      [
        "sweep", "cnn", "--data", "data", "--filters", "8;8,16", "--epochs", "10,30", "--batch", "16,30", "--dense",
        "16", "--hold-out", "0.3", "--no-refit", "--workers-per-trial", "2",
      ]
    }
  }

  /// Returns the arguments that resume the job of a coordinator that has ended, or start it again if nothing was saved.
  func resumption(in folder: TemporaryFolder) throws -> [String] {
    switch self {
    case .forest where folder.names(in: "a.parts").contains("settings.json"):
      return ["train", "forest", "--data", "data", "--resume", "a.parts"]
    case .network where folder.names.contains("a.checkpoint.safetensors"):
      return ["train", "cnn", "--data", "data", "--resume", "a.checkpoint.safetensors"]
    case .sweep, .teams:
      let runs = try AtelierProcess(["runs"], in: folder).output
      guard runs.contains("interrupted") else { return command }
      return ["sweep", "--resume", "latest"] + (self == .teams ? ["--workers-per-trial", "2"] : [])
    default: return command
    }
  }

  /// Returns the bytes that must not depend on failures: the model, the evaluation, or the newest table of scores.
  func result(in folder: TemporaryFolder) throws -> Data {
    guard isSweep else { return try folder.bytes(self == .predictions ? "a.json" : "a.safetensors") }
    let run = folder.names(in: "runs").last { !$0.hasPrefix("atelier.sqlite") }
    return try folder.bytes("runs/\(run ?? "none")/scores.csv")
  }

  /// Removes the results, so that the same command can start again.
  func clear(_ folder: TemporaryFolder) throws {
    for name in folder.names where name.hasPrefix("a.") || name == "runs" {
      try FileManager.default.removeItem(atPath: folder.file(name))
    }
  }
}

internal import Foundation
internal import Selection

/// Measures searches by `atelier sweep` commands, in separate processes and a temporary folder.
struct SweepBenchmark {
  /// The options of the data set, valid in any folder.
  let dataArguments: [String]
  let threads: Int
  /// Polled while a command runs.
  let isStopped: () -> Bool

  /// The number of configurations in the grid of trees, none of which shares a fit with another.
  static let trivialCount = 10_000
  /// The number of values of each of two parameters.
  private static let trivialSide = 100

  /// The part of a sweep's JSON that is used.
  private struct SweepOutput: Decodable {
    let searchSeconds: Double
    let summary: SweepSummary
  }

  /// Returns the configurations of a grid of forests that are scored per second, by one process (0 workers) or by
  /// workers that share its threads.
  ///
  /// The grid has 48 configurations and needs 36 fits on 10,000 images, so that waiting for the last fit hardly counts.
  func gridSpeed(workers: Int) throws -> Double {
    try Self.inFolder { folder in
      let found = try search(
        [
          "forest", "--trees", "50,100", "--max-depth", "10,none", "--criterion", "gini,entropy",
          "--min-samples-leaf", "1,2,3,4,6,8", "--images", "10000", "--folds", "3", "--threads",
          "\(threads)", "--workers", "\(workers)",
        ] + dataArguments, in: folder)
      return Double(found.summary.rows.count) / found.searchSeconds
    }
  }

  /// Returns the seconds of a whole command, including tables, that scores ``trivialCount`` configurations of trees on
  /// eight images. Each has a separate fit and a separate row in the record.
  func trivialSeconds() throws -> Double {
    try Self.inFolder { folder in
      try Self.writeTinyData(to: "\(folder)/tiny")
      func list(from first: Int) -> String {
        (first..<first + Self.trivialSide).map(String.init).joined(separator: ",")
      }
      let start = ContinuousClock.now
      let found = try search(
        [
          "tree", "--min-samples-split", list(from: 2), "--min-samples-leaf", list(from: 1), "--hold-out", "0.5",
          "--data", "tiny", "--threads", "\(threads)",
        ], in: folder)
      let seconds = (ContinuousClock.now - start) / .seconds(1)
      guard found.summary.rows.count == Self.trivialCount else {
        throw BenchmarkError.configurationsMissing(Self.trivialCount - found.summary.rows.count)
      }
      return seconds
    }
  }

  /// - Throws: ``BenchmarkError/configurationsMissing(_:)`` if some have no score
  private func search(_ arguments: [String], in folder: String) throws -> SweepOutput {
    _ = try BenchmarkProcess.run(
      ["sweep"] + arguments + ["--no-refit", "--top", "1", "--quiet", "--json", "found.json"], in: folder,
      isStopped: isStopped)
    let found = try JSONDecoder().decode(
      SweepOutput.self, from: Data(contentsOf: URL(fileURLWithPath: "\(folder)/found.json")))
    let missing = found.summary.rows.count { $0.mean == nil }
    guard missing == 0 else { throw BenchmarkError.configurationsMissing(missing) }
    return found
  }

  private static func inFolder<Result>(_ body: (String) throws -> Result) throws -> Result {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("atelier-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    return try body(folder.path)
  }

  /// Writes eight training images of 2x2 pixels in two classes, and two test images, as IDX files.
  private static func writeTinyData(to folder: String) throws {
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    for (name, count) in [("train", UInt8(8)), ("t10k", 2)] {
      let pixels = (0..<count).flatMap { image in (0..<4).map { image % 2 * 200 + $0 } }
      let images: [UInt8] = [0, 0, 8, 3, 0, 0, 0, count, 0, 0, 0, 2, 0, 0, 0, 2] + pixels
      let labels: [UInt8] = [0, 0, 8, 1, 0, 0, 0, count] + (0..<count).map { $0 % 2 }
      try Data(images).write(to: URL(fileURLWithPath: "\(folder)/\(name)-images-idx3-ubyte"))
      try Data(labels).write(to: URL(fileURLWithPath: "\(folder)/\(name)-labels-idx1-ubyte"))
    }
  }
}

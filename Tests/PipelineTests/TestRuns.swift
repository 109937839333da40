import Cluster
import Compute
import Datasets
import Foundation
import Logging
import Models
import Pipeline
import Runs

/// Runs in a temporary folder, which is removed with this value.
final class TestRuns {
  let path: String
  var folders: RunFolders { RunFolders(base: "\(path)/runs") }

  init() throws {
    path = NSTemporaryDirectory() + "pipeline-test-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  /// Calls `body` with the data and a cluster of this process alone.
  func run<Result>(observer: RecordingObserver, _ body: (TrainingRun) throws -> Result) throws -> Result {
    let context = ComputeContext(threads: 1, instructionSet: .available.max()!)
    let cluster = try Cluster(ClusterSettings(threads: 1), on: context) { observer.log($0, .info) }
    defer { cluster.close() }
    return try body(
      TrainingRun(
        Self.dataset, source: DatasetSource("tiny"), on: cluster, context: context, folders: folders, observer: observer
      ))
  }

  /// Fits a model in a new folder of a run.
  /// - Returns: the path of the model
  func fit(_ settings: ModelSettings, observer: RecordingObserver) throws -> String {
    try folders.withNewFolder { folder in
      let path = "\(folder)/\(settings.kind.rawValue).safetensors"
      _ = try run(observer: observer) { try $0.fit(settings, savingTo: path) }
      return path
    }
  }

  func bytes(_ path: String) throws -> Data { try Data(contentsOf: URL(fileURLWithPath: path)) }

  /// Images of 8x8 pixels in three classes, each with bright rows in another place.
  static let dataset = Dataset(
    name: "tiny", classNames: ["cat", "hen", "owl"], train: images(0..<90), test: images(90..<120))

  private static func images(_ numbers: Range<Int>) -> LabeledImages {
    let pixels = numbers.flatMap { number in
      (0..<64).map { pixel -> UInt8 in
        let noise = (number * 7 + pixel * 13 + number * pixel) % 50
        return UInt8(pixel / 24 == number % 3 ? noise + 180 : noise)
      }
    }
    return LabeledImages(
      shape: ImageShape(height: 8, width: 8, channels: 1), pixels: pixels, labels: numbers.map { UInt8($0 % 3) })
  }
}

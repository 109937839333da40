internal import Foundation
internal import Models

/// The path of the checkpoint of a model's training, which is beside the model.
package enum CheckpointName {
  private static let checkpointEnding = ".checkpoint\(ModelFileName.ending)"

  package static func of(model path: String) -> String {
    ModelFileName.stem(of: path) + checkpointEnding
  }

  package static func model(_ checkpoint: String) -> String? {
    guard checkpoint.hasSuffix(checkpointEnding) else { return nil }
    return String(checkpoint.dropLast(checkpointEnding.count)) + ModelFileName.ending
  }

  /// Returns the path of the checkpoint in a run's folder, or the path itself if it is not a folder.
  package static func checkpoint(_ path: String) -> String {
    var information = stat()
    guard stat(path, &information) == 0, information.st_mode & S_IFMT == S_IFDIR else { return path }
    return "\(path)/\(ModelKind.cnn.rawValue)\(checkpointEnding)"
  }
}

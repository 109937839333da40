internal import ArgumentParser
internal import Files
internal import Foundation
internal import Models
internal import Pipeline

/// The option for the file of the fitted model.
struct OutputOptions: ParsableArguments {
  @Option(
    name: .shortAndLong,
    help: ArgumentHelp("File for the model (default: runs/<time>/<kind>.safetensors).", valueName: "file"),
    completion: .file(extensions: ["safetensors"]))
  var output: String?

  func validate() throws {
    if output == "-" {
      throw ValidationError(
        "--output must be a file; atelier export MODEL --output - writes a model to standard output")
    }
  }

  /// Calls `body` with the path of the model's file: the user's, or one in a new run folder. The file is locked
  /// meanwhile, so that no other process trains a model for it.
  /// - Parameter run: the name of the run; nil for the current time
  /// - Throws: ``FileError/notCreated(path:reason:)``; ``RunError`` if another process holds the lock; errors of `body`
  func withPath<Result>(
    _ kind: ModelKind, run: String? = nil, _ body: (String) throws -> Result
  ) throws -> Result {
    guard let output else {
      return try RunFolders.standard.withNewFolder(named: run) {
        StatusSocket.setFile($0)
        return try body("\($0)/\(kind.rawValue).safetensors")
      }
    }
    StatusSocket.setFile(output)
    try FileReplacement.check(output)
    return try RunFolders.standard.withLock(onModel: output) { try body(output) }
  }
}

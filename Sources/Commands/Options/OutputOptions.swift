internal import ArgumentParser
internal import Files
internal import Foundation
internal import Models

/// The option for the file of the fitted model.
struct OutputOptions: ParsableArguments {
  @Option(
    name: .shortAndLong,
    help: ArgumentHelp("File for the model (default: runs/<time>/<kind>.safetensors).", valueName: "file"),
    completion: .file(extensions: ["safetensors"]))
  var output: String?

  /// Calls `body` with the path of the model's file: the user's, or one in a new run folder. The file is locked
  /// meanwhile, so that no other process trains a model for it.
  /// - Throws: ``FileError/notCreated(path:reason:)``; ``RunError`` if another process holds the lock; errors of `body`
  func withPath<Result>(_ kind: ModelKind, _ body: (String) throws -> Result) throws -> Result {
    guard let output else {
      return try withRunFolder { try body("\($0)/\(kind.rawValue).safetensors") }
    }
    try FileReplacement.check(output)
    return try RunFolders.withLock(onModel: output) { try body(output) }
  }
}

/// Creates a folder `runs/<time>` for the results of one command, and locks it. It is removed if it stays empty.
///
/// - Throws: ``FileError/notCreated(path:reason:)``; errors of `body`
func withRunFolder<Result>(_ body: (_ path: String) throws -> Result) throws -> Result {
  let time = DateFormatter()
  time.locale = Locale(identifier: "en_US_POSIX")
  time.dateFormat = "yyyy-MM-dd-HHmmss"
  let name = "runs/" + time.string(from: Date())
  try makeFolder("runs", mayExist: true)
  var path = name
  var copies = 1
  // Two runs may begin within one second, and a recorded run keeps its name even if its folder was removed.
  while try RunFolders.isRecorded(String(path.dropFirst("runs/".count))) || !makeFolder(path, mayExist: copies < 1000) {
    copies += 1
    path = "\(name)-\(copies)"
  }
  // `rmdir` removes only empty folders.
  defer {
    rmdir(path)
    rmdir("runs")
  }
  return try RunFolders.withLock(on: String(path.dropFirst("runs/".count))) { try body(path) }
}

/// Returns false if the folder exists already.
@discardableResult private func makeFolder(_ path: String, mayExist: Bool) throws(FileError) -> Bool {
  if mkdir(path, 0o777) == 0 { return true }
  guard errno == EEXIST, mayExist else { throw .notCreated(path: path, reason: systemErrorText()) }
  return false
}

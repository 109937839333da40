internal import ArgumentParser
internal import Foundation
internal import Models

/// Where the fitted model goes.
struct OutputOptions: ParsableArguments {
  @Option(
    name: .shortAndLong,
    help: ArgumentHelp("The model's file (default: runs/<time>/<kind>.safetensors).", valueName: "file"),
    completion: .file(extensions: ["safetensors"]))
  var output: String?

  /// Does something with the path of the model's file: the one that the user names, or one in a run's own folder. No
  /// other process can train a model for the same file meanwhile.
  /// - Throws: ``FileError/notCreated(path:reason:)``; ``RunError`` if another process works on it; what `body` throws
  func withPath<Result>(_ kind: ModelKind, _ body: (String) throws -> Result) throws -> Result {
    guard let output else {
      return try withRunFolder { try body("\($0)/\(kind.rawValue).safetensors") }
    }
    try FileReplacement.check(output)
    return try RunFolders.withLock(onModel: output) { try body(output) }
  }
}

/// Makes a folder `runs/<time>` for what one command makes, and locks it. If nothing is put into it, it goes again.
///
/// - Throws: ``FileError/notCreated(path:reason:)``; what `body` throws
func withRunFolder<Result>(_ body: (_ path: String) throws -> Result) throws -> Result {
  let time = DateFormatter()
  time.locale = Locale(identifier: "en_US_POSIX")
  time.dateFormat = "yyyy-MM-dd-HHmmss"
  let name = "runs/" + time.string(from: Date())
  try makeFolder("runs", mayExist: true)
  var path = name
  var copies = 1
  // Two runs may begin within one second, and one whose folder is gone keeps its name.
  while try RunFolders.isRecorded(String(path.dropFirst("runs/".count))) || !makeFolder(path, mayExist: copies < 1000) {
    copies += 1
    path = "\(name)-\(copies)"
  }
  // Only empty folders can be removed this way.
  defer {
    rmdir(path)
    rmdir("runs")
  }
  return try RunFolders.withLock(on: String(path.dropFirst("runs/".count))) { try body(path) }
}

/// False if there is one already.
@discardableResult private func makeFolder(_ path: String, mayExist: Bool) throws(FileError) -> Bool {
  if mkdir(path, 0o777) == 0 { return true }
  guard errno == EEXIST, mayExist else { throw .notCreated(path: path, reason: String(cString: strerror(errno))) }
  return false
}

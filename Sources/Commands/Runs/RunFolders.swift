internal import Foundation
internal import Models
internal import Runs

/// The folder `runs`, where each run has a folder of its own beside the record of all.
enum RunFolders {
  static let base = "runs"

  static func path(_ name: String) -> String { "\(base)/\(name)" }

  /// The record, if there is one. To read it, no right to write is needed.
  /// - Throws: ``RunError``, if there is none or it cannot be read.
  static func record(for access: RunRecord.Access = .reading) throws(RunError) -> RunRecord {
    guard RunRecord.exists(in: base) else {
      throw RunError(
        "there is no \(base)/\(RunRecord.fileName) here: runs are recorded in the folder that they are started in",
        kind: .missing)
    }
    return try RunRecord(folder: base, for: access)
  }

  /// Whether the record has a run of this name, though its folder may be gone.
  static func isRecorded(_ name: String) -> Bool {
    // A record that cannot be read is no reason not to begin; who needs it will say so.
    RunRecord.exists(in: base) && (try? RunRecord(folder: base, for: .reading).contains(name)) ?? false
  }

  /// The run that a user names: by its name, its folder, how its name begins, or as `latest`.
  /// - Parameter isMeant: which runs `latest` can be
  /// - Throws: ``RunError``, also for a run whose row in the record is damaged
  static func find(
    _ word: String, in record: RunRecord, latest isMeant: (Run) -> Bool = { _ in true }
  ) throws(RunError) -> Run {
    let run = try findAny(word, in: record, latest: isMeant)
    if run.state == .damaged {
      throw RunError(run.reason ?? "the record of run \(run.name) is damaged", kind: .damaged)
    }
    return run
  }

  /// The same, but a damaged one is found as well.
  static func findAny(
    _ word: String, in record: RunRecord, latest isMeant: (Run) -> Bool = { _ in true }
  ) throws(RunError) -> Run {
    let runs = try record.runs()
    if let run = runs.first(where: { $0.name == word }) { return run }
    var name = word.hasSuffix("/") ? String(word.dropLast()) : word
    if name.hasPrefix(base + "/") { name = String(name.dropFirst(base.count + 1)) }
    if let run = name == "latest" ? runs.first(where: isMeant) : runs.first(where: { $0.name == name }) { return run }
    let found = name.isEmpty ? [] : runs.filter { $0.name.hasPrefix(name) }
    guard let run = found.first else {
      throw RunError("there is no run \"\(word)\"; `atelier runs` lists them", kind: .missing)
    }
    guard found.count == 1 else {
      throw RunError(
        "\"\(word)\" may be \(found.prefix(5).map(\.name).joined(separator: ", ")): write more of it", kind: .wrongUse)
    }
    return run
  }

  // MARK: Writing into a run's folder

  /// Does something that writes into a run's folder, while no other process can.
  /// - Throws: ``RunError`` if another process works on the run, or if something in its folder leads out of it; what
  ///   `body` throws
  static func withLock<Result>(on name: String, _ body: () throws -> Result) throws -> Result {
    try checkFolder(name)
    return try RunLock.with("\(path(name))/lock", body)
  }

  /// Does something that writes a model's file and what belongs to it, while no other process can.
  static func withLock<Result>(onModel file: String, _ body: () throws -> Result) throws -> Result {
    if let name = name(ofRunWith: file) { return try withLock(on: name, body) }
    guard case .file(let place) = OutputPlace(file) else { return try body() }
    let folder = place.lastIndex(of: "/").map { String(place[...$0]) } ?? "."
    // Where nothing can be written, nobody writes.
    guard access(folder, W_OK) == 0 else { return try body() }
    return try RunLock.with(place + ".lock", body)
  }

  /// A folder that came from somebody else could lead what is written to it to any other place.
  /// - Throws: ``RunError`` if the run's folder is no folder, or if anything in it is neither a folder nor a regular
  ///   file
  static func checkFolder(_ name: String) throws(RunError) {
    guard Run.isName(name) else { throw RunError("\"\(name)\" cannot be the name of a run", kind: .damaged) }
    var status = stat()
    guard lstat(path(name), &status) == 0 else { return }
    guard status.st_mode & S_IFMT == S_IFDIR else {
      throw RunError("\(path(name)) is not a folder, and runs are folders: move it away", kind: .damaged)
    }
    try checkContent(path(name), depth: 0)
  }

  private static func checkContent(_ folder: String, depth: Int) throws(RunError) {
    guard depth < 16 else { throw RunError("\(folder) is too deep for a run's folder: move it away", kind: .damaged) }
    for name in (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? [] {
      let path = "\(folder)/\(name)"
      var status = stat()
      guard lstat(path, &status) == 0 else { continue }
      switch status.st_mode & S_IFMT {
      case S_IFREG: continue
      case S_IFDIR: try checkContent(path, depth: depth + 1)
      default:
        throw RunError(
          """
          \(path) is a symbolic link or a special file: what is written to a run's folder could end up elsewhere. Remove \
          it, or put the file itself there
          """, kind: .damaged)
      }
    }
  }
}

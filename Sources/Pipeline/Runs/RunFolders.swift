internal import Files
internal import Foundation
internal import Models
package import Runs

/// A folder that contains a folder for each run, and the record of all runs.
package struct RunFolders: Sendable {
  package let base: String

  package init(base: String) { self.base = base }

  /// The folder `runs` in the current folder.
  package static let standard = RunFolders(base: "runs")

  package func path(_ name: String) -> String { "\(base)/\(name)" }

  /// Opens the record. Reading it requires no write permission.
  /// - Throws: ``RunError`` if there is none, or it cannot be opened
  package func record(for access: RunRecord.Access = .reading) throws(RunError) -> RunRecord {
    guard RunRecord.exists(in: base) else {
      throw RunError(
        "there is no \(base)/\(RunRecord.fileName) here; runs are recorded in the folder where they were started",
        kind: .missing)
    }
    return try RunRecord(folder: base, for: access)
  }

  /// Returns whether the record has a run of this name, even if its folder was removed.
  package func isRecorded(_ name: String) -> Bool {
    // An unreadable record counts as none here; writing to it reports the error.
    RunRecord.exists(in: base) && (try? RunRecord(folder: base, for: .reading).contains(name)) ?? false
  }

  /// Returns the run that a user specifies by its name, its folder, the beginning of its name, or `latest`.
  /// - Parameter isMatch: whether `latest` can be a run
  /// - Throws: ``RunError``, also for a run whose row in the record is damaged
  package func find(
    _ word: String, in record: RunRecord, latest isMatch: (Run) -> Bool = { _ in true }
  ) throws(RunError) -> Run {
    let run = try findAny(word, in: record, latest: isMatch)
    if run.state == .damaged {
      throw RunError(run.reason ?? "the record of run \(run.name) is damaged", kind: .damaged)
    }
    return run
  }

  /// ``find(_:in:latest:)`` that also returns damaged runs.
  package func findAny(
    _ word: String, in record: RunRecord, latest isMatch: (Run) -> Bool = { _ in true }
  ) throws(RunError) -> Run {
    let runs = try record.runs()
    if let run = runs.first(where: { $0.name == word }) { return run }
    var name = word.hasSuffix("/") ? String(word.dropLast()) : word
    if name.hasPrefix(base + "/") { name = String(name.dropFirst(base.count + 1)) }
    if let run = name == "latest" ? runs.first(where: isMatch) : runs.first(where: { $0.name == name }) { return run }
    let found = name.isEmpty ? [] : runs.filter { $0.name.hasPrefix(name) }
    guard let run = found.first else {
      throw RunError("there is no run \"\(word)\"; `atelier runs` lists them", kind: .missing)
    }
    guard found.count == 1 else {
      throw RunError(
        "\"\(word)\" is ambiguous: it matches \(found.prefix(5).map(\.name).joined(separator: ", "))", kind: .wrongUse)
    }
    return run
  }

  // MARK: Locks

  /// Calls `body`, which may write to a run's folder, while this process holds the lock of the run.
  /// - Throws: ``RunError`` if another process holds the lock, the run has no folder, or ``checkFolder(_:)`` fails;
  ///   errors of `body`
  package func withLock<Result>(on name: String, _ body: () throws -> Result) throws -> Result {
    try checkFolder(name)
    guard access(path(name), F_OK) == 0 else {
      throw RunError(
        """
        run \(name) has no folder \(path(name)): its command failed before it wrote a file, or the folder was removed. \
        `atelier runs` lists all runs
        """, kind: .missing)
    }
    return try RunLock.with("\(path(name))/lock", body)
  }

  /// Calls `body`, which may write a model's file and its checkpoints, while this process holds the lock of the file.
  package func withLock<Result>(onModel file: String, _ body: () throws -> Result) throws -> Result {
    if let name = name(ofRunWith: file) { return try withLock(on: name, body) }
    guard case .file(let place) = OutputPlace(file) else { return try body() }
    let folder = place.lastIndex(of: "/").map { String(place[...$0]) } ?? "."
    // No lock is needed in a folder that is not writable.
    guard access(folder, W_OK) == 0 else { return try body() }
    // Trainings that write the models `a` and `a.safetensors` write the same checkpoint (``CheckpointName``).
    return try RunLock.with("\(ModelFileName.stem(of: place))\(ModelFileName.ending).lock", body)
  }

  /// Checks a run's folder: one from an untrusted source could redirect writes to any other place.
  /// - Throws: ``RunError`` if the run's folder is not a folder, or contains anything but folders and regular files
  package func checkFolder(_ name: String) throws(RunError) {
    guard Run.isName(name) else { throw RunError("\"\(name)\" is not a valid name of a run", kind: .damaged) }
    var status = stat()
    guard lstat(path(name), &status) == 0 else { return }
    guard status.st_mode & S_IFMT == S_IFDIR else {
      throw RunError("\(path(name)) is not a folder, as runs are; move it away", kind: .damaged)
    }
    try checkContent(path(name), depth: 0)
  }

  private func checkContent(_ folder: String, depth: Int) throws(RunError) {
    guard depth < 16 else {
      throw RunError("\(folder) is nested too deeply for a run's folder; move it away", kind: .damaged)
    }
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
          \(path) is a symbolic link or a special file, through which writes to the run's folder could end up \
          elsewhere. Remove it, or replace it by a regular file
          """, kind: .damaged)
      }
    }
  }
}

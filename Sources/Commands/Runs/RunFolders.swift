internal import Foundation
internal import Models
internal import Runs

/// The folder `runs`, where each run has a folder of its own beside the record of all.
enum RunFolders {
  static let base = "runs"

  static func path(_ name: String) -> String { "\(base)/\(name)" }

  /// - Throws: ``RunError``, if there is none or it cannot be read.
  static func record() throws(RunError) -> RunRecord {
    guard RunRecord.exists(in: base) else {
      throw RunError(
        "there is no \(base)/\(RunRecord.fileName) here: runs are recorded in the folder that they are started in",
        kind: .missing)
    }
    return try RunRecord(folder: base)
  }

  /// Whether the record has a run of this name, though its folder may be gone.
  static func isRecorded(_ name: String) -> Bool {
    // A record that cannot be read is no reason not to begin; who needs it will say so.
    RunRecord.exists(in: base) && (try? RunRecord(folder: base).contains(name)) ?? false
  }

  /// The run that a user names: by its name, its folder, how its name begins, or as `latest`.
  static func find(_ word: String, in record: RunRecord) throws(RunError) -> Run {
    let runs = try record.runs()
    var name = word.hasSuffix("/") ? String(word.dropLast()) : word
    if name.hasPrefix(base + "/") { name = String(name.dropFirst(base.count + 1)) }
    if let run = name == "latest" ? runs.first : runs.first(where: { $0.name == name }) { return run }
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
}

internal import Foundation
internal import Models
internal import Runs

/// The training that `--resume` names: a checkpoint's file, a folder of trees, or a run by its folder, its name, how
/// that begins, or as
/// `latest`.
struct ResumableRun {
  /// A file, or a folder.
  let path: String
  /// The run, as the record has it, if it was found there.
  private let run: Run?

  static let help = "its file, its run's folder or name, how that begins, or latest"

  /// - Parameter kinds: models that `latest` can be
  /// - Throws: ``RunError`` if there is no such run, or no training of such a model
  init(_ word: String, of kinds: [ModelKind]) throws(RunError) {
    guard word == "latest" || access(word, F_OK) != 0, word == "latest" || RunRecord.exists(in: RunFolders.base) else {
      (path, run) = (word, nil)
      return
    }
    func isMatch(_ run: Run) -> Bool { kinds.contains { Self.kind(of: run) == $0 } }
    let found: Run
    do throws(RunError) {
      found = try RunFolders.find(word, in: RunFolders.record(), latest: isMatch)
    } catch  where error.kind == .missing && word != "latest" {
      (path, run) = (word, nil)
      return
    }
    guard isMatch(found) else {
      let names = kinds.map(\.rawValue).joined(separator: " or ")
      throw RunError(
        "run \(found.name) is no training of a \(names) but: \(found.kind) \(found.definition.prefix(100))",
        kind: .wrongUse)
    }
    (path, run) = (RunFolders.path(found.name), found)
  }

  /// Which model a run trains; nil if it is no training.
  private static func kind(of run: Run) -> ModelKind? {
    guard run.kind == "train" else { return nil }
    return ModelKind(rawValue: String(run.definition.prefix { $0 != ":" }))
  }

  /// The model that is trained there, as far as names tell.
  var kind: ModelKind {
    if let run { return Self.kind(of: run) ?? .cnn }
    return UnfinishedForest.exists(path) ? .forest : .cnn
  }

  /// Why there is nothing to resume, for an error.
  static func reasonForMissing(model: String, saved: String) -> String {
    access(model, F_OK) == 0
      ? "the training has finished, and its model is \(model)"
      : "nothing was saved (that happens \(saved)); start the training again"
  }

  /// A checkpoint in a run's folder must be that of the run.
  /// - Parameter path: of the checkpoint, or the folder of trees
  /// - Throws: ``FileError/damaged(path:reason:)`` for one with other settings or of other data than the record has;
  /// ``RunError``
  static func check(_ settings: ModelSettings, dataDigest: String, at path: String) throws {
    guard let name = RunFolders.name(ofRunWith: path), RunRecord.exists(in: RunFolders.base) else { return }
    let record = try RunFolders.record()
    guard let run = try record.runs().first(where: { $0.name == name }) else { return }
    if run.state == .damaged { throw RunError(run.reason ?? "run \(name) is damaged", kind: .damaged) }
    guard run.kind == "train" else { return }
    guard run.definition == settings.definition, run.dataDigest == dataDigest else {
      throw FileError.damaged(
        path: path,
        reason: """
          it belongs to another training than run \(name), which was: \(run.definition). Remove it, or move it \
          out of the run's folder to resume it there
          """)
    }
  }
}

/// How far the last checkpoint of a network's training was, as the record has it: an older file is noticed.
struct SavedProgress: Codable {
  let step: Int

  /// - Parameter path: of the checkpoint
  /// - Returns: what notes the step of each checkpoint that was written, if it is that of a recorded run
  static func recorder(of path: String) -> (_ step: Int) -> Void {
    guard let name = RunFolders.name(ofRunWith: path), RunRecord.exists(in: RunFolders.base),
      let record = try? RunFolders.record(for: .writing)
    else { return { _ in } }
    // The checkpoint counts; this is only to notice an older one.
    return { try? record.keep(SavedProgress(step: $0), as: RunFolders.checkpointTitle, of: name) }
  }

  /// - Returns: a warning, if the record knows of a later checkpoint
  static func warning(_ checkpoint: NetworkCheckpoint, at path: String) throws(RunError) -> String? {
    guard let name = RunFolders.name(ofRunWith: path), RunRecord.exists(in: RunFolders.base),
      let saved = try RunFolders.record().document(SavedProgress.self, as: RunFolders.checkpointTitle, of: name),
      saved.step > checkpoint.step
    else { return nil }
    return """
      \(path) is an older checkpoint: it is of step \(checkpoint.step), and the run had saved step \(saved.step); the \
      steps between are repeated, to the same bits
      """
  }
}

internal import Files
internal import Foundation
package import Models
package import Runs

/// The training to resume (`--resume`): the file of a checkpoint, a folder of trees, or a run, given by its folder, its
/// name, the beginning of its name, or `latest`.
package struct ResumableRun {
  /// The path of a file or folder.
  package let path: String
  /// The run, if the record has it.
  private let run: Run?

  /// - Parameters:
  ///   - word: the file, folder or run, as the user specifies it
  ///   - kinds: the models that the run may train
  /// - Throws: ``RunError`` if there is no such run, or it does not train such a model
  package init(
    _ word: String, of kinds: [ModelKind], in folders: RunFolders = .standard
  ) throws(RunError) {
    guard word == "latest" || access(word, F_OK) != 0, word == "latest" || RunRecord.exists(in: folders.base) else {
      (path, run) = (word, nil)
      return
    }
    func isMatch(_ run: Run) -> Bool { kinds.contains { Self.kind(of: run) == $0 } }
    let found: Run
    do throws(RunError) {
      found = try folders.find(word, in: folders.record(), latest: isMatch)
    } catch  where error.kind == .missing && word != "latest" {
      (path, run) = (word, nil)
      return
    }
    guard isMatch(found) else {
      let names = kinds.map(\.rawValue).joined(separator: " or ")
      throw RunError(
        "run \(found.name) is not a training of a \(names): \(found.kind) \(found.definition.prefix(100))",
        kind: .wrongUse)
    }
    (path, run) = (folders.path(found.name), found)
  }

  /// Returns the model that a run trains; nil if it is not a training.
  private static func kind(of run: Run) -> ModelKind? {
    guard run.kind == "train" else { return nil }
    return ModelKind(rawValue: String(run.definition.prefix { $0 != ":" }))
  }

  /// The model that is trained, according to the record or the names of files.
  package var kind: ModelKind {
    if let run { return Self.kind(of: run) ?? .cnn }
    return UnfinishedFit.kind(ofRun: path) ?? .cnn
  }

  /// Returns the reason why there is nothing to resume.
  /// - Parameters:
  ///   - model: the path of the model's file
  ///   - saved: a clause on when progress is saved
  package static func reasonForMissing(model: String, saved: String) -> String {
    access(model, F_OK) == 0
      ? "the training has finished, and its model is \(model)"
      : "nothing was saved (\(saved)); start the training again"
  }

  /// Checks that a checkpoint in a run's folder belongs to the run.
  /// - Parameter path: the path of the checkpoint, or of the folder of trees
  /// - Throws: ``FileError/damaged(path:reason:)`` if its settings or data are not those in the record; ``RunError``
  package static func check(
    _ settings: ModelSettings, dataDigest: String, at path: String, in folders: RunFolders = .standard
  ) throws {
    guard let name = folders.name(ofRunWith: path), RunRecord.exists(in: folders.base) else { return }
    let record = try folders.record()
    guard let run = try record.runs().first(where: { $0.name == name }) else { return }
    if run.state == .damaged { throw RunError(run.reason ?? "run \(name) is damaged", kind: .damaged) }
    guard run.kind == "train" else { return }
    guard run.definition == settings.definition, run.dataDigest == dataDigest else {
      throw FileError.damaged(
        path: path,
        reason: """
          it belongs to another training than run \(name), which is \(run.definition). Remove it, or move it out of \
          the run's folder to resume that training
          """)
    }
  }
}

/// The step of the last checkpoint of a network's training, as recorded: it shows whether a file is older.
package struct SavedProgress: Codable {
  let step: Int

  /// Returns a function that records the step of each checkpoint, if it belongs to a recorded run.
  /// - Parameter path: the path of the checkpoint
  static func recorder(of path: String, in folders: RunFolders) -> (_ step: Int) -> Void {
    guard let name = folders.name(ofRunWith: path), RunRecord.exists(in: folders.base),
      let record = try? folders.record(for: .writing)
    else { return { _ in } }
    // An error is ignored: the recorded step only serves to detect an older checkpoint.
    return { try? record.keep(SavedProgress(step: $0), as: RunFolders.checkpointTitle, of: name) }
  }

  /// Returns a warning if a later checkpoint was recorded.
  package static func warning(
    _ checkpoint: NetworkCheckpoint, at path: String, in folders: RunFolders = .standard
  ) throws(RunError) -> String? {
    guard let name = folders.name(ofRunWith: path), RunRecord.exists(in: folders.base),
      let saved = try folders.record().document(SavedProgress.self, as: RunFolders.checkpointTitle, of: name),
      saved.step > checkpoint.step
    else { return nil }
    return """
      \(path) is an older checkpoint, of step \(checkpoint.step); the run had saved step \(saved.step). The steps in \
      between are repeated, with the same result
      """
  }
}

internal import Files
internal import Foundation
package import Models
package import Runs
internal import Text

/// The training to resume (`--resume`): the file of a checkpoint, a folder of parts, or a run, given by its folder, its
/// name, the beginning of its name, or `latest`.
package struct ResumableRun {
  /// The path of a file or folder.
  package let path: String
  /// The model that is trained, according to the record, or to the files at the path.
  package let kind: ModelKind

  /// - Parameters:
  ///   - word: the file, folder or run, as the user specifies it
  ///   - kinds: the models that the run may train
  /// - Throws: ``RunError`` if there is no such run, or it does not train such a model
  package init(
    _ word: String, of kinds: [ModelKind], in folders: RunFolders = .standard
  ) throws(RunError) {
    guard !word.isEmpty else {
      throw RunError("the name of the run to resume is empty; `atelier runs` lists the runs", kind: .wrongUse)
    }
    let word = word.count > 1 && word.hasSuffix("/") ? String(word.dropLast()) : word
    guard word == "latest" || access(word, F_OK) != 0, word == "latest" || RunRecord.exists(in: folders.base) else {
      (path, kind) = (word, try Self.kind(ofFilesAt: word, kinds))
      return
    }
    func isMatch(_ run: Run) -> Bool { kinds.contains { Self.kind(of: run) == $0 } }
    let found: Run
    do throws(RunError) {
      found = try folders.find(word, in: folders.record(), latest: isMatch)
    } catch  where error.kind == .missing && word == "latest" {
      throw RunError(
        "there is no run of \(Self.nouns(kinds)) in \(folders.base)/ to resume", kind: .missing)
    } catch  where error.kind == .missing {
      (path, kind) = (word, try Self.kind(ofFilesAt: word, kinds))
      return
    }
    guard let kind = Self.kind(of: found), kinds.contains(kind) else {
      let (name, model) = (found.name, found.definition.prefix { $0 != ":" })
      throw RunError(
        "run \(name) is not a training of \(Self.nouns(kinds)): \(found.kind) \(model)", kind: .wrongUse)
    }
    (path, self.kind) = (folders.path(found.name), kind)
  }

  /// The models in a sentence: "a decision tree or a random forest".
  private static func nouns(_ kinds: [ModelKind]) -> String { kinds.map { $0.family.noun }.alternatives }

  /// Returns the model that a run trains; nil if it is not a training.
  private static func kind(of run: Run) -> ModelKind? {
    guard run.kind == "train" else { return nil }
    return ModelKind(rawValue: String(run.definition.prefix { $0 != ":" }))
  }

  /// Returns the model that files train: a checkpoint, or the parts of an unfinished fit. Files that cannot be read are
  /// reported when they are resumed.
  private static func kind(ofFilesAt path: String, _ kinds: [ModelKind]) throws(RunError) -> ModelKind {
    let hasParts = UnfinishedFit.exists(path)
    guard hasParts, let kind = UnfinishedFit.kind(ofRun: path) else {
      return kinds.first { $0.family.isSynchronous != hasParts } ?? kinds[0]
    }
    guard kinds.contains(kind) else {
      throw RunError(
        "\(path) is an unfinished training of \(kind.family.noun), not of \(nouns(kinds))",
        kind: .wrongUse)
    }
    return kind
  }

  /// Returns what an unfinished training has saved, as a path to resume from; nil if there is nothing.
  /// - Parameter path: the folder of a run, or the file of the model
  package static func progress(of path: String) -> String? {
    var information = stat()
    if stat(path, &information) == 0, information.st_mode & S_IFMT == S_IFDIR {
      return access(CheckpointName.checkpoint(path), F_OK) == 0 || UnfinishedFit.exists(path) ? path : nil
    }
    return [CheckpointName.of(model: path), UnfinishedFit.folder(of: path)].first { access($0, F_OK) == 0 }
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

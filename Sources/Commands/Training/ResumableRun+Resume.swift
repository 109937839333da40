internal import Datasets
internal import Files
internal import Foundation
internal import Logging
internal import Models
internal import Pipeline

extension ResumableRun {
  static let help = "its file, the folder or name of its run, the beginning of the name, or latest"

  /// Resumes the training: of a network from its checkpoint, of another model from the completed parts of its fit.
  func resume(_ options: TrainOptions) throws {
    if kind.family.isSynchronous { try resumeNetwork(options) } else { try resumeParts(options) }
  }

  /// Resumes a training. The model is written to the file of the interrupted training unless the user gives another.
  private func resumeNetwork(_ options: TrainOptions) throws {
    let path = CheckpointName.checkpoint(self.path)
    let model = CheckpointName.model(path)
    if path != self.path, let model, access(path, F_OK) != 0 {
      throw FileError.unreadable(
        path: path,
        reason: Self.reasonForMissing(model: model, saved: "a checkpoint is written after each epoch"))
    }
    try options.json.check()
    var options = options
    options.output.output = options.output.output ?? model
    guard access(path, F_OK) == 0 else { return try resumeNetwork(from: path, options) }
    // The lock keeps other processes from replacing the checkpoint while it is read.
    try RunFolders.standard.withLock(onModel: model ?? path) { try resumeNetwork(from: path, options) }
  }

  private func resumeNetwork(from path: String, _ options: TrainOptions) throws {
    let checkpoint = try NetworkCheckpoint(path: path)
    if try options.printSettingsIfRequested(.cnn(checkpoint.settings)) { return }
    try Self.check(.cnn(checkpoint.settings), dataDigest: checkpoint.metadata.dataDigest, at: path)
    if let warning = try SavedProgress.warning(checkpoint, at: path) { options.compute.logger.warning("\(warning)") }
    try options.with(.cnn, on: checkpoint.data, classes: (names: checkpoint.metadata.classNames, of: "the checkpoint"))
    { run in
      if checkpoint.metadata.dataDigest != run.dataDigest {
        throw FileError.damaged(
          path: path,
          reason: "it belongs to other data: \(checkpoint.metadata.dataName), \(checkpoint.metadata.dataDigest)")
      }
      let report = try options.output.withPath(.cnn) { model in
        try run.fit(.cnn(checkpoint.settings), savingTo: model, from: checkpoint)
      }
      try options.finish(report, of: run)
    }
  }

  /// Resumes a training. The model is written to the file of the interrupted training unless the user gives another.
  private func resumeParts(_ options: TrainOptions) throws {
    let unfinished = try UnfinishedFit.resumption(ofRun: path, kind)
    if try options.printSettingsIfRequested(unfinished.settings) { return }
    let model = unfinished.output
    try RunFolders.standard.withLock(onModel: model) {
      try Self.check(unfinished.settings, dataDigest: unfinished.dataDigest, at: model)
      var options = options
      let output = options.output.output ?? model
      options.output.output = output
      try options.run(
        unfinished.settings, on: unfinished.data, classes: (names: unfinished.classNames, of: "the unfinished training")
      ) {
        if $0.dataDigest != unfinished.dataDigest {
          throw FileError.damaged(path: path, reason: "it belongs to other data than \($0.dataset.name)")
        }
        try UnfinishedFit.move(from: model, to: output)
      }
    }
  }
}

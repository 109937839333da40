internal import ArgumentParser
internal import Datasets
internal import Foundation
internal import Logging
internal import Models

struct TrainCNNCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "cnn",
    abstract: "Trains a convolutional network.",
    usage: "atelier train cnn [<options>]",
    discussion: """
      Blocks of convolution, 2x2 max-pooling, batch normalization and ReLU, then dense layers. After each epoch, and \
      when it is stopped by Ctrl-C, the training is saved beside the model as NAME.checkpoint.safetensors; --resume \
      goes on from there, to the same bits as without the interruption.

      Example:  atelier train cnn --filters 32,64 --epochs 8 --augment flip,shift:2
      Example:  atelier train cnn --resume runs/…/cnn.checkpoint.safetensors
      """)

  @OptionGroup var network: NetworkOptions

  @Option(
    help: ArgumentHelp(
      "Go on with the training that this checkpoint holds. It says the settings.", valueName: "checkpoint"),
    completion: .file(extensions: ["safetensors"]))
  var resume: String?

  @OptionGroup var options: TrainOptions

  func validate() throws {
    if resume != nil, !network.isEmpty {
      throw ValidationError("--resume takes the network's settings from the checkpoint; leave them out")
    }
  }

  func run() throws {
    let checkpoint = try resume.map { path throws(FileError) in try NetworkCheckpoint(path: path) }
    let settings = checkpoint?.settings ?? network.settings
    try options.json.check()
    let run = try TrainingRun(data: options.data, compute: options.compute)
    if let resume, let checkpoint, checkpoint.metadata.dataDigest != run.dataDigest {
      throw FileError.damaged(
        path: resume,
        reason: "it belongs to other data: \(checkpoint.metadata.dataName), \(checkpoint.metadata.dataDigest)")
    }
    let report = try output.withPath(.cnn) { path in
      let training = try CheckpointedTraining(
        run: run, settings: settings, checkpoint: checkpoint, path: CheckpointName.of(model: path))
      let report = try run.fit(.cnn(settings), savingTo: path, by: training.fit)
      training.removeCheckpoint()
      return report
    }
    try options.json.write(report, text: report.text)
  }

  /// A resumed training ends in the file that the interrupted one would have written.
  private var output: OutputOptions {
    var output = options.output
    output.output = output.output ?? resume.flatMap(CheckpointName.model)
    return output
  }
}

/// Where the checkpoint of a model's training is: beside it.
private enum CheckpointName {
  private static let ending = ".safetensors"
  private static let checkpointEnding = ".checkpoint.safetensors"

  static func of(model path: String) -> String {
    (path.hasSuffix(ending) ? String(path.dropLast(ending.count)) : path) + checkpointEnding
  }

  static func model(_ checkpoint: String) -> String? {
    checkpoint.hasSuffix(checkpointEnding) ? String(checkpoint.dropLast(checkpointEnding.count)) + ending : nil
  }
}

/// A training that is saved after each epoch, and when it is stopped.
private struct CheckpointedTraining {
  let run: TrainingRun
  let trainer: NetworkTrainer
  let path: String

  init(run: TrainingRun, settings: NetworkSettings, checkpoint: NetworkCheckpoint?, path: String) throws {
    (self.run, self.path) = (run, path)
    trainer = try NetworkTrainer(
      run.dataset.train, classCount: run.dataset.classCount, settings: settings, on: run.context)
    try checkpoint?.resume(trainer)
    if checkpoint != nil {
      run.options.logger.info(
        "going on after \(trainer.history.count) of \(settings.epochs) epochs, step \(trainer.step)")
    }
  }

  func fit(progress: (FitProgress) -> Bool) throws -> any Classifier {
    do {
      try trainer.run(progress: progress, epochEnded: save)
    } catch is CancellationError {
      try save()
      StandardError.shared.showLive("")
      run.options.logger.warning("the training is saved; go on with: atelier train cnn --resume \(path)")
      throw CancellationError()
    } catch let error as ModelError {
      // Training diverged, and would again.
      removeCheckpoint()
      throw error
    }
    return trainer.network
  }

  func removeCheckpoint() { unlink(path) }

  private func save() throws {
    try NetworkCheckpoint(
      trainer, classNames: run.dataset.classNames, dataName: run.dataset.name, dataDigest: run.dataDigest
    ).write(to: path)
  }
}

internal import ArgumentParser
internal import Cluster
internal import Compute
internal import Datasets
internal import Foundation
internal import Logging
internal import Models
internal import Selection

struct TrainCNNCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "cnn",
    abstract: "Trains a convolutional network.",
    usage: "atelier train cnn [<options>]",
    discussion: """
      The network has blocks of convolution, 2x2 max-pooling, batch normalization and ReLU, followed by dense layers. \
      After each epoch, and on Ctrl-C, a checkpoint is saved beside the model as NAME.checkpoint.safetensors. --resume \
      continues from it; the model is bit-identical to that of an uninterrupted training.

      Example:  atelier train cnn --filters 32,64 --epochs 8 --augment flip,shift:2
      Example:  atelier train cnn --resume runs/…/cnn.checkpoint.safetensors
      """)

  @Option(
    help: """
      Base settings: standard, or best, which is more accurate and takes five times as long. Other options modify them.
      """)
  var preset: NetworkPreset?
  @OptionGroup var settings: NetworkSettingOptions
  @OptionGroup var seed: SeedOption

  @Option(
    help: ArgumentHelp(
      "Training to resume: \(ResumableRun.help). The settings come from the checkpoint.", valueName: "run"),
    completion: .file(extensions: ["safetensors"]))
  var resume: String?

  @OptionGroup var options: TrainOptions

  func validate() throws {
    let given = (preset == nil ? [] : ["--preset"]) + settings.givenNames + seed.givenNames
    if resume != nil, !given.isEmpty {
      throw ValidationError(
        "--resume takes the network's settings from the checkpoint; leave out \(given.joined(separator: ", "))")
    }
    try DistinctFiles.check([
      "--resume": resume.map(CheckpointName.checkpoint), "--output": options.output.output, "--json": options.json.json,
      "--events": options.cluster.events,
    ])
  }

  func run() throws {
    if let resume { return try Self.resume(ResumableRun(resume, of: [.cnn]), options) }
    var base = (preset ?? .standard).settings
    // The learning rate of a preset is for its optimizer.
    if settings.optimizer ?? base.optimizer.rawValue != base.optimizer.rawValue { base.learningRate = nil }
    try options.run(.cnn(try NetworkSettings(settings.values.merging(seed.values) { $1 }, base: base)))
  }

  /// Resumes a training. The model is written to the file of the interrupted training unless the user gives another.
  static func resume(_ run: ResumableRun, _ options: TrainOptions) throws {
    let path = CheckpointName.checkpoint(run.path)
    let model = CheckpointName.model(path)
    if path != run.path, let model, access(path, F_OK) != 0 {
      throw FileError.unreadable(
        path: path,
        reason: ResumableRun.reasonForMissing(model: model, saved: "a checkpoint is written after each epoch"))
    }
    try options.json.check()
    var options = options
    options.output.output = options.output.output ?? model
    guard access(path, F_OK) == 0 else { return try resume(path, options) }
    // The lock keeps other processes from replacing the checkpoint while it is read.
    try RunFolders.withLock(onModel: model ?? path) { try resume(path, options) }
  }

  private static func resume(_ path: String, _ options: TrainOptions) throws {
    let checkpoint = try NetworkCheckpoint(path: path)
    if try options.printSettingsIfRequested(.cnn(checkpoint.settings)) { return }
    try ResumableRun.check(.cnn(checkpoint.settings), dataDigest: checkpoint.metadata.dataDigest, at: path)
    if let warning = try SavedProgress.warning(checkpoint, at: path) { options.compute.logger.warning("\(warning)") }
    var options = options
    options.data.data = options.data.data ?? checkpoint.data
    try options.with(.cnn, classes: (names: checkpoint.metadata.classNames, of: "the checkpoint")) { run in
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
}

/// The path of the checkpoint of a model's training, which is beside the model.
enum CheckpointName {
  private static let ending = ".safetensors"
  private static let checkpointEnding = ".checkpoint.safetensors"

  static func of(model path: String) -> String {
    (path.hasSuffix(ending) ? String(path.dropLast(ending.count)) : path) + checkpointEnding
  }

  static func model(_ checkpoint: String) -> String? {
    checkpoint.hasSuffix(checkpointEnding) ? String(checkpoint.dropLast(checkpointEnding.count)) + ending : nil
  }

  /// Returns the path of the checkpoint in a run's folder, or the path itself if it is not a folder.
  static func checkpoint(_ path: String) -> String {
    var information = stat()
    guard stat(path, &information) == 0, information.st_mode & S_IFMT == S_IFDIR else { return path }
    return "\(path)/\(ModelKind.cnn.rawValue)\(checkpointEnding)"
  }
}

/// A training with checkpoints after each epoch and when it is stopped.
struct CheckpointedTraining {
  let run: TrainingRun
  let settings: NetworkSettings
  /// The path of the checkpoint; nil if none is written.
  let path: String?

  func train(
    from checkpoint: NetworkCheckpoint?, progress: @escaping (ClusterProgress) -> Bool
  ) throws -> (network: Network, history: [EpochResult]) {
    let (dataset, path) = (run.dataset, path)
    let logger = run.options.logger
    if checkpoint == nil, let path, access(path, F_OK) == 0 {
      throw FileError.notCreated(
        path: path,
        reason: "it is the checkpoint of an unfinished training; use --resume, remove it, or choose another --output")
    }
    if let checkpoint {
      logger.info("resuming after \(checkpoint.epochs) of \(settings.epochs) epochs, at step \(checkpoint.step)")
    }
    if settings.validation > 0 {
      let splits = DataSplits.holdOut(settings.validation)
      for warning in splits.warnings(of: dataset.train.labels, classNames: dataset.classNames) {
        logger.warning("\(warning)")
      }
    }
    let recordStep = path.map(SavedProgress.recorder) ?? { _ in }
    let attention = try LiveAttention(settings, dataset, instructionSet: run.context.instructionSet)
    do {
      return try run.cluster.train(
        settings, dataset.train, classCount: dataset.classCount, from: checkpoint?.tensors,
        keepCheckpoint: { tensors in
          if let path {
            let checkpoint = NetworkCheckpoint(
              tensors, settings: settings, dataset: dataset, dataDigest: run.dataDigest, data: run.dataLocation)
            try checkpoint.write(to: path)
            recordStep(checkpoint.step)
          }
          try attention?.show(tensors)
        }, progress: progress)
    } catch let error as ModelError {
      // The training diverged, and would again. A checkpoint given by the user is kept.
      if checkpoint == nil, let path { unlink(path) }
      throw error
    } catch {
      StandardError.shared.showLive([])
      if let path, access(path, F_OK) == 0, run.logsResumeCommand {
        logger.warning("the training is saved; resume with: \(run.resumeCommand("cnn", path))")
      }
      throw error
    }
  }
}

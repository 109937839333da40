internal import Cluster
internal import Compute
internal import Datasets
internal import Evaluation
internal import Files
internal import Foundation
internal import Logging
internal import Models
internal import Text

/// The data and workers of a command that fits models, and the steps from settings to a saved model.
struct TrainingRun {
  let dataset: Dataset
  let dataDigest: String
  let context: ComputeContext
  let cluster: Cluster
  let options: ComputeOptions
  /// Whether a fit that is stopped logs the command that resumes it.
  var logsResumeCommand = true
  private let dataOptions: DataOptions
  var dataLocation: String { dataOptions.location }

  /// Loads the data, starts the workers, calls `body`, and stops the workers.
  /// - Parameter classes: the classes that the data must have
  static func with<Result>(
    data: DataOptions, compute: ComputeOptions, cluster options: ClusterOptions, standardWorkers: Int = 0,
    classes: DataOptions.ClassNames? = nil, _ body: (TrainingRun) throws -> Result
  ) throws -> Result {
    let context = try compute.makeContext()
    let logger = compute.logger
    let dataset = try data.load(classes: classes)
    let cluster = try Cluster(
      options.settings(threads: context.team.count, standardWorkers: standardWorkers), on: context
    ) { logger.info("\($0)") }
    defer { cluster.close() }
    if let endpoint = cluster.endpoint { logger.info("workers may join: atelier worker --join \(endpoint)") }
    return try body(TrainingRun(dataset, data: data, compute: compute, context: context, cluster: cluster))
  }

  private init(
    _ dataset: Dataset, data: DataOptions, compute: ComputeOptions, context: ComputeContext, cluster: Cluster
  ) {
    (options, self.context, self.cluster) = (compute, context, cluster)
    (self.dataset, dataOptions) = (dataset, data)
    // From here on, the command can end cleanly.
    Interruption.watch()
    dataDigest = dataset.digest
    compute.logger.info(
      """
      \(dataset.name): \(dataset.train.count) training and \(counted(dataset.test.count, "test image")) of \
      \(dataset.shape), \(counted(dataset.classCount, "class", "classes"))
      """)
    compute.logger.info("\(counted(context.team.count, "thread")), instruction set \(context.instructionSet.rawValue)")
  }

  /// Fits a model, evaluates it on the test set, and saves it. A model in a run's folder is also recorded.
  ///
  /// - Parameters:
  ///   - path: the path of the model, which is checked before the fit begins
  ///   - checkpoint: the checkpoint to resume a network's training from
  ///   - kind: the kind of the run in the record; nil if the caller records it
  /// - Throws: `CancellationError` if the user stopped the fit; ``FileError``, ``ModelError``, ``ClusterError``,
  ///   ``TransportError``
  func fit(
    _ settings: ModelSettings, savingTo path: String, from checkpoint: NetworkCheckpoint? = nil,
    recordedAs kind: String? = "train"
  ) throws -> FitReport {
    guard let kind else { return try fitUnrecorded(settings, savingTo: path, from: checkpoint) }
    return try RunFolders.record(path, as: kind, settings.definition, of: self) { keep in
      let report = try fitUnrecorded(settings, savingTo: path, from: checkpoint)
      keep(report)
      return report
    }
  }

  private func fitUnrecorded(
    _ settings: ModelSettings, savingTo path: String, from checkpoint: NetworkCheckpoint?
  ) throws -> FitReport {
    try FileReplacement.check(path)
    let clock = ContinuousClock()
    let start = clock.now
    let progress = ProgressReporter(settings.kind.rawValue, batch: settings.batch, options: options)
    cluster.resetPeakMemory()
    let (model, history) = try model(settings, path: path, checkpoint: checkpoint, progress: progress)
    let peakBytes = cluster.peakBytes
    progress.end()
    let fitSeconds = (clock.now - start) / .seconds(1)
    let saved = SavedModel(
      model, classNames: dataset.classNames, dataName: dataset.name, dataDigest: dataDigest, testAccuracy: nil)
    // The model is saved before the evaluation, and only then are its checkpoints removed, so that no failure loses the
    // fit. A pipe gets the model only once, at the end.
    if OutputPlace(path).isFile {
      try saved.write(to: path)
      unlink(CheckpointName.of(model: path))
      UnfinishedFit.remove(of: path)
    }
    let testStart = clock.now
    let evaluation = try evaluate(model, saved)
    let testSeconds = (clock.now - testStart) / .seconds(1)
    try saved.with(testAccuracy: evaluation.accuracy).write(to: path)
    let report = FitReport(
      kind: settings.kind, settings: model.settings, data: dataset.name, dataDigest: dataDigest, file: path,
      testAccuracy: evaluation.accuracy, testImages: evaluation.images,
      outOfBagAccuracy: settings.kind.family.outOfBagAccuracy(of: model, training: dataset.train, on: context),
      fitSeconds: fitSeconds, testSeconds: testSeconds, peakBytes: peakBytes, history: history, digest: saved.digest,
      atelierVersion: atelierVersion,
      instructionSet: context.instructionSet.rawValue, threads: context.team.count)
    LiveRun.add(report)
    return report
  }

  private func model(
    _ settings: ModelSettings, path: String, checkpoint: NetworkCheckpoint?, progress: ProgressReporter
  ) throws -> (any Classifier, [EpochResult]) {
    let (images, classCount) = (dataset.train, dataset.classCount)
    let isKept = OutputPlace(path).isFile
    switch settings.distribution {
    case .synchronous(let network):
      let training = CheckpointedTraining(
        run: self, settings: network, path: isKept ? CheckpointName.of(model: path) : nil)
      return try training.train(from: checkpoint, progress: progress.report)
    case .tasks(let count, _) where count > 1 && isKept:
      return (try fitResumably(settings, path: path, progress: progress), [])
    case .tasks:
      return (try cluster.fitTasks(of: settings, images, classCount: classCount, progress: progress.report), [])
    case .coordinator:
      try settings.check(images: images.count, shape: images.shape)
      try cluster.checkMemory(settings, images, classCount: classCount)
      return (try settings.fit(images, classCount: classCount, on: context, progress: progress.report), [])
    }
  }

  /// Fits a model by tasks whose results are saved, so that the fit can be resumed.
  private func fitResumably(
    _ settings: ModelSettings, path: String, progress: ProgressReporter
  ) throws -> any Classifier {
    let unfinished = try UnfinishedFit(
      of: path, settings: settings, dataDigest: dataDigest, data: dataLocation, classNames: dataset.classNames)
    defer { unfinished.removeIfEmpty() }
    do {
      return try cluster.fitTasks(
        of: settings, dataset.train, classCount: dataset.classCount, parts: unfinished.parts,
        progress: progress.report)
    } catch {
      StandardError.shared.showLive([])
      if unfinished.hasParts, logsResumeCommand {
        options.logger.warning(
          """
          completed parts of the model are saved; resume with: \
          \(resumeCommand(settings.kind.rawValue, unfinished.path))
          """)
      }
      throw error
    }
  }

  /// Returns the shell command that resumes a training.
  func resumeCommand(_ kind: String, _ path: String) -> String {
    let data = dataOptions.data.map { " --data \(Self.shellWord($0))" } ?? ""
    return "atelier train \(kind) --resume \(Self.shellWord(path))\(data)"
  }

  /// Quotes text as one word of a shell command.
  static func shellWord(_ text: String) -> String {
    let plain = text.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "/._-:+=@%,".contains($0)) }
    return plain && !text.isEmpty ? text : "'" + text.replacingOccurrences(of: "'", with: "'\\''") + "'"
  }

  private func evaluate(_ model: any Classifier, _ saved: SavedModel) throws -> Evaluation {
    let progress = ProgressReporter("test images", options: options)
    defer { progress.end() }
    let probabilities: [Float]
    if saved.metadata.kind.family.predictsOnWorkers {
      probabilities = try cluster.probabilities(of: model, saved: saved, for: dataset.test, progress: progress.report)
    } else {
      probabilities = try model.probabilities(for: dataset.test, on: context, progress: progress.report)
    }
    return try Evaluation(
      probabilities: probabilities, labels: dataset.test.labels, classNames: dataset.classNames)
  }
}

extension ModelSettings {
  /// The number of images in a step of the training; nil for models without steps.
  fileprivate var batch: Int? {
    if case .synchronous(let network) = distribution { network.batch } else { nil }
  }
}

/// The results of a fit.
struct FitReport: Codable {
  let kind: ModelKind
  let settings: [String: String]
  let data: String
  let dataDigest: String
  let file: String
  let testAccuracy: Double
  let testImages: Int
  /// The accuracy of a forest with bootstrap on the training images, each classified by the trees not fitted on it.
  let outOfBagAccuracy: Double?
  let fitSeconds: Double
  /// The seconds of the evaluation on the test set, which is most of the time for nearest neighbors.
  let testSeconds: Double
  /// The peak memory of this process and its local workers together during the fit.
  let peakBytes: Int
  /// The results of each epoch; empty for models that are not trained in epochs.
  let history: [EpochResult]
  /// SHA-256 over the model's tensors.
  let digest: String
  let atelierVersion: String
  let instructionSet: String
  let threads: Int

  /// The results as a table.
  var text: String {
    var table = TextTable([.left, .left])
    table.add(["model", file])
    table.add(["accuracy", "\(formatted(testAccuracy, digits: 4)) on \(testImages) test images"])
    if let outOfBagAccuracy {
      table.add(["out of bag", "\(formatted(outOfBagAccuracy, digits: 4)) on the training images"])
    }
    table.add(["seconds", "\(formatted(fitSeconds, digits: 1)) to fit, \(formatted(testSeconds, digits: 1)) to test"])
    table.add(["digest", digest])
    return table.text
  }
}

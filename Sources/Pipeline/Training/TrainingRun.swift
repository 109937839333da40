package import Cluster
package import Compute
package import Datasets
internal import Evaluation
internal import Files
internal import Foundation
package import Models
internal import Progress
internal import Text

/// The data, the workers and the observer of fits, and the steps from settings to a saved, evaluated and recorded
/// model.
package struct TrainingRun {
  package let dataset: Dataset
  package let dataDigest: String
  /// The place of the data set, and how it was read.
  package let source: DatasetSource
  package let context: ComputeContext
  package let cluster: Cluster
  /// The folder in which runs are recorded.
  package let folders: RunFolders
  package let observer: any RunObserver
  /// Whether each stopped fit that can be resumed is reported to the observer.
  var reportsUnfinishedFits = true

  /// - Parameters:
  ///   - source: the place of the data set, and how it was read
  ///   - context: the threads and kernels of this process
  package init(
    _ dataset: Dataset, source: DatasetSource, on cluster: Cluster, context: ComputeContext,
    folders: RunFolders = .standard, observer: any RunObserver
  ) {
    (self.dataset, self.source, self.context, self.cluster) = (dataset, source, context, cluster)
    (self.folders, self.observer) = (folders, observer)
    dataDigest = dataset.digest
    observer.info(
      """
      \(dataset.name): \(dataset.train.count) training and \(counted(dataset.test.count, "test image")) of \
      \(dataset.shape), \(counted(dataset.classCount, "class", "classes"))
      """)
    let missing = dataset.classesWithoutTrainingImages
    if !missing.isEmpty { observer.warning("classes without training images: \(missing.listed(atMost: 10))") }
    observer.info("\(counted(context.team.count, "thread")), instruction set \(context.instructionSet.rawValue)")
  }

  /// Fits a model, evaluates it on the test set, and saves it. A model in a run's folder is also recorded.
  ///
  /// - Parameters:
  ///   - path: the path of the model, which is checked before the fit begins
  ///   - checkpoint: the checkpoint to resume a network's training from
  ///   - kind: the kind of the run in the record; nil if the caller records it
  /// - Throws: `CancellationError` if the observer stopped the fit; ``FileError``, ``ModelError``, ``ClusterError``,
  ///   ``TransportError``
  package func fit(
    _ settings: ModelSettings, savingTo path: String, from checkpoint: NetworkCheckpoint? = nil,
    recordedAs kind: String? = "train"
  ) throws -> FitReport {
    guard let kind else { return try fitUnrecorded(settings, savingTo: path, from: checkpoint) }
    return try folders.record(path, as: kind, settings.definition, of: self) { keep in
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
    cluster.resetPeakMemory()
    let (model, history) = try observer.step(settings.kind.rawValue, batch: settings.batch) { report in
      try self.model(settings, path: path, checkpoint: checkpoint, progress: report)
    }
    let peakBytes = cluster.peakBytes
    let fitSeconds = (clock.now - start) / .seconds(1)
    if let warning = settings.kind.family.warning(about: model, training: dataset.train, on: context) {
      observer.warning(warning)
    }
    let saved = SavedModel(
      model, classNames: dataset.classNames, dataName: dataset.name, dataDigest: dataDigest, testAccuracy: nil,
      conversion: dataset.conversion)
    // The model is saved before the evaluation, and only then are its checkpoints removed, so that no failure loses the
    // fit. A pipe gets the model only once, at the end.
    if OutputPlace(path).isFile {
      try saved.write(to: path)
      removeUnfinished(settings, of: path)
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
    observer.finish(report)
    return report
  }

  private func model(
    _ settings: ModelSettings, path: String, checkpoint: NetworkCheckpoint?,
    progress: @escaping (ClusterProgress) -> Bool
  ) throws -> (any Classifier, [EpochResult]) {
    let (images, classCount) = (dataset.train, dataset.classCount)
    let isKept = OutputPlace(path).isFile
    switch settings.distribution {
    case .synchronous(let network):
      let training = CheckpointedTraining(
        run: self, settings: network, path: isKept ? CheckpointName.of(model: path) : nil)
      return try training.train(from: checkpoint, progress: progress)
    case .tasks(let count, _) where count > 1 && isKept:
      return (try fitResumably(settings, path: path, progress: progress), [])
    case .tasks:
      return (try cluster.fitTasks(of: settings, images, classCount: classCount, progress: progress), [])
    case .coordinator:
      try settings.check(images: images.count, shape: images.shape)
      try cluster.checkMemory(settings, images, classCount: classCount)
      let model = try settings.fit(images, classCount: classCount, on: context) {
        progress(ClusterProgress(fit: $0, workers: []))
      }
      return (model, [])
    }
  }

  /// Removes what a fit with these settings has saved in order to be resumed. What other trainings have saved under the
  /// same name stays.
  private func removeUnfinished(_ settings: ModelSettings, of path: String) {
    switch settings.distribution {
    case .synchronous: unlink(CheckpointName.of(model: path))
    case .tasks(let count, _) where count > 1: UnfinishedFit.remove(of: path)
    case .tasks, .coordinator: break
    }
  }

  /// Fits a model by tasks whose results are saved, so that the fit can be resumed.
  private func fitResumably(
    _ settings: ModelSettings, path: String, progress: @escaping (ClusterProgress) -> Bool
  ) throws -> any Classifier {
    let unfinished = try UnfinishedFit(
      of: path, settings: settings, dataDigest: dataDigest, data: source, classNames: dataset.classNames)
    defer { unfinished.removeIfEmpty() }
    do {
      return try cluster.fitTasks(
        of: settings, dataset.train, classCount: dataset.classCount, parts: unfinished.parts,
        progress: progress)
    } catch {
      if unfinished.hasParts, reportsUnfinishedFits {
        observer.canResume(.parts(settings.kind, folder: unfinished.path))
      }
      throw error
    }
  }

  private func evaluate(_ model: any Classifier, _ saved: SavedModel) throws -> Evaluation {
    let probabilities = try observer.step("test images") { report in
      if saved.metadata.kind.family.predictsOnWorkers {
        return try cluster.probabilities(of: model, saved: saved, for: dataset.test, progress: report)
      }
      return try model.probabilities(for: dataset.test, on: context) { report(ClusterProgress(fit: $0, workers: [])) }
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

internal import Cluster
internal import Compute
internal import Datasets
internal import Files
internal import Foundation
internal import Models
internal import Progress
internal import Selection

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
    let observer = run.observer
    if checkpoint == nil, let path, access(path, F_OK) == 0 {
      throw FileError.notCreated(
        path: path,
        reason: "it is the checkpoint of an unfinished training; use --resume, remove it, or choose another --output")
    }
    if let checkpoint {
      observer.info("resuming after \(checkpoint.epochs) of \(settings.epochs) epochs, at step \(checkpoint.step)")
    }
    if settings.validation > 0 {
      let splits = DataSplits.holdOut(settings.validation)
      for warning in splits.warnings(of: dataset.train.labels, classNames: dataset.classNames) {
        observer.warning(warning)
      }
    }
    if checkpoint == nil, let warning = NetworkTrainer.warning(ofFewSteps: settings, labels: dataset.train.labels) {
      observer.warning(warning)
    }
    let recordStep = path.map { SavedProgress.recorder(of: $0, in: run.folders) } ?? { _ in }
    // An error of the observer is no error of the training.
    var isShowing = false
    do {
      return try run.cluster.train(
        settings, dataset.train, classCount: dataset.classCount, from: checkpoint?.tensors,
        keepCheckpoint: { tensors in
          if let path {
            let checkpoint = NetworkCheckpoint(
              tensors, settings: settings, dataset: dataset, dataDigest: run.dataDigest, data: run.source)
            try checkpoint.write(to: path)
            recordStep(checkpoint.step)
          }
          isShowing = true
          try observer.show(
            NetworkState(
              settings: settings, dataset: dataset, tensors: tensors, instructionSet: run.context.instructionSet))
          isShowing = false
        }, progress: progress)
    } catch let error as ModelError where !isShowing {
      // The training diverged, and would again. A checkpoint given by the user is kept.
      if checkpoint == nil, let path { unlink(path) }
      throw error
    } catch {
      if let path, access(path, F_OK) == 0, run.reportsUnfinishedFits {
        observer.canResume(.training(.cnn, checkpoint: path))
      }
      throw error
    }
  }
}

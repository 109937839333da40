internal import Coordination
package import Datasets
internal import Foundation
package import Models
package import Progress

/// Jobs that consist of independent tasks.
extension Cluster {
  /// Fits a model by independent tasks, which are distributed among the workers.
  ///
  /// The progress of a fit that is a single task has a total of 0, since it cannot be measured. Here and in the other
  /// jobs, `progress` returns false to stop the job.
  ///
  /// - Parameters:
  ///   - settings: settings whose ``ModelSettings/distribution`` is tasks
  ///   - parts: The folder with results of earlier tasks, to which new results are added.
  package func fitTasks(
    of settings: ModelSettings, _ images: LabeledImages, classCount: Int, parts: PartFolder? = nil,
    progress: (ClusterProgress) -> Bool
  ) throws -> any Classifier {
    guard case .tasks(let count, let unit) = settings.distribution else {
      preconditionFailure("a fit of \(settings.kind.rawValue) has no tasks")
    }
    try settings.check(images: images.count, shape: images.shape)
    try checkMemory(settings, images, classCount: classCount)
    var fitted = FittedParts(settings, imageShape: images.shape, classCount: classCount)
    func read(_ bytes: UnsafeRawBufferPointer, tasks: Range<Int>) throws -> FittedParts.Part {
      let file = try SafetensorsFile(bytes: bytes, name: "a worker's part of the model")
      return try fitted.part(file.tensors, of: tasks)
    }
    let missing =
      try parts?.read(
        of: count, reportDamage: { log("\($0) is damaged or belongs to another training; it is computed again") },
        { fitted.add(try read($0, tasks: $1)) })
      ?? [0..<count]
    if !missing.isEmpty {
      var description = JobDescription()
      (description.activity, description.family) = (.fit, settings.kind.rawValue)
      (description.settings, description.classCount) = (settings.text, UInt32(classCount))
      description.images = .init(try share(.images(images)).bytes)
      let end = try run(
        description, .tasks(TaskPool(tasks: missing)), unit: unit,
        total: count == 1 ? 0 : missing.reduce(0) { $0 + $1.count },
        read: { chunk, bytes in
          let part = try read(bytes, tasks: chunk.tasks)
          let copy = parts == nil ? [] : Array(bytes)
          return {
            fitted.add(part)
            try copy.withUnsafeBytes { try parts?.write($0, tasks: chunk.tasks) }
          }
        }, progress: progress)
      try checkComplete(end, unit: count > 1 ? unit.singular : settings.kind.rawValue)
    }
    return fitted.model
  }

  /// Predicts images, which are distributed among the workers.
  /// - Parameter saved: The model as a file, for workers in other processes.
  /// - Returns: Class probabilities of shape (images, classes).
  package func probabilities(
    of model: any Classifier, saved: SavedModel, for images: LabeledImages, progress: (ClusterProgress) -> Bool
  ) throws -> [Float] {
    let unit = model.kind.family.predictionUnit
    var found = BlockProbabilities(imageCount: images.count, classCount: model.classCount)
    var description = JobDescription()
    (description.activity, description.imagesPerTask) = (.predict, UInt32(BlockProbabilities.imagesPerTask))
    (description.classCount, description.images) = (UInt32(model.classCount), .init(try share(.images(images)).bytes))
    description.model = .init(try share(.model(saved, model)).bytes)
    let end = try run(
      description, .tasks(TaskPool(tasks: [found.tasks])), unit: unit, total: found.tasks.count,
      read: { chunk, bytes in
        let values = try found.read(bytes, of: chunk.tasks)
        return { found.add(values, of: chunk.tasks) }
      },
      progress: { progress($0.counting(each: BlockProbabilities.imagesPerTask, atMost: images.count)) })
    try checkComplete(end, unit: "block of images")
    return found.values
  }

  /// Hands out empty tasks, one per chunk, to measure the cost of a task.
  package func runEmptyTasks(_ count: Int) throws {
    var description = JobDescription()
    description.activity = .nothing
    _ = try run(
      description, .tasks(TaskPool(tasks: [0..<count], largestChunk: 1)), unit: .queries, total: count,
      progress: { _ in true })
  }

  private func checkComplete(_ end: Coordinator.JobEnd, unit: String) throws {
    guard case .done(let quarantined) = end, !quarantined.isEmpty else { return }
    throw ClusterError(quarantined: quarantined.map { ($0, quarantineReasons[$0.id] ?? "") }, unit: unit)
  }
}

extension Chunk {
  var tasks: Range<Int> { Int(first)..<Int(first + count) }
}

extension ClusterProgress {
  /// Counts images instead of tasks.
  fileprivate func counting(each size: Int, atMost most: Int) -> ClusterProgress {
    var fit = fit
    (fit.done, fit.total) = (min(fit.done * size, most), most)
    let lines = workers.map { line in
      WorkerLine(
        host: line.host, process: line.process, threads: line.threads, instructionSet: line.instructionSet,
        activity: line.activity, rate: line.rate * Double(size), fraction: line.fraction, lastSeen: line.lastSeen)
    }
    return ClusterProgress(fit: fit, workers: lines)
  }
}

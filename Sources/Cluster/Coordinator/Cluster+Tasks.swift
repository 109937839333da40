internal import Coordination
package import Datasets
internal import Foundation
package import Models

/// Jobs that consist of independent tasks.
extension Cluster {
  /// Receives the progress of a job. Returning false stops the job.
  package typealias ProgressHandler = (ClusterProgress) -> Bool

  /// Grows a forest, whose trees are distributed among the workers.
  /// - Parameter parts: The folder with trees grown earlier, to which new trees are added.
  package func fitForest(
    _ settings: ForestSettings, _ images: LabeledImages, classCount: Int, parts: PartFolder? = nil,
    progress: ProgressHandler
  ) throws -> Forest {
    try settings.check()
    try checkMemory(.forest(settings), images, classCount: classCount)
    var grown: [(first: Int, trees: [Tree])] = []
    func read(_ bytes: UnsafeRawBufferPointer, tasks: Range<Int>) throws -> [Tree] {
      let file = try SafetensorsFile(bytes: bytes, name: "a worker's part of the forest")
      let trees = try Tree.trees(from: file.tensors, imageShape: images.shape, classCount: classCount)
      guard trees.count == tasks.count else {
        throw ModelError.badModel("a worker sent \(trees.count) trees instead of \(tasks.count)")
      }
      return trees
    }
    func add(_ bytes: UnsafeRawBufferPointer, tasks: Range<Int>) throws {
      grown.append((tasks.lowerBound, try read(bytes, tasks: tasks)))
    }
    let missing =
      try parts?.read(
        of: settings.trees,
        reportDamage: { log("\($0) is damaged or belongs to another forest; its trees are grown again") }, add)
      ?? [0..<settings.trees]
    if !missing.isEmpty {
      var description = JobDescription()
      (description.activity, description.settings) = (.growForest, settings.text)
      (description.classCount, description.images) = (UInt32(classCount), .init(try share(.images(images)).bytes))
      let end = try run(
        description, .tasks(TaskPool(tasks: missing)), unit: .trees,
        total: missing.reduce(0) { $0 + $1.count },
        read: { chunk, bytes in
          let trees = try read(bytes, tasks: chunk.tasks)
          let copy = parts == nil ? [] : Array(bytes)
          return {
            grown.append((chunk.tasks.lowerBound, trees))
            try copy.withUnsafeBytes { try parts?.write($0, tasks: chunk.tasks) }
          }
        }, progress: progress)
      try checkComplete(end, unit: "tree")
    }
    return Forest(
      joining: grown.sorted { $0.first < $1.first }.map(\.trees), settings: settings, imageShape: images.shape,
      classCount: classCount)
  }

  /// Grows a tree on the threads of one worker. The progress has a total of 0, since a growing tree has no measurable
  /// progress.
  package func fitTree(
    _ settings: TreeSettings, _ images: LabeledImages, classCount: Int, progress: ProgressHandler
  ) throws -> DecisionTree {
    try settings.check()
    try checkMemory(.tree(settings), images, classCount: classCount)
    var description = JobDescription()
    (description.activity, description.settings) = (.growTree, settings.text)
    (description.classCount, description.images) = (UInt32(classCount), .init(try share(.images(images)).bytes))
    var tree: DecisionTree?
    let end = try run(
      description, .tasks(TaskPool(tasks: [0..<1])), unit: .nodes, total: 0,
      read: { _, bytes in
        let file = try SafetensorsFile(bytes: bytes, name: "a worker's tree")
        let grown = try DecisionTree(
          tensors: file.tensors, settings: settings.text, imageShape: images.shape, classCount: classCount)
        return { tree = grown }
      }, progress: progress)
    try checkComplete(end, unit: "tree")
    return tree!
  }

  /// Predicts images, which are distributed among the workers.
  /// - Parameter saved: The model as a file, for workers in other processes.
  /// - Returns: Class probabilities of shape (images, classes).
  package func probabilities(
    of model: any Classifier, saved: SavedModel, for images: LabeledImages, progress: ProgressHandler
  ) throws -> [Float] {
    let unit: FitProgress.Unit = type(of: model).kind == .knn ? .queries : .images
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

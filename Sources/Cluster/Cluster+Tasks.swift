internal import Coordination
package import Datasets
internal import Foundation
package import Models

/// Models that are fitted in independent units of work.
extension Cluster {
  /// Tells how far a job is; false stops it.
  package typealias ProgressHandler = (ClusterProgress) -> Bool

  /// Grows a forest, whose trees the workers share.
  /// - Parameter parts: trees that were grown before, and where those that are grown are kept.
  package func fitForest(
    _ settings: ForestSettings, _ images: LabeledImages, classCount: Int, parts: PartFolder? = nil, progress: ProgressHandler
  ) throws -> Forest {
    try settings.check()
    try checkMemory(.forest(settings), images, classCount: classCount)
    var grown: [(first: Int, trees: [Tree])] = []
    func read(_ bytes: UnsafeRawBufferPointer, units: Range<Int>) throws -> [Tree] {
      let file = try SafetensorsFile(bytes: bytes, name: "a worker's part of the forest")
      let trees = try Tree.trees(from: file.tensors, imageShape: images.shape, classCount: classCount)
      guard trees.count == units.count else {
        throw ModelError.badModel("\(trees.count) trees came where \(units.count) were due")
      }
      return trees
    }
    func add(_ bytes: UnsafeRawBufferPointer, units: Range<Int>) throws {
      grown.append((units.lowerBound, try read(bytes, units: units)))
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
          let trees = try read(bytes, units: chunk.tasks)
          let copy = parts == nil ? [] : Array(bytes)
          return {
            grown.append((chunk.tasks.lowerBound, trees))
            try copy.withUnsafeBytes { try parts?.write($0, units: chunk.tasks) }
          }
        }, progress: progress)
      try checkComplete(end, unit: "tree")
    }
    return Forest(
      joining: grown.sorted { $0.first < $1.first }.map(\.trees), settings: settings, imageShape: images.shape,
      classCount: classCount)
  }

  /// Grows a tree, on the threads of one worker. While it grows there is nothing to count: the progress has a total of 0.
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

  /// What a model makes of images, which the workers share.
  /// - Parameter saved: the model as a file, for workers of other processes
  /// - Returns: class probabilities: (images, classes)
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
      description, .tasks(TaskPool(tasks: [found.units])), unit: unit, total: found.units.count,
      read: { chunk, bytes in
        let values = try found.read(bytes, of: chunk.tasks)
        return { found.add(values, of: chunk.tasks) }
      },
      progress: { progress($0.counting(each: BlockProbabilities.imagesPerTask, atMost: images.count)) })
    try checkComplete(end, unit: "block of images")
    return found.values
  }

  /// Hands out units that are nothing, each as a task of its own: how much tasks cost on their way.
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
  /// Counts what is in a unit, and not the units.
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

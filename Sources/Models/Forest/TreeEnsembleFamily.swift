package import Compute
package import Datasets
package import Progress
internal import Text

/// A family whose models are forests: tree i depends only on the images, the settings and i.
///
/// The tasks of a fit are the trees. One fit answers all numbers of trees, which are prefixes of the largest forest,
/// and all depth limits, which cut it (random numbers are keyed by tree and node).
package protocol TreeEnsembleFamily: ModelFamily where Model == Forest, Part == [Tree] {
  static func forest(_ settings: Settings) -> ForestSettings
}

extension TreeEnsembleFamily {
  package static var mainSettings: [String] { ["trees", "criterion", "max-depth", "max-features"] }

  package static func summary(of settings: Settings) -> String { counted(forest(settings).trees, "tree") }

  package static func fit(
    _ images: LabeledImages, classCount: Int, settings: Settings, on context: ComputeContext,
    progress: (FitProgress) -> Bool
  ) throws -> Forest {
    try Forest.fit(
      images, classCount: classCount, kind: kind, settings: forest(settings), on: context, progress: progress)
  }

  package static func memory(
    of settings: Settings, images count: Int, shape: ImageShape, classCount: Int, queries: Int, threads: Int
  ) -> MemoryEstimate {
    let settings = forest(settings)
    return settings.tree.memory(
      images: count, of: shape, classCount: classCount, trees: settings.trees, bootstrap: settings.bootstrap,
      threads: threads)
  }

  package static func cost(of settings: Settings) -> Double {
    Double(forest(settings).trees) * forest(settings).tree.depthCost
  }

  // MARK: Tasks

  package static func distribution(of settings: Settings) -> FitDistribution {
    .tasks(count: forest(settings).trees, unit: .trees)
  }

  package static func tasks(
    _ images: LabeledImages, classCount: Int, settings: Settings, on context: ComputeContext
  ) throws -> any FitTasks {
    TreeTasks(grower: try ForestGrower(images, classCount: classCount, settings: forest(settings), on: context))
  }

  package static func part(
    _ tensors: [Tensor], of tasks: Range<Int>, settings: Settings, imageShape: ImageShape, classCount: Int
  ) throws(ModelError) -> [Tree] {
    let trees = try Tree.trees(from: tensors, imageShape: imageShape, classCount: classCount)
    guard trees.count == tasks.count else {
      throw ModelError.badModel("a worker sent \(trees.count) trees instead of \(tasks.count)")
    }
    return trees
  }

  package static func model(
    joining parts: [[Tree]], settings: Settings, imageShape: ImageShape, classCount: Int
  ) -> Forest {
    Forest(joining: parts, kind: kind, settings: forest(settings), imageShape: imageShape, classCount: classCount)
  }

  // MARK: Searches

  package static func sharingKey(of settings: Settings) -> [String: String] {
    settings.text.filter { !["trees", "max-depth"].contains($0.key) }
  }

  package static func fitShared(
    _ members: [Settings], on images: LabeledImages, classCount: Int, context: ComputeContext,
    progress: @escaping (FitProgress) -> Bool
  ) throws -> SharedPredictor {
    let members = members.map(forest)
    for member in members { try member.check() }
    var largest = members[0]
    largest.trees = members.map(\.trees).max()!
    largest.tree.maxDepth = TreeSettings.deepest(members.map(\.tree.maxDepth))
    let forest = try Forest.fit(
      images, classCount: classCount, kind: kind, settings: largest, on: context, progress: progress)
    return { images in
      var results = [[Float]](repeating: [], count: members.count)
      for (_, indices) in Dictionary(grouping: members.indices, by: { members[$0].tree.maxDepth }) {
        let depth = members[indices[0]].tree.maxDepth
        let cut = depth == largest.tree.maxDepth ? forest : forest.cut(toDepth: depth!)
        let counts = Set(indices.map { members[$0].trees }).sorted()
        let probabilities = try cut.probabilities(ofFirst: counts, for: images, on: context, progress: progress)
        for index in indices { results[index] = probabilities[counts.firstIndex(of: members[index].trees)!] }
      }
      return results
    }
  }

  // MARK: Models

  package static func outOfBagAccuracy(
    of model: Forest, training: LabeledImages, on context: ComputeContext
  ) -> Double? {
    model.outOfBagAccuracy(trainingImages: training, on: context)
  }

  package static func heldOutPredictions(
    of model: Forest, training: LabeledImages, on context: ComputeContext, progress: (FitProgress) -> Bool
  ) throws -> HeldOutPredictions {
    guard model.forestSettings.bootstrap else {
      return try companionPredictions(
        of: model, seed: model.forestSettings.tree.seed, training: training, on: context, progress: progress)
    }
    let rows = model.outOfBagProbabilities(trainingImages: training, on: context)
    let images = rows.indices.filter { rows[$0] != nil }
    guard !images.isEmpty else { return .none(.noneInEveryBootstrap) }
    return HeldOutPredictions(images, rows.flatMap { $0 ?? [] }, .outOfBag)
  }
}

/// Grows trees of a forest. The result are the tensors of ``Tree/tensors(of:)``.
private struct TreeTasks: FitTasks {
  let grower: ForestGrower

  func run(_ tasks: Range<Int>, progress: (Int) -> Bool) throws -> [Tensor] {
    Tree.tensors(of: try grower.growTrees(tasks) { progress($0.done) })
  }
}

extension TreeSettings {
  /// The time of growing a tree relative to trees with other settings.
  var depthCost: Double { Double(min(maxDepth ?? 30, 30)) }

  /// Returns the highest of several depth limits, where nil means no limit.
  static func deepest(_ limits: [Int?]) -> Int? { limits.contains(nil) ? nil : limits.compactMap { $0 }.max() }
}

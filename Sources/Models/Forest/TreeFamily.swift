package import Compute
package import Datasets
package import Progress

extension ModelKind {
  package static let tree = ModelKind("tree")
}

extension ModelSettings {
  package static func tree(_ settings: TreeSettings) -> ModelSettings { ModelSettings(.tree, settings) }
}

/// Single decision trees.
package enum TreeFamily: ModelFamily {
  package typealias Model = DecisionTree

  package static let kind = ModelKind.tree
  package static let title = "Decision tree"
  package static let noun = "a decision tree"
  package static let discussion = """
    The parameters and defaults are those of scikit-learn's DecisionTreeClassifier.

    Example:  atelier train tree --criterion entropy
    """
  package static let searchExample = "--criterion gini,entropy --max-depth 10,50,100"
  package static let mainSettings = ["criterion", "max-depth", "min-samples-leaf"]

  package static var reference: ReferenceModel? {
    var settings = TreeSettings()
    settings.criterion = .entropy
    return ReferenceModel(settings: .tree(settings), accuracy: 0.7692, knownDigest: "84f320eabb061633")
  }

  package static func summary(of settings: TreeSettings) -> String { settings.criterion.rawValue }

  package static func fit(
    _ images: LabeledImages, classCount: Int, settings: TreeSettings, on context: ComputeContext,
    progress: (FitProgress) -> Bool
  ) throws -> DecisionTree {
    try DecisionTree.fit(images, classCount: classCount, settings: settings, on: context, progress: progress)
  }

  package static func memory(
    of settings: TreeSettings, images count: Int, shape: ImageShape, classCount: Int, queries: Int, threads: Int
  ) -> MemoryEstimate {
    settings.memory(
      images: count, of: shape, classCount: classCount, trees: 1, bootstrap: false, threads: threads,
      isSingleTree: true)
  }

  package static func cost(of settings: TreeSettings) -> Double { settings.depthCost }

  package static func sharingKey(of settings: TreeSettings) -> [String: String] {
    settings.text.filter { $0.key != "max-depth" }
  }

  /// Fits the deepest tree, which answers all lower depth limits.
  package static func fitShared(
    _ members: [TreeSettings], on images: LabeledImages, classCount: Int, context: ComputeContext,
    progress: @escaping (FitProgress) -> Bool
  ) throws -> SharedPredictor {
    for member in members { try member.check() }
    var deepest = members[0]
    deepest.maxDepth = TreeSettings.deepest(members.map(\.maxDepth))
    let tree = try fit(images, classCount: classCount, settings: deepest, on: context, progress: progress)
    return { images in
      // All depth limits at or above the tree's depth give the same tree.
      let depth = tree.tree.depth
      var byLimit: [Int: [Float]] = [:]
      return try members.map { member in
        let limit = min(member.maxDepth ?? depth, depth)
        if let known = byLimit[limit] { return known }
        let cut = limit == depth ? tree : tree.cut(toDepth: limit)
        byLimit[limit] = try cut.probabilities(for: images, on: context, progress: progress)
        return byLimit[limit]!
      }
    }
  }

  package static func model(
    tensors: [Tensor], settings: [String: String], imageShape: ImageShape, classCount: Int
  ) throws(ModelError) -> DecisionTree {
    try DecisionTree(tensors: tensors, settings: settings, imageShape: imageShape, classCount: classCount)
  }

  package static func heldOutPredictions(
    of model: DecisionTree, training: LabeledImages, on context: ComputeContext, progress: (FitProgress) -> Bool
  ) throws -> HeldOutPredictions {
    try companionPredictions(
      of: model, seed: model.treeSettings.seed, training: training, on: context, progress: progress)
  }
}

extension Forest {
  /// The forest that would have grown with fewer trees.
  package func prefix(_ treeCount: Int) -> Forest {
    precondition(
      treeCount >= 1 && treeCount <= trees.count, "a forest of \(trees.count) trees has no first \(treeCount)")
    var settings = forestSettings
    settings.trees = treeCount
    return Forest(
      joining: [Array(trees.prefix(treeCount))], settings: settings, imageShape: imageShape, classCount: classCount)
  }

  /// The forest that would have grown with this limit. It must be no higher than the limit that this one grew with.
  package func cut(toDepth limit: Int) -> Forest {
    precondition(limit >= 1 && limit <= forestSettings.tree.maxDepth ?? .max, "cannot cut to depth \(limit)")
    var settings = forestSettings
    settings.tree.maxDepth = limit
    return Forest(
      joining: [trees.map { $0.cut(toDepth: limit, classCount: classCount) }], settings: settings,
      imageShape: imageShape,
      classCount: classCount)
  }
}

extension DecisionTree {
  /// The tree that would have grown with this limit. It must be no higher than the limit that this one grew with.
  package func cut(toDepth limit: Int) -> DecisionTree {
    precondition(limit >= 1 && limit <= treeSettings.maxDepth ?? .max, "cannot cut to depth \(limit)")
    var settings = treeSettings
    settings.maxDepth = limit
    return DecisionTree(
      tree: tree.cut(toDepth: limit, classCount: classCount), settings: settings, imageShape: imageShape,
      classCount: classCount)
  }
}

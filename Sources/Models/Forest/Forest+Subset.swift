extension Forest {
  /// Returns the forest of the first trees: the forest fitted with that number of trees.
  package func prefix(_ treeCount: Int) -> Forest {
    precondition(
      treeCount >= 1 && treeCount <= trees.count, "a forest of \(trees.count) trees has no first \(treeCount)")
    var settings = forestSettings
    settings.trees = treeCount
    return Forest(
      joining: [Array(trees.prefix(treeCount))], kind: kind, settings: settings, imageShape: imageShape,
      classCount: classCount)
  }

  /// Returns the forest fitted with this depth limit. It must not exceed the limit of this forest.
  package func cut(toDepth limit: Int) -> Forest {
    precondition(limit >= 1 && limit <= forestSettings.tree.maxDepth ?? .max, "cannot cut to depth \(limit)")
    var settings = forestSettings
    settings.tree.maxDepth = limit
    return Forest(
      joining: [trees.map { $0.cut(toDepth: limit, classCount: classCount) }], kind: kind, settings: settings,
      imageShape: imageShape, classCount: classCount)
  }
}

extension DecisionTree {
  /// Returns the tree fitted with this depth limit. It must not exceed the limit of this tree.
  package func cut(toDepth limit: Int) -> DecisionTree {
    precondition(limit >= 1 && limit <= treeSettings.maxDepth ?? .max, "cannot cut to depth \(limit)")
    var settings = treeSettings
    settings.maxDepth = limit
    return DecisionTree(
      tree: tree.cut(toDepth: limit, classCount: classCount), settings: settings, imageShape: imageShape,
      classCount: classCount)
  }
}

internal import Compute
internal import Datasets
internal import KernelInterface

extension Tree {
  /// Returns the importance of each feature, scikit-learn's mean decrease in impurity: how much its splits reduce
  /// impurity, weighted by the images that they divide. The sum is 1, or 0 if the tree is one leaf.
  ///
  /// It favors features with many values, and is measured on the training images.
  func featureImportances(featureCount: Int, classCount: Int, criterion: TreeSettings.Criterion) -> [Double] {
    let weights = nodeWeights(classCount: classCount)
    let impurities = nodes.indices.map { node in
      Self.weightedImpurity(weights[node * classCount..<(node + 1) * classCount], criterion)
    }
    var importances = [Double](repeating: 0, count: featureCount)
    for (index, node) in nodes.enumerated() where !node.isLeaf {
      importances[node.feature] += impurities[index] - impurities[index + 1] - impurities[Int(node.link)]
    }
    return normalized(importances)
  }

  /// Returns a node's weight times its impurity.
  private static func weightedImpurity(_ weights: ArraySlice<UInt32>, _ criterion: TreeSettings.Criterion) -> Double {
    let total = weights.reduce(0) { $0 + Int($1) }
    switch criterion {
    case .gini:
      return Double(total) - weights.reduce(0) { $0 + Double($1) * Double($1) } / Double(total)
    case .entropy:
      func term(_ weight: Int) -> Double { weight == 0 ? 0 : Double(weight) * EntropyTerms.log2(weight) }
      return weights.reduce(term(total)) { $0 - term(Int($1)) }
    }
  }
}

private func normalized(_ importances: [Double]) -> [Double] {
  let sum = importances.reduce(0, +)
  return sum > 0 ? importances.map { $0 / sum } : importances
}

extension DecisionTree {
  /// The importance of each byte of an image: (height, width, channels). The sum is 1, or 0 if the tree is one leaf.
  package var featureImportances: [Double] {
    tree.featureImportances(
      featureCount: imageShape.count, classCount: classCount, criterion: treeSettings.criterion)
  }
}

extension Forest {
  /// The importance of each byte of an image, as a mean over the trees: (height, width, channels). The sum is 1, or 0
  /// if all trees are one leaf.
  package var featureImportances: [Double] {
    var sums = [Double](repeating: 0, count: imageShape.count)
    for tree in trees {
      let importances = tree.featureImportances(
        featureCount: imageShape.count, classCount: classCount, criterion: forestSettings.tree.criterion)
      for (feature, importance) in importances.enumerated() { sums[feature] += importance }
    }
    return normalized(sums)
  }
}

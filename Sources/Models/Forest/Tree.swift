internal import KernelInterface

/// One grown tree: how it splits, and the class weights of its leaves.
///
/// Nodes are in pre-order: a node's left child follows it, and its right child comes behind the left one's whole
/// subtree. So every child has a higher index than its parent: a walk towards the leaves ends, and a loop from the last
/// node to the first meets children before parents.
package struct Tree: Sendable, Equatable {
  /// A class with the weight of its training images in a leaf.
  struct ClassWeight: BitwiseCopyable, Sendable, Equatable {
    let label: UInt8
    let weight: UInt32
  }

  private(set) var nodes: [TreeNode] = []
  /// The classes of leaf l, ascending, are `classWeights[leafStarts[l] ..< leafStarts[l + 1]]`.
  private(set) var leafStarts: [UInt32] = [0]
  private(set) var classWeights: [ClassWeight] = []

  package var nodeCount: Int { nodes.count }
  package var leafCount: Int { leafStarts.count - 1 }

  func weights(ofLeaf leaf: Int) -> ArraySlice<ClassWeight> {
    classWeights[Int(leafStarts[leaf])..<Int(leafStarts[leaf + 1])]
  }

  /// Splits from the root to each node.
  var depths: [Int] {
    var depths = [Int](repeating: 0, count: nodes.count)
    for (index, node) in nodes.enumerated() where !node.isLeaf {
      depths[index + 1] = depths[index] + 1
      depths[Int(node.link)] = depths[index] + 1
    }
    return depths
  }

  /// Splits from the root to the deepest leaf.
  package var depth: Int { depths.max() ?? 0 }

  /// The weight of each class in each node: (nodeCount, classCount).
  func nodeWeights(classCount: Int) -> [UInt32] {
    var weights = [UInt32](repeating: 0, count: nodes.count * classCount)
    for index in nodes.indices.reversed() {
      let node = nodes[index]
      if node.isLeaf {
        for entry in self.weights(ofLeaf: Int(node.link)) {
          weights[index * classCount + Int(entry.label)] = entry.weight
        }
      } else {
        for label in 0..<classCount {
          weights[index * classCount + label] =
            weights[(index + 1) * classCount + label] + weights[Int(node.link) * classCount + label]
        }
      }
    }
    return weights
  }
}

// MARK: - Growing

extension Tree {
  mutating func appendSplit(feature: Int, threshold: UInt8) {
    nodes.append(TreeNode(feature: feature, threshold: threshold, right: 0))
  }

  /// Says that the next node to be appended is the right child of `parent`.
  mutating func linkNextNode(asRightChildOf parent: Int) {
    let node = nodes[parent]
    nodes[parent] = TreeNode(feature: node.feature, threshold: node.threshold, right: UInt32(nodes.count))
  }

  mutating func appendLeaf(_ weights: some Sequence<ClassWeight>) {
    nodes.append(TreeNode(leaf: UInt32(leafCount)))
    classWeights += weights
    leafStarts.append(UInt32(classWeights.count))
  }

  /// Appends a whole tree, as the subtree at the next node.
  mutating func append(_ subtree: Tree) {
    let (firstNode, firstLeaf, firstWeight) = (UInt32(nodes.count), UInt32(leafCount), UInt32(classWeights.count))
    nodes += subtree.nodes.map { node in
      node.isLeaf
        ? TreeNode(leaf: node.link + firstLeaf)
        : TreeNode(feature: node.feature, threshold: node.threshold, right: node.link + firstNode)
    }
    leafStarts += subtree.leafStarts.dropFirst().map { $0 + firstWeight }
    classWeights += subtree.classWeights
  }

  /// This tree with its empty leaves replaced by subtrees, in their order.
  func grafting(_ subtrees: [Tree]) -> Tree {
    var subtrees = subtrees[...]
    return rebuilt { index, tree in
      let node = nodes[index]
      if !node.isLeaf { return false }
      let weights = weights(ofLeaf: Int(node.link))
      if weights.isEmpty { tree.append(subtrees.removeFirst()) } else { tree.appendLeaf(weights) }
      return true
    }
  }

  /// The tree that would have grown with this limit: the nodes at `limit` become leaves.
  package func cut(toDepth limit: Int, classCount: Int) -> Tree {
    let weights = nodeWeights(classCount: classCount)
    let depths = depths
    return rebuilt { index, tree in
      if !nodes[index].isLeaf && depths[index] < limit { return false }
      tree.appendLeaf(ClassWeight.list(weights[index * classCount..<(index + 1) * classCount]))
      return true
    }
  }

  /// A tree of the same splits, where `end` may put something else in place of a node: it appends that and returns
  /// true.
  private func rebuilt(_ end: (_ index: Int, _ tree: inout Tree) -> Bool) -> Tree {
    var tree = Tree()
    var waiting: [(index: Int, parent: Int)] = [(0, -1)]
    while let (index, parent) = waiting.popLast() {
      if parent >= 0 { tree.linkNextNode(asRightChildOf: parent) }
      if end(index, &tree) { continue }
      waiting.append((Int(nodes[index].link), tree.nodeCount))
      waiting.append((index + 1, -1))
      tree.appendSplit(feature: nodes[index].feature, threshold: nodes[index].threshold)
    }
    return tree
  }
}

extension Tree.ClassWeight {
  /// The classes that have a weight, out of the weights of all.
  static func list(_ weights: some Sequence<UInt32>) -> [Tree.ClassWeight] {
    weights.enumerated().compactMap { label, weight in
      weight > 0 ? Tree.ClassWeight(label: UInt8(label), weight: weight) : nil
    }
  }
}

internal import KernelInterface

/// One grown tree: its splits, and the class weights of its leaves.
///
/// Nodes are in pre-order: a node is followed by the subtree of its left child, then by that of its right child. Every
/// child has a higher index than its parent, so a walk toward the leaves ends, and a loop from the last node to the
/// first visits children before parents.
package struct Tree: Sendable, Equatable {
  /// A class, and the weight of its training images in a leaf.
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

  /// The number of splits from the root to each node.
  var depths: [Int] {
    var depths = [Int](repeating: 0, count: nodes.count)
    for (index, node) in nodes.enumerated() where !node.isLeaf {
      depths[index + 1] = depths[index] + 1
      depths[Int(node.link)] = depths[index] + 1
    }
    return depths
  }

  /// The number of splits from the root to the deepest leaf.
  package var depth: Int { depths.max() ?? 0 }

  /// Returns the weight of each class in each node: (nodeCount, classCount).
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

  /// Makes the next node to be appended the right child of `parent`.
  mutating func linkNextNode(asRightChildOf parent: Int) {
    let node = nodes[parent]
    nodes[parent] = TreeNode(feature: node.feature, threshold: node.threshold, right: UInt32(nodes.count))
  }

  mutating func appendLeaf(_ weights: some Sequence<ClassWeight>) {
    nodes.append(TreeNode(leaf: UInt32(leafCount)))
    classWeights += weights
    leafStarts.append(UInt32(classWeights.count))
  }

  /// Appends a tree as the subtree of the next node.
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

  /// Returns this tree with its empty leaves replaced by `subtrees`, in order.
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

  /// Returns the tree grown with this depth limit: nodes at depth `limit` become leaves.
  package func cut(toDepth limit: Int, classCount: Int) -> Tree {
    let weights = nodeWeights(classCount: classCount)
    let depths = depths
    return rebuilt { index, tree in
      if !nodes[index].isLeaf && depths[index] < limit { return false }
      tree.appendLeaf(ClassWeight.list(weights[index * classCount..<(index + 1) * classCount]))
      return true
    }
  }

  /// Returns a copy of the tree in which some subtrees are replaced.
  ///
  /// - Parameter replace: appends a replacement for the subtree at `index` and returns true, or returns false to keep
  ///   the node
  private func rebuilt(_ replace: (_ index: Int, _ tree: inout Tree) -> Bool) -> Tree {
    var tree = Tree()
    var waiting: [(index: Int, parent: Int)] = [(0, -1)]
    while let (index, parent) = waiting.popLast() {
      if parent >= 0 { tree.linkNextNode(asRightChildOf: parent) }
      if replace(index, &tree) { continue }
      waiting.append((Int(nodes[index].link), tree.nodeCount))
      waiting.append((index + 1, -1))
      tree.appendSplit(feature: nodes[index].feature, threshold: nodes[index].threshold)
    }
    return tree
  }
}

extension Tree.ClassWeight {
  /// Returns the classes whose weight is not zero.
  ///
  /// - Parameter weights: (classCount)
  static func list(_ weights: some Sequence<UInt32>) -> [Tree.ClassWeight] {
    weights.enumerated().compactMap { label, weight in
      weight > 0 ? Tree.ClassWeight(label: UInt8(label), weight: weight) : nil
    }
  }
}

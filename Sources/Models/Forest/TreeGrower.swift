internal import Compute
internal import KernelInterface

/// A node still to be grown: a range of the tree's samples, and their weights by class.
struct PendingNode {
  let start: Int
  let count: Int
  let depth: Int
  let key: NodeKey
  let weights: [UInt32]
}

/// Grows trees, node after node, on one thread. It owns the memory for that; each thread has its own grower.
final class TreeGrower {
  let table: TrainingTable
  let settings: TreeSettings
  let kernels: any KernelSet.Type
  let search: SplitSearch

  /// A node that waits for its left sibling's subtree.
  private struct Waiting {
    let start: Int
    let count: Int
    let depth: Int
    let key: NodeKey
    /// The index of the parent of a right child; otherwise -1.
    let parent: Int
  }

  /// The waiting nodes, the next one last, and their weights by class: (nodes, classCount).
  private struct WaitingNodes {
    var nodes: [Waiting] = []
    var weights: [UInt32] = []
  }

  /// (classCount), the class weights of the current node.
  private let weights: AlignedBuffer<UInt32>
  /// The classes that occur in the current node.
  private let labels = AlignedBuffer<UInt8>(count: 256)
  private var block: SampleBlock
  /// The number of waiting nodes outside of the subtree whose samples are in the block; nil if the block is not in use.
  private var outsideBlock: Int?

  init(table: TrainingTable, rules: GrowthRules, kernels: any KernelSet.Type) {
    (self.table, settings, self.kernels) = (table, rules.settings, kernels)
    search = SplitSearch(table: table, rules: rules, kernels: kernels)
    weights = AlignedBuffer(count: table.classCount)
    block = SampleBlock(table)
  }

  /// Grows the whole subtree of `root`.
  func grow(_ root: PendingNode, in samples: TreeSamples) -> Tree {
    search.hasHeavySamples = samples.hasHeavySamples
    return grow(root, in: samples, upTo: 0) { node, key in search.best(of: node, key: key) }.tree
  }

  /// Grows the top of a subtree. Nodes of up to `limit` samples are returned as pending nodes, in the order of the
  /// empty leaves in their place.
  func grow(
    _ root: PendingNode, in samples: TreeSamples, upTo limit: Int, search: (NodeSamples, NodeKey) -> NodeSplit?
  ) -> (tree: Tree, pending: [PendingNode]) {
    var tree = Tree()
    var pending: [PendingNode] = []
    outsideBlock = nil
    // A local variable: at each access to a property, exclusivity would be checked.
    var waiting = WaitingNodes()
    waiting.nodes.append(
      Waiting(start: root.start, count: root.count, depth: root.depth, key: root.key, parent: -1))
    waiting.weights += root.weights
    while let next = waiting.nodes.popLast() {
      popWeights(from: &waiting.weights)
      if next.parent >= 0 { tree.linkNextNode(asRightChildOf: next.parent) }
      if waiting.nodes.count < outsideBlock ?? 0 { outsideBlock = nil }
      var node = describe(next, in: samples)
      if next.count <= limit {
        pending.append(
          PendingNode(
            start: next.start, count: next.count, depth: next.depth, key: next.key,
            weights: Array(weights.elements)))
        tree.appendLeaf([])
      } else if mustBeLeaf(node, depth: next.depth) {
        appendLeaf(node, to: &tree)
      } else {
        // Nodes that read rows need no block. Pending nodes must not refer to it.
        if self.search.rules.rowLimit == 0 && limit == 0 { useBlock(for: &node, waitingCount: waiting.nodes.count) }
        if let split = search(node, next.key) {
          divide(next, node, at: split, in: samples, &waiting, &tree)
        } else {
          appendLeaf(node, to: &tree)
        }
      }
    }
    return (tree, pending)
  }

  private func popWeights(from stack: inout [UInt32]) {
    let first = stack.count - table.classCount
    for label in 0..<table.classCount { weights.pointer[label] = stack[first + label] }
    stack.removeLast(table.classCount)
  }

  /// Returns the samples of a waiting node whose weights were popped.
  private func describe(_ waiting: Waiting, in samples: TreeSamples) -> NodeSamples {
    var labelCount = 0
    var weight: UInt32 = 0
    for label in 0..<table.classCount where weights.pointer[label] > 0 {
      labels.pointer[labelCount] = UInt8(label)
      labelCount += 1
      weight += weights.pointer[label]
    }
    return NodeSamples(
      samples: samples.samples.pointer + waiting.start, count: waiting.count, columns: table.columns.pointer,
      columnStride: table.columnStride, readsRows: waiting.count <= search.rules.rowLimit, weights: weights.pointer,
      labels: labels.pointer, labelCount: labelCount, weight: weight)
  }

  /// Lets the node's values be read from the block, if they fit there.
  private func useBlock(for node: inout NodeSamples, waitingCount: Int) {
    if outsideBlock == nil {
      guard node.count <= block.limit else { return }
      block.fill(node.samples, count: node.count, kernels: kernels)
      outsideBlock = waitingCount
    }
    (node.columns, node.columnStride) = (block.columns, block.columnStride)
  }

  private func mustBeLeaf(_ node: NodeSamples, depth: Int) -> Bool {
    node.labelCount <= 1 || node.count < settings.minSamplesSplit || node.count / 2 < settings.minSamplesLeaf
      || depth >= settings.maxDepth ?? .max
  }

  private func appendLeaf(_ node: NodeSamples, to tree: inout Tree) {
    tree.appendLeaf(
      (0..<node.labelCount).lazy.map { rank in
        Tree.ClassWeight(label: node.labels[rank], weight: node.weights[Int(node.labels[rank])])
      })
  }

  /// Appends a split, and pushes its children, the left one last.
  private func divide(
    _ parent: Waiting, _ node: NodeSamples, at split: NodeSplit, in samples: TreeSamples,
    _ waiting: inout WaitingNodes, _ tree: inout Tree
  ) {
    let parts = partition(node, at: split, spare: samples.spare.pointer + parent.start)
    // A random cut is the threshold itself. The best cut is moved halfway between the values on both sides, rounded
    // down: scikit-learn's threshold, for integer values.
    let middle = UInt8((Int(parts.largestLeft) + Int(parts.smallestRight)) / 2)
    let threshold = search.rules.isRandom ? split.value : middle
    let index = tree.nodeCount
    tree.appendSplit(feature: Int(split.feature), threshold: threshold)

    pushWeights(node, leftCount: parts.leftCount, to: &waiting.weights)
    let (left, right) = (parts.leftCount, node.count - parts.leftCount)
    let depth = parent.depth + 1
    let keys = parent.key.children(seed: settings.seed)
    waiting.nodes.append(
      Waiting(start: parent.start + left, count: right, depth: depth, key: keys.right, parent: index))
    waiting.nodes.append(Waiting(start: parent.start, count: left, depth: depth, key: keys.left, parent: -1))
  }

  private func partition(
    _ node: NodeSamples, at split: NodeSplit, spare: UnsafeMutablePointer<TreeSample>
  ) -> NodePartition {
    if let lane = split.lane {
      return kernels.partition(
        samples: node.samples, count: node.count, orderedValues: search.window.pointer + lane,
        stride: SplitSearch.laneCount, areRotated: table.isRotated, cut: split.value, spare: spare)
    }
    return kernels.partition(
      samples: node.samples, count: node.count,
      values: node.readsRows ? UnsafePointer(table.rows.pointer + Int(split.feature)) : node.column(split.feature),
      stride: node.readsRows ? table.rowStride : 1, areRotated: table.isRotated, cut: split.value, spare: spare)
  }

  /// Pushes the weights of the right part, then those of the left part.
  private func pushWeights(_ node: NodeSamples, leftCount: Int, to stack: inout [UInt32]) {
    let right = stack.count
    let left = right + table.classCount
    stack.append(contentsOf: repeatElement(0, count: 2 * table.classCount))
    // Only the smaller part is counted; the larger part is the rest.
    let countsLeft = leftCount <= node.count - leftCount
    let (counted, rest) = countsLeft ? (left, right) : (right, left)
    stack.withUnsafeMutableBufferPointer { stack in
      for index in countsLeft ? 0..<leftCount : leftCount..<node.count {
        let sample = node.samples[index]
        stack[counted + sample.label] += sample.weight
      }
      for label in 0..<table.classCount { stack[rest + label] = node.weights[label] - stack[counted + label] }
    }
  }
}

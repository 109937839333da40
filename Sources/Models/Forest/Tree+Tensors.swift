package import Compute
package import Datasets
internal import KernelInterface

/// The tensors of a list of trees, one tree after the other:
///
/// | name | type, shape | meaning |
/// | --- | --- | --- |
/// | `nodes` | I64 (trees) | the number of nodes of each tree; nodes are in pre-order |
/// | `feature` | I32 (all nodes) | the byte of an image that a node compares; -1 in a leaf |
/// | `threshold` | U8 (all nodes) | images with `value <= threshold` go left; 0 in a leaf |
/// | `right` | U32 (all nodes) | the right child's index in its tree (the left child is the next node); 0 in a leaf |
/// | `classes` | U16 (all leaves) | the number of classes in a leaf |
/// | `label`, `weight` | U8, U32 (all classes of leaves) | a class, ascending within a leaf, and its images' weight |
extension Tree {
  package static func tensors(of trees: [Tree]) -> [Tensor] {
    let nodes = trees.flatMap(\.nodes)
    let weights = trees.flatMap(\.classWeights)
    return [
      Tensor(name: "nodes", shape: [trees.count], trees.map { Int64($0.nodeCount) }),
      Tensor(name: "feature", shape: [nodes.count], nodes.map { $0.isLeaf ? -1 : Int32($0.feature) }),
      Tensor(name: "threshold", shape: [nodes.count], nodes.map { $0.isLeaf ? 0 : $0.threshold }),
      Tensor(name: "right", shape: [nodes.count], nodes.map { $0.isLeaf ? 0 : $0.link }),
      Tensor(
        name: "classes", shape: [trees.reduce(0) { $0 + $1.leafCount }],
        trees.flatMap { tree in (0..<tree.leafCount).map { UInt16(tree.weights(ofLeaf: $0).count) } }),
      Tensor(name: "label", shape: [weights.count], weights.map(\.label)),
      Tensor(name: "weight", shape: [weights.count], weights.map(\.weight)),
    ]
  }

  /// Rebuilds trees, and checks everything that predictions rely on: each tree is complete and in pre-order, features
  /// are bytes of the image, and the weights of leaves are positive and can be added in 32 bits.
  ///
  /// - Throws: ``ModelError/badModel(_:)``.
  package static func trees(
    from tensors: [Tensor], imageShape: ImageShape, classCount: Int
  ) throws(ModelError) -> [Tree] {
    guard (1...256).contains(classCount) else {
      throw .badModel("the model has \(classCount) classes, expected 1 to 256")
    }
    let limit = TreeNode.featureLimit
    let (height, width, channels) = (imageShape.height, imageShape.width, imageShape.channels)
    guard min(height, width, channels) >= 1, height <= limit, width <= limit / height,
      channels <= limit / (height * width)
    else { throw .badModel("the model is for images of \(imageShape), expected 1 to \(limit) bytes") }

    var reader = try TreeReader(tensors, featureCount: imageShape.count, classCount: classCount)
    return try reader.trees()
  }
}

/// Reads trees from the tensors, one after the other.
private struct TreeReader {
  private let nodeCounts: [Int64]
  private let features: [Int32]
  private let thresholds: [UInt8]
  private let rights: [UInt32]
  private let classes: [UInt16]
  private let labels: [UInt8]
  private let weights: [UInt32]
  private let featureCount: Int
  private let classCount: Int
  private var node = 0
  private var leaf = 0
  private var entry = 0

  init(_ tensors: [Tensor], featureCount: Int, classCount: Int) throws(ModelError) {
    var remaining = tensors
    func take<Element: TensorElement>(_ name: String) throws(ModelError) -> [Element] {
      guard let index = remaining.firstIndex(where: { $0.name == name }) else {
        throw .badModel("the tensor \(name) is missing")
      }
      let tensor = remaining.remove(at: index)
      guard tensor.shape.count == 1, let elements = tensor.elements(as: Element.self) else {
        let (found, wanted) = (tensor.elementType.rawValue, Element.tensorElementType.rawValue)
        throw .badModel("the tensor \(name) has shape \(tensor.shape) of \(found), expected one dimension of \(wanted)")
      }
      return elements
    }
    nodeCounts = try take("nodes")
    features = try take("feature")
    thresholds = try take("threshold")
    rights = try take("right")
    classes = try take("classes")
    labels = try take("label")
    weights = try take("weight")
    if let unknown = remaining.first { throw .badModel("unexpected tensor \(unknown.name)") }
    guard thresholds.count == features.count, rights.count == features.count, weights.count == labels.count else {
      throw .badModel("the tensors of nodes (feature, threshold, right) or of leaves (label, weight) differ in length")
    }
    (self.featureCount, self.classCount) = (featureCount, classCount)
  }

  mutating func trees() throws(ModelError) -> [Tree] {
    var trees: [Tree] = []
    for count in nodeCounts { trees.append(try tree(nodeCount: count)) }
    guard node == features.count, leaf == classes.count, entry == labels.count else {
      throw .badModel("there are more nodes, leaves or class weights than the trees have")
    }
    return trees
  }

  private mutating func tree(nodeCount: Int64) throws(ModelError) -> Tree {
    guard nodeCount >= 1, nodeCount <= features.count - node, nodeCount <= UInt32.max else {
      throw .badModel("a tree has \(nodeCount) nodes, but only \(features.count - node) are left in the tensors")
    }
    let root = node
    let end = root + Int(nodeCount)
    var tree = Tree()
    var weight: UInt32 = 0
    // The right children still to come, with their parents. In pre-order, each follows a leaf.
    var waiting: [(index: Int, parent: Int)] = []
    while node < end {
      let index = node
      node += 1
      if features[index] >= 0 {
        let right = root + Int(rights[index])
        guard features[index] < featureCount, right > index + 1, right < waiting.last?.index ?? end else {
          throw .badModel(
            "node \(index - root) of a tree compares byte \(features[index]) or has a right child that is out of range")
        }
        tree.appendSplit(feature: Int(features[index]), threshold: thresholds[index])
        waiting.append((right, index - root))
        continue
      }
      guard features[index] == -1, thresholds[index] == 0, rights[index] == 0 else {
        throw .badModel("node \(index - root) of a tree is neither a split nor a leaf")
      }
      tree.appendLeaf(try leafWeights(addingTo: &weight))
      if let (next, parent) = waiting.popLast() {
        guard node == next else { throw .badModel("node \(index + 1 - root) of a tree has no parent") }
        tree.linkNextNode(asRightChildOf: parent)
      } else if node != end {
        throw .badModel("node \(index + 1 - root) of a tree has no parent")
      }
    }
    guard waiting.isEmpty else { throw .badModel("a tree ends before its last leaf") }
    return tree
  }

  /// Reads the class weights of the next leaf.
  ///
  /// - Parameter total: the weight of the tree so far, which must stay below 2^32
  private mutating func leafWeights(addingTo total: inout UInt32) throws(ModelError) -> [Tree.ClassWeight] {
    guard leaf < classes.count else { throw .badModel("the trees have more leaves than the tensor classes") }
    let count = Int(classes[leaf])
    leaf += 1
    guard count >= 1, count <= labels.count - entry else {
      throw .badModel("leaf \(leaf - 1) has \(count) classes, expected 1 to \(labels.count - entry)")
    }
    var list: [Tree.ClassWeight] = []
    for index in entry..<entry + count {
      let sum = total.addingReportingOverflow(weights[index])
      guard labels[index] < classCount, weights[index] > 0, !sum.overflow,
        list.last.map({ $0.label < labels[index] }) ?? true
      else { throw .badModel("leaf \(leaf - 1) has an invalid class \(labels[index]) of weight \(weights[index])") }
      total = sum.partialValue
      list.append(Tree.ClassWeight(label: labels[index], weight: weights[index]))
    }
    entry += count
    return list
  }
}

extension Forest {
  package var tensors: [Tensor] { Tree.tensors(of: trees) }

  init(
    tensors: [Tensor], kind: ModelKind, settings: ForestSettings, imageShape: ImageShape, classCount: Int
  ) throws(ModelError) {
    let trees = try Tree.trees(from: tensors, imageShape: imageShape, classCount: classCount)
    guard trees.count == settings.trees else {
      throw .badModel("the settings say \(settings.trees) trees, but the tensors hold \(trees.count)")
    }
    self.init(
      joining: [trees], kind: kind, settings: settings, imageShape: imageShape, classCount: classCount)
  }
}

extension DecisionTree {
  package var tensors: [Tensor] { Tree.tensors(of: [tree]) }

  package init(
    tensors: [Tensor], settings: [String: String], imageShape: ImageShape, classCount: Int
  ) throws(ModelError) {
    let parsed = try TreeSettings(saved: settings)
    let trees = try Tree.trees(from: tensors, imageShape: imageShape, classCount: classCount)
    guard trees.count == 1 else {
      throw .badModel("a decision tree is one tree, but the tensors hold \(trees.count)")
    }
    self.init(tree: trees[0], settings: parsed, imageShape: imageShape, classCount: classCount)
  }
}

package import Datasets
package import Models

/// Why a tree says what it says of one image: the path from the root to a leaf.
package struct TreeExplanation: Sendable, Equatable, Codable {
  /// A node that the image passes.
  package struct Step: Sendable, Equatable, Codable {
    /// Its place in the tree, in pre-order.
    package let node: Int
    /// What is asked there; nil in the leaf.
    package let comparison: Comparison?
    /// By label: the training images that came this far. In a forest's tree, each counts as often as the bootstrap drew it.
    package let classCounts: [Int]
    /// By the tree's criterion: Gini impurity from 0 to 1, or entropy in bits. 0 if only one class is left.
    package let impurity: Double

    package var images: Int { classCounts.reduce(0, +) }
  }

  package struct Comparison: Sendable, Equatable, Codable {
    package let pixel: PixelPosition
    /// Images whose value is at most this go left.
    package let threshold: UInt8
    /// The image's.
    package let value: UInt8

    package var goesLeft: Bool { value <= threshold }
  }

  package let shape: ImageShape
  package let classNames: [String]
  package let criterion: TreeSettings.Criterion
  /// Whether training images count as often as a bootstrap drew them.
  package let isBootstrapped: Bool
  /// The root first, the leaf last.
  package let steps: [Step]

  package var leaf: Step { steps[steps.count - 1] }
  /// The class shares in the leaf: (classes).
  package var probabilities: [Double] { Self.shares(leaf.classCounts) }
  /// The class shares in the root: what the tree would say without looking at the image.
  package var baseline: [Double] { Self.shares(steps[0].classCounts) }
  /// The most frequent class in the leaf; of equally frequent ones, the lowest.
  package var prediction: Int { leaf.classCounts.firstIndex(of: leaf.classCounts.max()!)! }

  /// - Parameter pixels: one image of the tree's shape
  package init(of model: DecisionTree, pixels: ArraySlice<UInt8>, classNames: [String]) {
    self.init(
      of: model.tree, pixels: pixels, shape: model.imageShape, classNames: classNames,
      criterion: model.treeSettings.criterion, isBootstrapped: false)
  }

  /// One tree of a forest.
  package init(of model: Forest, tree: Int, pixels: ArraySlice<UInt8>, classNames: [String]) {
    self.init(
      of: model.trees[tree], pixels: pixels, shape: model.imageShape, classNames: classNames,
      criterion: model.forestSettings.tree.criterion, isBootstrapped: model.forestSettings.bootstrap)
  }

  private init(
    of tree: Tree, pixels: ArraySlice<UInt8>, shape: ImageShape, classNames: [String],
    criterion: TreeSettings.Criterion, isBootstrapped: Bool
  ) {
    precondition(pixels.count == shape.count, "a tree for images of \(shape) cannot judge \(pixels.count) bytes")
    (self.shape, self.classNames, self.criterion) = (shape, classNames, criterion)
    self.isBootstrapped = isBootstrapped
    steps = tree.path(of: pixels, classCount: classNames.count).map { node in
      Step(
        node: node.node,
        comparison: node.comparison.map {
          Comparison(
            pixel: PixelPosition(index: $0.feature, in: shape), threshold: $0.threshold, value: $0.value)
        },
        classCounts: node.weights, impurity: Self.impurity(node.weights, criterion))
    }
  }

  /// How much each step's pixel moved the probability of a class: the class's share after the step less its share before. They add up to
  /// the leaf's share less the root's (Saabas, "Interpreting random forests", 2014).
  package func contributions(to label: Int) -> [Double] {
    zip(steps, steps.dropFirst()).map { Self.shares($1.classCounts)[label] - Self.shares($0.classCounts)[label] }
  }

  private static func shares(_ counts: [Int]) -> [Double] {
    let total = Double(counts.reduce(0, +))
    return counts.map { Double($0) / total }
  }

  static func impurity(_ counts: [Int], _ criterion: TreeSettings.Criterion) -> Double {
    let present = counts.filter { $0 > 0 }
    let total = counts.reduce(0, +)
    switch criterion {
    case .gini: return 1 - present.reduce(0) { $0 + (Double($1) / Double(total)) * (Double($1) / Double(total)) }
    case .entropy:
      let terms = present.reduce(0) { $0 + Double($1) * EntropyTerms.log2($1) }
      return max(0, EntropyTerms.log2(total) - terms / Double(total))
    }
  }
}

package import Datasets
package import Models

/// The explanation of a tree's prediction for one image: the path from the root to a leaf.
package struct TreeExplanation: Sendable, Equatable, Codable {
  /// A node on the path.
  package struct Step: Sendable, Equatable, Codable {
    /// The index of the node, in pre-order.
    package let node: Int
    /// The comparison at the node; nil in the leaf.
    package let comparison: Comparison?
    /// The number of training images that reach the node, by label. In a tree of a forest, bootstrap samples are
    /// counted.
    package let classCounts: [Int]
    /// The impurity by the tree's criterion: Gini impurity from 0 to 1, or entropy in bits. It is 0 if only one class
    /// is left.
    package let impurity: Double

    package var images: Int { classCounts.reduce(0, +) }
  }

  package struct Comparison: Sendable, Equatable, Codable {
    package let pixel: PixelPosition
    /// Images with at most this value go left.
    package let threshold: UInt8
    /// The value of the image.
    package let value: UInt8

    package var goesLeft: Bool { value <= threshold }
  }

  package let shape: ImageShape
  package let classNames: [String]
  package let criterion: TreeSettings.Criterion
  /// Whether class counts are of bootstrap samples.
  package let isBootstrapped: Bool
  /// The root first, the leaf last.
  package let steps: [Step]

  package var leaf: Step { steps[steps.count - 1] }
  /// (classes) The class fractions in the leaf.
  package var probabilities: [Double] { Self.fractions(leaf.classCounts) }
  /// The class fractions in the root: the prediction independent of the image.
  package var baseline: [Double] { Self.fractions(steps[0].classCounts) }
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
    precondition(pixels.count == shape.count, "a tree for images of \(shape) cannot classify \(pixels.count) bytes")
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

  /// Returns the contribution of each step to the probability of a class: the fraction of the class after the step
  /// minus that before it. The contributions sum to the fraction in the leaf minus that in the root (Saabas,
  /// "Interpreting random forests", 2014).
  package func contributions(to label: Int) -> [Double] {
    zip(steps, steps.dropFirst()).map { Self.fractions($1.classCounts)[label] - Self.fractions($0.classCounts)[label] }
  }

  private static func fractions(_ counts: [Int]) -> [Double] {
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

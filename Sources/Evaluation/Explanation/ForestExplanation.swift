internal import Datasets
package import Models

/// Why a forest says what it says of one image: how its trees vote, and which pixels moved them.
package struct ForestExplanation: Sendable, Equatable, Codable {
  package struct TreeVote: Sendable, Equatable, Codable {
    /// The most frequent class in the leaf that the image falls into; of equally frequent ones, the lowest.
    package let prediction: Int
    /// That class's share in the leaf.
    package let probability: Double
    /// Comparisons from the root to the leaf.
    package let depth: Int
  }

  package let classNames: [String]
  /// By tree. The path of one is a ``TreeExplanation``.
  package let trees: [TreeVote]
  /// By label: how many trees predict it.
  package let votes: [Int]
  /// By label: the mean over trees of the shares in the leaf, which decides. The very numbers that the forest predicts.
  package let probabilities: [Double]
  /// The most probable class; of equally probable ones, the lowest.
  package let prediction: Int
  /// By label: the mean over trees of the shares in the root, what the forest would say without looking at the image.
  package let baseline: [Double]
  /// (height, width, channels): how much each byte moved the probability of the prediction, as a mean over trees. The sum is its
  /// probability less its baseline (Saabas, "Interpreting random forests", 2014). It tells how the trees came to the answer, not what
  /// would change it.
  package let contributions: PixelMap

  /// - Parameter pixels: one image of the forest's shape
  package init(of model: Forest, pixels: ArraySlice<UInt8>, classNames: [String]) {
    let paths = model.trees.indices.map {
      TreeExplanation(of: model, tree: $0, pixels: pixels, classNames: classNames)
    }
    let count = Double(paths.count)
    var votes = [Int](repeating: 0, count: classNames.count)
    for path in paths { votes[path.prediction] += 1 }
    // In the trees' order and in single precision, as the forest itself adds them up: so ties are the same.
    let probabilities = classNames.indices.map { label in
      let sum = paths.reduce(Float(0)) { $0 + Float($1.leaf.classCounts[label]) / Float($1.leaf.images) }
      return Double(sum / Float(paths.count))
    }
    let prediction = probabilities.firstIndex(of: probabilities.max()!)!
    let shape = model.imageShape
    var sums = [Double](repeating: 0, count: shape.count)
    for path in paths {
      for (step, contribution) in zip(path.steps, path.contributions(to: prediction)) {
        sums[step.comparison!.pixel.index(in: shape)] += contribution
      }
    }
    let roots = paths.map(\.baseline)
    baseline = classNames.indices.map { label in roots.reduce(0) { $0 + $1[label] } / count }
    trees = paths.map {
      TreeVote(
        prediction: $0.prediction, probability: $0.probabilities[$0.prediction], depth: $0.steps.count - 1)
    }
    contributions = PixelMap(shape: shape, values: sums.map { Float($0 / count) })
    (self.classNames, self.votes, self.probabilities, self.prediction) = (classNames, votes, probabilities, prediction)
  }
}

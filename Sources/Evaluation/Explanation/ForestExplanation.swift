internal import Datasets
package import Models

/// The explanation of a forest's prediction for one image: the votes of its trees, and the contribution of each pixel.
package struct ForestExplanation: Sendable, Equatable, Codable {
  package struct TreeVote: Sendable, Equatable, Codable {
    /// The most frequent class in the image's leaf; of equally frequent ones, the lowest.
    package let prediction: Int
    /// The fraction of that class in the leaf.
    package let probability: Double
    /// The number of comparisons from the root to the leaf.
    package let depth: Int
  }

  package let classNames: [String]
  /// The votes by tree; see ``TreeExplanation`` for the path through one.
  package let trees: [TreeVote]
  /// The number of trees that predict each class, by label.
  package let votes: [Int]
  /// The mean over the trees of the class fractions in the leaf, by label: the probabilities that the forest predicts.
  package let probabilities: [Double]
  /// The most probable class; of equally probable ones, the lowest.
  package let prediction: Int
  /// The mean over the trees of the class fractions in the root, by label: the prediction independent of the image.
  package let baseline: [Double]
  /// (height, width, channels) The contribution of each byte to the probability of the prediction, as a mean over the
  /// trees. The contributions sum to the probability minus the baseline (Saabas, "Interpreting random forests", 2014).
  /// They explain how the trees arrived at the prediction, not what would change it.
  package let contributions: PixelMap

  /// - Parameter pixels: one image of the forest's shape
  package init(of model: Forest, pixels: ArraySlice<UInt8>, classNames: [String]) {
    let paths = model.trees.indices.map {
      TreeExplanation(of: model, tree: $0, pixels: pixels, classNames: classNames)
    }
    let count = Double(paths.count)
    var votes = [Int](repeating: 0, count: classNames.count)
    for path in paths { votes[path.prediction] += 1 }
    // Summed in the order of the trees and in single precision, as in the forest itself, so that ties are the same.
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

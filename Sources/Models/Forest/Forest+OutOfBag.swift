package import Compute
package import Datasets

extension Forest {
  /// Returns the out-of-bag accuracy: the accuracy on the training images, each classified only by the trees whose
  /// bootstrap left it out. It estimates the accuracy on new images without a hold-out set.
  ///
  /// - Parameter images: the images that the forest was fitted on, in the same order
  /// - Returns: nil without bootstrap, or if every tree saw every image. Images that every tree saw are not counted.
  package func outOfBagAccuracy(trainingImages images: LabeledImages, on context: ComputeContext) -> Double? {
    precondition(images.shape == imageShape, "a forest for images of \(imageShape) got images of \(images.shape)")
    guard forestSettings.bootstrap else { return nil }
    let sums = outOfBagSums(images, on: context)
    var evaluated = 0
    var correct = 0
    for (image, label) in images.labels.enumerated() where sums.treeCounts[image] > 0 {
      let row = sums.probabilities[image * classCount..<(image + 1) * classCount]
      evaluated += 1
      if row.firstIndex(of: row.max()!) == image * classCount + Int(label) { correct += 1 }
    }
    return evaluated > 0 ? Double(correct) / Double(evaluated) : nil
  }

  /// Returns the out-of-bag class probabilities of each training image: by the trees alone whose bootstrap left it out.
  /// They are scikit-learn's `oob_decision_function_`.
  ///
  /// - Parameter images: the images that the forest was fitted on, in the same order
  /// - Returns: for each image (classCount); nil for an image that every tree saw, as all are without bootstrap.
  package func outOfBagProbabilities(
    trainingImages images: LabeledImages, on context: ComputeContext
  ) -> [[Float]?] {
    precondition(images.shape == imageShape, "a forest for images of \(imageShape) got images of \(images.shape)")
    guard forestSettings.bootstrap else { return images.labels.map { _ in nil } }
    let sums = outOfBagSums(images, on: context)
    return (0..<images.count).map { image in
      guard sums.treeCounts[image] > 0 else { return nil }
      let row = sums.probabilities[image * classCount..<(image + 1) * classCount]
      return row.map { $0 / Float(sums.treeCounts[image]) }
    }
  }

  /// Returns the sums of each image's class probabilities over the trees that did not see it, (images, classCount), and
  /// the number of those trees, (images).
  private func outOfBagSums(
    _ images: LabeledImages, on context: ComputeContext
  ) -> (probabilities: [Float], treeCounts: [Int]) {
    var probabilities = [Float](repeating: 0, count: images.count * classCount)
    var treeCounts = [Int](repeating: 0, count: images.count)
    // Bootstraps are sampled again, for 64 trees at a time to save memory.
    for first in stride(from: 0, to: trees.count, by: 64) {
      let group = trees[first..<min(first + 64, trees.count)]
      var bags = [[UInt16]](repeating: [], count: group.count)
      bags.withUnsafeMutableBufferPointer { bags in
        context.team.forEach(group.count) { index, _ in
          bags[index] = bootstrapWeights(
            imageCount: images.count, tree: first + index, seed: forestSettings.tree.seed, kernels: context.kernels)
        }
      }
      for bag in bags {
        for image in treeCounts.indices where bag[image] == 0 { treeCounts[image] += 1 }
      }
      let sums = ProbabilitySums(trees: group, images: images, classCount: classCount, on: context.team)
      probabilities.withUnsafeMutableBufferPointer { probabilities in
        guard let target = probabilities.baseAddress else { return }
        context.team.forEach(sums.blockCount) { block, _ in
          sums.add(block: block, to: target, kernels: context.kernels) { tree, image in bags[tree - first][image] == 0 }
        }
      }
    }
    return (probabilities, treeCounts)
  }
}

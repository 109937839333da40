package import Compute
package import Datasets

extension Forest {
  /// The accuracy on the training images, where each image is judged only by the trees whose bootstrap left it out: an
  /// estimate of the accuracy on new images that needs no hold-out set.
  ///
  /// - Parameter images: those that the forest was fitted on, in the same order.
  /// - Returns: nil without bootstrap, or if every tree saw every image. Images that all trees saw are not counted.
  package func outOfBagAccuracy(trainingImages images: LabeledImages, on context: ComputeContext) -> Double? {
    precondition(images.shape == imageShape, "a forest for images of \(imageShape) cannot judge \(images.shape)")
    guard forestSettings.bootstrap else { return nil }
    let sums = outOfBagSums(images, on: context)
    var judged = 0
    var right = 0
    for (image, label) in images.labels.enumerated() where sums.trees[image] > 0 {
      let row = sums.shares[image * classCount..<(image + 1) * classCount]
      judged += 1
      if row.firstIndex(of: row.max()!) == image * classCount + Int(label) { right += 1 }
    }
    return judged > 0 ? Double(right) / Double(judged) : nil
  }

  /// The class probabilities of each training image by those trees alone whose bootstrap left it out, as if it were new.
  /// scikit-learn calls them `oob_decision_function_`.
  ///
  /// - Parameter images: those that the forest was fitted on, in the same order.
  /// - Returns: by image (classCount); nil for an image that every tree saw, so for all images without bootstrap.
  package func outOfBagProbabilities(
    trainingImages images: LabeledImages, on context: ComputeContext
  ) -> [[Float]?] {
    precondition(images.shape == imageShape, "a forest for images of \(imageShape) cannot judge \(images.shape)")
    guard forestSettings.bootstrap else { return images.labels.map { _ in nil } }
    let sums = outOfBagSums(images, on: context)
    return (0..<images.count).map { image in
      guard sums.trees[image] > 0 else { return nil }
      return sums.shares[image * classCount..<(image + 1) * classCount].map { $0 / Float(sums.trees[image]) }
    }
  }

  /// Sums of class shares over the trees that did not see an image: (images, classCount); and how many trees those are: (images).
  private func outOfBagSums(
    _ images: LabeledImages, on context: ComputeContext
  ) -> (shares: [Float], trees: [Int]) {
    var shares = [Float](repeating: 0, count: images.count * classCount)
    var judges = [Int](repeating: 0, count: images.count)
    // The bootstraps of some trees at a time are drawn again, to keep memory small.
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
        for image in judges.indices where bag[image] == 0 { judges[image] += 1 }
      }
      let sums = ShareSums(trees: group, images: images, classCount: classCount)
      shares.withUnsafeMutableBufferPointer { shares in
        guard let shares = shares.baseAddress else { return }
        context.team.forEach(sums.blockCount) { block, _ in
          sums.add(block: block, to: shares, kernels: context.kernels) { tree, image in bags[tree - first][image] == 0 }
        }
      }
    }
    return (shares, judges)
  }
}

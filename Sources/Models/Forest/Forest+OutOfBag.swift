package import Compute
package import Datasets
internal import KernelInterface

extension Forest {
  /// The accuracy on the training images, where each image is judged only by the trees whose bootstrap left it out: an
  /// estimate of the accuracy on new images that needs no hold-out set.
  ///
  /// - Parameter images: those that the forest was fitted on, in the same order.
  /// - Returns: nil without bootstrap, or if every tree saw every image. Images that all trees saw are not counted.
  package func outOfBagAccuracy(trainingImages images: LabeledImages, on context: ComputeContext) -> Double? {
    precondition(images.shape == imageShape, "a forest for images of \(imageShape) cannot judge \(images.shape)")
    guard forestSettings.bootstrap else { return nil }
    let shares = outOfBagShares(images, on: context.team, context.kernels)
    var judged = 0
    var right = 0
    for (image, label) in images.labels.enumerated() {
      let row = shares[image * classCount..<(image + 1) * classCount]
      guard let highest = row.max(), highest > 0 else { continue }
      judged += 1
      if row.firstIndex(of: highest) == image * classCount + Int(label) { right += 1 }
    }
    return judged > 0 ? Double(right) / Double(judged) : nil
  }

  /// Sums of class shares over the trees that did not see an image, in the trees' order: (images, classCount).
  private func outOfBagShares(
    _ images: LabeledImages, on team: ThreadTeam, _ kernels: any KernelSet.Type
  ) -> [Float] {
    var shares = [Float](repeating: 0, count: images.count * classCount)
    // Bootstraps are drawn again for some trees at a time, to keep memory small; blocks of images stay in the cache.
    let (group, block) = (64, 64)
    for firstTree in stride(from: 0, to: trees.count, by: group) {
      let numbers = firstTree..<min(firstTree + group, trees.count)
      var bags = [[UInt16]](repeating: [], count: numbers.count)
      bags.withUnsafeMutableBufferPointer { bags in
        team.forEach(numbers.count) { index, _ in
          bags[index] = bootstrapWeights(
            imageCount: images.count, tree: numbers.lowerBound + index, seed: forestSettings.tree.seed,
            kernels: kernels)
        }
      }
      shares.withUnsafeMutableBufferPointer { shares in
        images.pixels.withUnsafeBufferPointer { pixels in
          team.forEach((images.count + block - 1) / block) { index, _ in
            let first = index * block
            for (tree, bag) in zip(trees[numbers], bags) {
              bag.withUnsafeBufferPointer { bag in
                tree.addShares(
                  for: pixels.baseAddress! + first * imageShape.count, imageCount: min(block, images.count - first),
                  featureCount: imageShape.count, skipping: bag.baseAddress! + first,
                  to: shares.baseAddress! + first * classCount, classCount: classCount)
              }
            }
          }
        }
      }
    }
    return shares
  }
}

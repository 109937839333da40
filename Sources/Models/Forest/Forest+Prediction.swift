package import Compute
package import Datasets
internal import KernelInterface

/// Sums of class shares, over the trees of a list, for blocks of images: each block is judged by all trees while its
/// images are in the cache, and each image's shares are added up in the trees' order.
struct ShareSums {
  let trees: ArraySlice<Tree>
  let images: LabeledImages
  let classCount: Int

  static let blockSize = 256
  var blockCount: Int { (images.count + Self.blockSize - 1) / Self.blockSize }

  func range(ofBlock block: Int) -> Range<Int> {
    block * Self.blockSize..<min((block + 1) * Self.blockSize, images.count)
  }

  /// Adds the shares of a block's images.
  ///
  /// - Parameters:
  ///   - shares: (images, classCount)
  ///   - isJudged: whether a tree judges an image.
  func add(
    block: Int, to shares: UnsafeMutablePointer<Float>, kernels: any KernelSet.Type,
    where isJudged: (_ tree: Int, _ image: Int) -> Bool
  ) {
    let range = range(ofBlock: block)
    withUnsafeTemporaryAllocation(of: UInt32.self, capacity: 2 * Self.blockSize) { memory in
      let judged = memory.baseAddress!
      let leaves = judged + Self.blockSize
      for (number, tree) in zip(trees.indices, trees) {
        var count = 0
        for image in range where isJudged(number, image) {
          judged[count] = UInt32(image)
          count += 1
        }
        tree.findLeaves(of: images, judged, count: count, leaves, kernels: kernels)
        tree.addShares(ofLeaves: leaves, of: judged, count: count, to: shares, classCount: classCount)
      }
    }
  }
}

extension Tree {
  fileprivate func findLeaves(
    of images: LabeledImages, _ judged: UnsafePointer<UInt32>, count: Int, _ leaves: UnsafeMutablePointer<UInt32>,
    kernels: any KernelSet.Type
  ) {
    nodes.withUnsafeBufferPointer { nodes in
      images.pixels.withUnsafeBufferPointer { pixels in
        kernels.findLeaves(
          nodes: nodes.baseAddress!, rows: pixels.baseAddress!, rowStride: images.shape.count, images: judged,
          count: count, leaves: leaves)
      }
    }
  }

  /// Adds to each image's shares the shares of the classes in its leaf.
  fileprivate func addShares(
    ofLeaves leaves: UnsafePointer<UInt32>, of judged: UnsafePointer<UInt32>, count: Int,
    to shares: UnsafeMutablePointer<Float>, classCount: Int
  ) {
    leafStarts.withUnsafeBufferPointer { starts in
      classWeights.withUnsafeBufferPointer { weights in
        for index in 0..<count {
          let leaf = Int(leaves[index])
          let entries = Int(starts[leaf])..<Int(starts[leaf + 1])
          var whole: UInt32 = 0
          for entry in entries { whole += weights[entry].weight }
          let target = shares + Int(judged[index]) * classCount
          for entry in entries { target[Int(weights[entry].label)] += Float(weights[entry].weight) / Float(whole) }
        }
      }
    }
  }

  /// Means of class shares over trees: (images, classCount).
  static func meanShares(
    of trees: [Tree], for images: LabeledImages, classCount: Int, on context: ComputeContext,
    progress: (FitProgress) -> Bool
  ) throws -> [Float] {
    let sums = ShareSums(trees: trees[...], images: images, classCount: classCount)
    let tally = TeamTally(total: images.count, unit: .images)
    var shares = [Float](repeating: 0, count: images.count * classCount)
    shares.withUnsafeMutableBufferPointer { shares in
      guard let shares = shares.baseAddress else { return }
      context.team.forEach(sums.blockCount) { block, thread in
        if tally.isStopped { return }
        sums.add(block: block, to: shares, kernels: context.kernels) { _, _ in true }
        let range = sums.range(ofBlock: block)
        for index in range.lowerBound * classCount..<range.upperBound * classCount {
          shares[index] /= Float(trees.count)
        }
        tally.add(range.count, thread: thread, progress)
      }
    }
    try tally.checkStopped()
    return shares
  }
}

extension Forest {
  package func probabilities(
    for images: LabeledImages, on context: ComputeContext, progress: (FitProgress) -> Bool
  ) throws -> [Float] {
    precondition(images.shape == imageShape, "a forest for images of \(imageShape) cannot judge \(images.shape)")
    return try Tree.meanShares(of: trees, for: images, classCount: classCount, on: context, progress: progress)
  }
}

extension DecisionTree {
  package func probabilities(
    for images: LabeledImages, on context: ComputeContext, progress: (FitProgress) -> Bool
  ) throws -> [Float] {
    precondition(images.shape == imageShape, "a tree for images of \(imageShape) cannot judge \(images.shape)")
    return try Tree.meanShares(of: [tree], for: images, classCount: classCount, on: context, progress: progress)
  }
}

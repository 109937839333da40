package import Compute
package import Datasets
internal import KernelInterface
package import Progress

/// Sums of the class probabilities by some trees, for blocks of images: all trees classify a block while its images are
/// in the cache, and each image's probabilities are summed in the order of the trees.
struct ProbabilitySums {
  let trees: ArraySlice<Tree>
  let images: LabeledImages
  let classCount: Int

  /// The number of images of a block: as many as fit in the cache, but so few that each of the
  /// threads has about two blocks, and at least 64.
  let blockSize: Int

  init(trees: ArraySlice<Tree>, images: LabeledImages, classCount: Int, on team: ThreadTeam) {
    (self.trees, self.images, self.classCount) = (trees, images, classCount)
    blockSize = min(1024, max(64, images.count / (2 * team.count)))
  }

  var blockCount: Int { (images.count + blockSize - 1) / blockSize }

  func range(ofBlock block: Int) -> Range<Int> {
    block * blockSize..<min((block + 1) * blockSize, images.count)
  }

  /// Adds the probabilities of a block's images.
  ///
  /// - Parameters:
  ///   - sums: (images, classCount), of all images
  ///   - isIncluded: whether the sum of an image includes a tree
  func add(
    block: Int, to sums: UnsafeMutablePointer<Float>, kernels: any KernelSet.Type,
    where isIncluded: (_ tree: Int, _ image: Int) -> Bool
  ) {
    let range = range(ofBlock: block)
    withUnsafeTemporaryAllocation(of: UInt32.self, capacity: 2 * blockSize) { memory in
      let selected = memory.baseAddress!
      let leaves = selected + blockSize
      for (number, tree) in zip(trees.indices, trees) {
        var count = 0
        for image in range where isIncluded(number, image) {
          selected[count] = UInt32(image)
          count += 1
        }
        tree.findLeaves(of: images, selected, count: count, leaves, kernels: kernels)
        tree.addProbabilities(ofLeaves: leaves, of: selected, count: count, to: sums, classCount: classCount)
      }
    }
  }
}

extension Tree {
  /// Finds the leaves of the selected images: (count).
  func findLeaves(
    of images: LabeledImages, _ selected: UnsafePointer<UInt32>, count: Int, _ leaves: UnsafeMutablePointer<UInt32>,
    kernels: any KernelSet.Type
  ) {
    nodes.withUnsafeBufferPointer { nodes in
      images.pixels.withUnsafeBufferPointer { pixels in
        kernels.findLeaves(
          nodes: nodes.baseAddress!, nodeCount: nodes.count, rows: pixels.baseAddress!, rowStride: images.shape.count,
          images: selected, count: count, leaves: leaves)
      }
    }
  }

  /// Adds to each image's sums the class fractions in its leaf.
  func addProbabilities(
    ofLeaves leaves: UnsafePointer<UInt32>, of selected: UnsafePointer<UInt32>, count: Int,
    to sums: UnsafeMutablePointer<Float>, classCount: Int
  ) {
    leafStarts.withUnsafeBufferPointer { starts in
      classWeights.withUnsafeBufferPointer { weights in
        for index in 0..<count {
          let leaf = Int(leaves[index])
          let entries = Int(starts[leaf])..<Int(starts[leaf + 1])
          let target = sums + Int(selected[index]) * classCount
          if entries.count == 1 {
            target[Int(weights[entries.lowerBound].label)] += 1
            continue
          }
          var whole: UInt32 = 0
          for entry in entries { whole += weights[entry].weight }
          for entry in entries { target[Int(weights[entry].label)] += Float(weights[entry].weight) / Float(whole) }
        }
      }
    }
  }

  /// Returns the mean class probabilities over trees: (images, classCount).
  static func meanProbabilities(
    of trees: [Tree], for images: LabeledImages, classCount: Int, on context: ComputeContext,
    progress: (FitProgress) -> Bool
  ) throws -> [Float] {
    let sums = ProbabilitySums(trees: trees[...], images: images, classCount: classCount, on: context.team)
    let counter = ProgressCounter(total: images.count, unit: .images)
    var probabilities = [Float](repeating: 0, count: images.count * classCount)
    probabilities.withUnsafeMutableBufferPointer { probabilities in
      guard let target = probabilities.baseAddress else { return }
      context.team.forEach(sums.blockCount) { block, thread in
        if counter.isStopped { return }
        sums.add(block: block, to: target, kernels: context.kernels) { _, _ in true }
        let range = sums.range(ofBlock: block)
        for index in range.lowerBound * classCount..<range.upperBound * classCount {
          target[index] /= Float(trees.count)
        }
        counter.add(range.count, thread: thread, progress)
      }
    }
    try counter.throwIfStopped()
    return probabilities
  }
}

extension Forest {
  package func probabilities(
    for images: LabeledImages, on context: ComputeContext, progress: (FitProgress) -> Bool
  ) throws -> [Float] {
    try check(images.shape)
    return try Tree.meanProbabilities(of: trees, for: images, classCount: classCount, on: context, progress: progress)
  }
}

extension DecisionTree {
  package func probabilities(
    for images: LabeledImages, on context: ComputeContext, progress: (FitProgress) -> Bool
  ) throws -> [Float] {
    try check(images.shape)
    return try Tree.meanProbabilities(of: [tree], for: images, classCount: classCount, on: context, progress: progress)
  }
}

package import Compute
package import Datasets
package import Progress

extension Forest {
  /// Returns the class probabilities by several prefixes of the forest, each with the bits of a forest of that size.
  ///
  /// - Parameter counts: the numbers of trees, ascending, from 1
  /// - Returns: for each count (images, classCount).
  package func probabilities(
    ofFirst counts: [Int], for images: LabeledImages, on context: ComputeContext, progress: (FitProgress) -> Bool
  ) throws -> [[Float]] {
    try check(images.shape)
    let counter = ProgressCounter(total: images.count * counts.count, unit: .images)
    var totals = [Float](repeating: 0, count: images.count * classCount)
    var results: [[Float]] = []
    var first = 0
    for count in counts {
      let sums = ProbabilitySums(trees: trees[first..<count], images: images, classCount: classCount, on: context.team)
      totals.withUnsafeMutableBufferPointer { totals in
        guard let target = totals.baseAddress else { return }
        context.team.forEach(sums.blockCount) { block, thread in
          if counter.isStopped { return }
          sums.add(block: block, to: target, kernels: context.kernels) { _, _ in true }
          counter.add(sums.range(ofBlock: block).count, thread: thread, progress)
        }
      }
      try counter.throwIfStopped()
      results.append(totals.map { $0 / Float(count) })
      first = count
    }
    return results
  }
}

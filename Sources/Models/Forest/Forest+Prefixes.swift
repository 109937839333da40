package import Compute
package import Datasets

extension Forest {
  /// Class probabilities of several forests at once: those of the first so many trees, each by the very additions that it would make alone.
  ///
  /// - Parameter counts: of trees, ascending, from 1
  /// - Returns: for each count (images, classCount)
  package func probabilities(
    ofFirst counts: [Int], for images: LabeledImages, on context: ComputeContext, progress: (FitProgress) -> Bool
  ) throws -> [[Float]] {
    let tally = TeamTally(total: images.count * counts.count, unit: .images)
    var shares = [Float](repeating: 0, count: images.count * classCount)
    var results: [[Float]] = []
    var first = 0
    for count in counts {
      let sums = ShareSums(trees: trees[first..<count], images: images, classCount: classCount)
      shares.withUnsafeMutableBufferPointer { shares in
        guard let shares = shares.baseAddress else { return }
        context.team.forEach(sums.blockCount) { block, thread in
          if tally.isStopped { return }
          sums.add(block: block, to: shares, kernels: context.kernels) { _, _ in true }
          tally.add(sums.range(ofBlock: block).count, thread: thread, progress)
        }
      }
      try tally.checkStopped()
      results.append(shares.map { $0 / Float(count) })
      first = count
    }
    return results
  }
}

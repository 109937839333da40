internal import Compute
internal import Datasets

/// Training in rounds: each round is a step of the optimizer or, at the end of an epoch, the evaluation on the
/// validation set.
///
/// In each round, every worker computes sums over some of the logical shards, and the total over all shards determines
/// the next state. A single process has all shards; several processes add their sums along the ``SummationTree``, which
/// gives the same bits.
extension NetworkTrainer {
  /// The number of completed rounds.
  package var round: Int { step + history.count }

  /// Whether the next round is the evaluation at the end of an epoch.
  package var isValidating: Bool { step == (history.count + 1) * stepsPerEpoch }

  /// The length of the next round's sums.
  package var sumCount: Int { isValidating ? 16 : plan.count }

  /// The ranges of the next round's sums, in the order in which they are computed.
  package var buckets: [Range<Int>] { isValidating ? [0..<sumCount] : plan.buckets }

  /// Runs one round in a process that has all shards.
  /// - Throws: ``ModelError/badSettings(_:)`` if the loss or the predictions are no longer finite.
  package func runRound() throws {
    if isValidating { return try endEpoch(correct: try countCorrect(0..<(validation?.count ?? 0))) }
    gradient.use(shards: 0..<settings.shards)
    computeGradient()
    try takeStep(total: gradient.sums[0], finish: gradient.finish)
  }

  /// Computes the next round's sums over some shards: one for each of the maximal subtrees inside `shards`, from left
  /// to right. They are valid until the next call, and the caller may modify them.
  /// - Parameters:
  ///   - shards: not empty
  ///   - bucketSummed: called for each of ``buckets`` when its sums are complete, while the rest is being computed
  @discardableResult package func computeSums(
    shards: Range<Int>, bucketSummed: (_ bucket: Int, _ sums: [UnsafePointer<Float>]) -> Void = { _, _ in }
  ) throws -> [UnsafePointer<Float>] {
    guard isValidating else {
      gradient.use(shards: shards)
      let sums = gradient.sums
      withoutActuallyEscaping(bucketSummed) { bucketSummed in
        computeGradient { bucketSummed($0, sums) }
      }
      return sums
    }
    let count = validation?.count ?? 0
    // A sum of integers is exact in any order, so the first subtree can carry the whole count.
    validationSums.pointer.update(repeating: 0, count: validationSums.count)
    validationSums.pointer[0] = Float(
      try countCorrect(count * shards.lowerBound / settings.shards..<count * shards.upperBound / settings.shards))
    let subtrees = SummationTree(leafCount: settings.shards).subtrees(inside: shards)
    let sums = subtrees.indices.map { UnsafePointer(validationSums.pointer + 16 * $0) }
    bucketSummed(0, sums)
    return sums
  }

  /// Completes the round.
  /// - Parameter total: (sumCount), over all shards
  /// - Throws: ``ModelError/badSettings(_:)`` if the loss or the predictions are no longer finite.
  package func completeRound(total: UnsafePointer<Float>) throws {
    if isValidating { return try endEpoch(correct: Int(total[0])) }
    try takeStep(total: total, finish: { _ in })
  }
}

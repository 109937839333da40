internal import Compute
internal import Datasets

/// Training in rounds: each is a step of the optimizer or, at the end of an epoch, the judging of it by the hold-out images.
///
/// In every round each worker computes sums over some of the logical shards, and the total over all shards decides how it goes on. One process
/// has all shards; several add up their sums along the ``SummationTree``, and get the same bits.
extension NetworkTrainer {
  /// Rounds that are done.
  package var round: Int { step + history.count }

  /// Whether the next round is the judging of an epoch.
  package var isJudging: Bool { step == (history.count + 1) * stepsPerEpoch }

  /// How many numbers the next round's sums have.
  package var sumCount: Int { isJudging ? 16 : plan.count }

  /// The next round's sums in pieces, in the order in which they are computed.
  package var buckets: [Range<Int>] { isJudging ? [0..<sumCount] : plan.buckets }

  /// One round of a process that has all shards.
  /// - Throws: ``ModelError/badSettings(_:)`` if the loss is no longer a number, or the predictions are none.
  package func takeRound() throws {
    if isJudging { return try endEpoch(correct: try countCorrect(0..<(validation?.count ?? 0))) }
    gradient.use(shards: 0..<settings.shards)
    computeGradient()
    try takeStep(total: gradient.sums[0], finish: gradient.finish)
  }

  /// The next round's sums over some shards: one for each of the maximal subtrees inside `shards`, from left to right. Valid until the next
  /// call, which needs nothing of them: the caller may add to them in place.
  /// - Parameters:
  ///   - shards: not empty
  ///   - bucketSummed: told of each of ``buckets`` when the sums are complete there, while the rest is still being computed
  @discardableResult package func computeSums(
    shards: Range<Int>, bucketSummed: (_ bucket: Int, _ sums: [UnsafePointer<Float>]) -> Void = { _, _ in }
  ) throws -> [UnsafePointer<Float>] {
    guard isJudging else {
      gradient.use(shards: shards)
      let sums = gradient.sums
      withoutActuallyEscaping(bucketSummed) { bucketSummed in
        computeGradient { bucketSummed($0, sums) }
      }
      return sums
    }
    let count = validation?.count ?? 0
    // Whole numbers: their sum is exact in any order, so one subtree may carry it all.
    validationSums.pointer.update(repeating: 0, count: validationSums.count)
    validationSums.pointer[0] = Float(
      try countCorrect(count * shards.lowerBound / settings.shards..<count * shards.upperBound / settings.shards))
    let subtrees = SummationTree(leafCount: settings.shards).subtrees(inside: shards)
    let sums = subtrees.indices.map { UnsafePointer(validationSums.pointer + 16 * $0) }
    bucketSummed(0, sums)
    return sums
  }

  /// Ends the round.
  /// - Parameter total: (sumCount), over all shards
  /// - Throws: ``ModelError/badSettings(_:)`` if the loss is no longer a number.
  package func completeRound(total: UnsafePointer<Float>) throws {
    if isJudging { return try endEpoch(correct: Int(total[0])) }
    try takeStep(total: total, finish: { _ in })
  }
}

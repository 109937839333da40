package import Compute
internal import Datasets

/// What tells whether several trainers compute the same.
extension NetworkTrainer {
  /// Rounds of a whole training by these images, unless it ends early.
  /// - Parameter labels: of the images, hold-out images included
  package static func rounds(of settings: NetworkSettings, labels: [UInt8]) -> Int {
    let kept = Split.holdOut(labels: labels, fraction: settings.validation, seed: settings.seed).kept.count
    return settings.epochs * (max(1, kept / settings.batch) + 1)
  }

  /// Whether the next round's gradient may be the last of the training. Where a training can end early, that is known only afterwards: the last
  /// gradient of each epoch counts then, unless an epoch has fewer rounds than `rounds`.
  package func isLastGradient(ofEpochsFrom rounds: Int) -> Bool {
    step + 1 == (history.count + 1) * stepsPerEpoch
      && (history.count + 1 == settings.epochs || settings.patience != nil && stepsPerEpoch >= rounds)
  }

  /// Some of a member's shards, chosen by the seed and the next round.
  /// - Parameter count: at most so many
  package func sample(_ count: Int, of shards: Range<Int>) -> [Int] {
    guard count > 0, !shards.isEmpty else { return [] }
    var draws = RandomSequence(seed: settings.seed, .gradientCheck, UInt32(truncatingIfNeeded: round))
    let first = Int(draws.next(below: UInt32(shards.count)))
    return (0..<min(count, shards.count)).map { shards.lowerBound + (first + $0) % shards.count }
  }

  /// Has the next ``computeSums(shards:bucketSummed:)`` take digests of these shards' gradients, before they are added to others'.
  package func watch(_ shards: [Int]) { gradient.watched = shards }

  /// Of the shards that were watched in the last round.
  package var watchedDigest: UInt64 { gradient.watchedDigest }

  /// Computes gradients of the next round's batch once more, or in place of another trainer: their digest is what
  /// ``watchedDigest`` is there. The round in hand is not touched.
  package func gradientDigest(of shards: [Int]) -> UInt64 {
    BatchGradient.combined(
      shards.map { shard in
        checker.use(shards: shard..<shard + 1)
        checker.watched = [shard]
        computeGradient(checker)
        return checker.watchedDigest
      })
  }
}

extension NetworkPlan {
  private static let otherTensors = [
    "optimizer.first", "optimizer.second", "average", "best.parameters", "counters", "epoch.sums", "history.loss",
    "history.training-accuracy", "history.validation-accuracy",
  ]

  /// Digests of the state of a training: one for each slice of the parameters, then one for each other tensor. Two states are the same if
  /// theirs are.
  /// - Parameter state: ``NetworkTrainer/checkpoint``
  /// - Returns: nil if these are not a state of this network.
  package func digests(ofState state: [Tensor]) -> [UInt64]? {
    guard let parameters = state.first(where: { $0.name == "parameters" }), parameters.elementType == .float32,
      parameters.elementCount == count
    else { return nil }
    return parameters.bytes.withUnsafeBytes { bytes in
      slices.map { slice in
        var digest = Fingerprint()
        digest.update(UnsafeRawBufferPointer(rebasing: bytes[4 * slice.offset..<4 * (slice.offset + slice.count)]))
        return digest.value
      }
    }
      + Self.otherTensors.map { name in
        var digest = Fingerprint()
        state.first { $0.name == name }?.bytes.withUnsafeBytes { digest.update($0) }
        return digest.value
      }
  }

  /// What people call the tensor of a digest.
  package func tensorName(ofDigest index: Int) -> String {
    if slices.indices.contains(index) { return slices[index].name }
    let other = index - slices.count
    return Self.otherTensors.indices.contains(other) ? Self.otherTensors[other] : "\(index)"
  }
}

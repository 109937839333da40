package import Compute
internal import Datasets
internal import Text

/// Digests that show whether several trainers compute the same bits.
extension NetworkTrainer {
  /// Returns the number of rounds of a whole training on some images, unless it stops early.
  /// - Parameter labels: the labels of all images, including the validation set
  package static func rounds(of settings: NetworkSettings, labels: [UInt8]) -> Int {
    let kept = Split.holdOut(labels: labels, fraction: settings.validation, seed: settings.seed).kept.count
    return settings.epochs * (max(1, kept / settings.batch) + 1)
  }

  /// Returns a warning if a whole training takes so few steps that a network hardly learns; nil if it does not.
  /// - Parameter labels: the labels of all images, including the validation set
  package static func warning(ofFewSteps settings: NetworkSettings, labels: [UInt8]) -> String? {
    let steps = rounds(of: settings, labels: labels) - settings.epochs
    guard steps < fewestSteps else { return nil }
    let batches = steps / settings.epochs
    let epochs = (fewestSteps + batches - 1) / batches
    return
      "the training takes only \(counted(steps, "step")) of the optimizer (\(counted(settings.epochs, "epoch")) of "
      + "\(counted(batches, "batch", "batches"))), too few for a network to learn much; add --epochs \(epochs)"
  }

  /// Networks with the default settings hardly learn in fewer steps.
  private static let fewestSteps = 100

  /// Returns whether the next round's gradient may be the last of the training. If a training can stop early, that is
  /// known only afterwards, so every last gradient of an epoch counts, unless epochs have fewer than `rounds` steps.
  package func isLastGradient(ofEpochsFrom rounds: Int) -> Bool {
    step + 1 == (history.count + 1) * stepsPerEpoch
      && (history.count + 1 == settings.epochs || settings.patience != nil && stepsPerEpoch >= rounds)
  }

  /// Samples some of a member's shards, determined by the seed and the next round.
  /// - Parameter count: the most shards to return
  package func sample(_ count: Int, of shards: Range<Int>) -> [Int] {
    guard count > 0, !shards.isEmpty else { return [] }
    var random = RandomSequence(seed: settings.seed, .gradientCheck, UInt32(truncatingIfNeeded: round))
    let first = Int(random.next(below: UInt32(shards.count)))
    return (0..<min(count, shards.count)).map { shards.lowerBound + (first + $0) % shards.count }
  }

  /// Requests digests of the gradients of some shards, which the next ``computeSums(shards:bucketSummed:)`` takes
  /// before it adds them to others.
  package func watch(_ shards: [Int]) { gradient.watched = shards }

  /// The digest of the gradients of the shards that were watched in the last round.
  package var watchedDigest: UInt64 { gradient.watchedDigest }

  /// Recomputes gradients of the next round's batch, possibly of another trainer's shards, and returns their digest,
  /// which equals that trainer's ``watchedDigest``. The current round is not affected.
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

  /// Returns digests of the state of a training: one for each slice of the parameters, then one for each other tensor.
  /// Equal digests mean equal states.
  /// - Parameter state: ``NetworkTrainer/checkpoint``
  /// - Returns: nil if the tensors are not a state of this network
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

  /// Returns the readable name of the tensor that a digest belongs to.
  package func tensorName(ofDigest index: Int) -> String {
    if slices.indices.contains(index) { return slices[index].name }
    let other = index - slices.count
    return Self.otherTensors.indices.contains(other) ? Self.otherTensors[other] : "\(index)"
  }
}

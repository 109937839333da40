import Compute
import Datasets
import Models
import Testing

/// Digests that members of a training group compare.
@Suite struct NetworkVerificationTests {
  private let images: LabeledImages

  init() throws { images = try Dataset.load(environment: [:]).train.prefix(400) }

  private var settings: NetworkSettings {
    var settings = NetworkSettings()
    (settings.filters, settings.dense, settings.epochs, settings.batch) = ([8, 20], [24], 2, 96)
    settings.dropout = 0.2
    return settings
  }

  private func trainer(threads: Int) throws -> NetworkTrainer {
    try NetworkTrainer(
      images, classCount: 10, settings: settings,
      on: ComputeContext(threads: threads, instructionSet: InstructionSet.available.max()!))
  }

  /// The owner takes the digest while it computes its range in buckets; the others compute single shards.
  @Test(arguments: [1, 3]) func digestOfGradientIsIndependentOfItsComputer(threads: Int) throws {
    let (owner, checker) = (try trainer(threads: threads), try trainer(threads: 2))
    for _ in 0..<3 {
      for range in [0..<8, 2..<7, 5..<6] {
        for count in [1, 2, Int.max] {
          let shards = owner.sample(count, of: range)
          #expect(shards.count == min(count, range.count) && shards.allSatisfy(range.contains))
          owner.watch(shards)
          try owner.computeSums(shards: range)
          let digest = owner.watchedDigest
          #expect(digest == checker.gradientDigest(of: shards) && digest != 0)
          owner.watch([])
          try owner.computeSums(shards: range, bucketSummed: { _, _ in })
          #expect(owner.watchedDigest == 0)
        }
      }
      for trainer in [owner, checker] { try trainer.runRound() }
      #expect(owner.plan.digests(ofState: owner.checkpoint) == checker.plan.digests(ofState: checker.checkpoint))
    }
  }

  @Test func verificationDoesNotChangeTraining() throws {
    let (plain, checked) = (try trainer(threads: 2), try trainer(threads: 2))
    while !plain.isFinished {
      try plain.runRound()
      if !checked.isValidating {
        checked.watch([0, 3])
        _ = checked.gradientDigest(of: [1, 2])
      }
      try checked.runRound()
    }
    #expect(plain.network.digest == checked.network.digest)
  }

  @Test func everyTensorOfStateHasDigest() throws {
    let trainer = try trainer(threads: 1)
    while trainer.history.isEmpty { try trainer.runRound() }
    try trainer.runRound()
    let (state, plan) = (trainer.checkpoint, trainer.plan)
    let digests = try #require(plan.digests(ofState: state))
    for (index, tensor) in state.enumerated() where !tensor.bytes.isEmpty {
      var bytes = tensor.bytes
      bytes[bytes.count - 1] ^= 1
      var changed = state
      changed[index] = Tensor(name: tensor.name, shape: tensor.shape, elementType: tensor.elementType, bytes: bytes)
      let others = try #require(plan.digests(ofState: changed))
      let different = digests.indices.filter { digests[$0] != others[$0] }
      #expect(different.count == 1 && plan.tensorName(ofDigest: different[0]) != "\(different[0])", "\(tensor.name)")
    }
    #expect(plan.digests(ofState: []) == nil)
  }

  @Test func roundCountFollowsFromSettings() throws {
    let trainer = try trainer(threads: 1)
    while !trainer.isFinished { try trainer.runRound() }
    #expect(NetworkTrainer.rounds(of: settings, labels: images.labels) == trainer.round)
  }
}

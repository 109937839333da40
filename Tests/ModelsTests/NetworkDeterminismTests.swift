import Compute
import Datasets
import Models
import Testing

@Suite struct NetworkDeterminismTests {
  private let images: LabeledImages

  init() throws { images = try Dataset.load(environment: [:]).train.prefix(2000) }

  private var settings: NetworkSettings {
    var settings = NetworkSettings()
    (settings.filters, settings.dense, settings.epochs, settings.batch) = ([8, 20], [24], 2, 96)
    settings.augment = Augmentation(flip: true, shift: 2, erase: true)
    settings.weightAverage = 0.9
    settings.dropout = 0.2
    return settings
  }

  private func fit(_ images: LabeledImages, threads: Int, _ set: InstructionSet, _ settings: NetworkSettings) throws
    -> Network
  {
    try Network.fit(
      images, classCount: 10, settings: settings, on: ComputeContext(threads: threads, instructionSet: set),
      progress: { _ in true })
  }

  @Test func theDigestDoesNotDependOnThreads() throws {
    let set = InstructionSet.available.max()!
    // With more threads than shards, some have nothing to do.
    let digests = try [1, 2, 3, 5, 13].map { try fit(images, threads: $0, set, settings).digest }
    #expect(Set(digests).count == 1)
  }

  /// What several workers do: each computes the sums over its shards, and sends each bucket as soon as it is told of it; the total along the
  /// tree decides how all go on. Ranges change.
  @Test(arguments: [1, 2, 3]) func sharingShardsDoesNotChangeTheDigest(threads: Int) throws {
    let context = ComputeContext(threads: threads, instructionSet: InstructionSet.available.max()!)
    let whole = try fit(images, threads: 2, context.instructionSet, settings).digest
    let tree = SummationTree(leafCount: settings.shards)
    let divisions = [[8], [4, 4], [3, 5], [1, 2, 5], [7, 1], [2, 2, 2, 2]]
    let trainers = try (0..<4).map { _ in
      try NetworkTrainer(images, classCount: 10, settings: settings, on: context)
    }
    while !trainers[0].isFinished {
      let division = divisions[trainers[0].round % divisions.count]
      let count = trainers[0].sumCount
      var first = 0
      var subtrees: [Range<Int>] = []
      var sums: [[Float]] = []
      for (member, share) in division.enumerated() {
        let ownSubtrees = tree.subtrees(inside: first..<first + share)
        var own = [[Float]](repeating: [Float](repeating: .nan, count: count), count: ownSubtrees.count)
        let buckets = trainers[member].buckets
        var told: [Int] = []
        try trainers[member].computeSums(shards: first..<first + share) { bucket, sums in
          told.append(bucket)
          for (index, sum) in sums.enumerated() {
            for place in buckets[bucket] { own[index][place] = sum[place] }
          }
        }
        #expect(told == Array(buckets.indices))
        subtrees += ownSubtrees
        sums += own
        first += share
      }
      for (left, right) in tree.additions(over: subtrees) {
        for place in 0..<count { sums[left][place] += sums[right][place] }
      }
      let total = AlignedBuffer(sums[0])
      for trainer in trainers { try trainer.completeRound(total: total.pointer) }
    }
    for trainer in trainers { #expect(trainer.network.digest == whole) }
  }

  /// Fewer images, because the portable kernels call a function for each fused operation.
  @Test func theDigestDoesNotDependOnTheInstructionSet() throws {
    for optimizer in OptimizerKind.allCases {
      var settings = settings
      (settings.optimizer, settings.epochs) = (optimizer, 1)
      let digests = try InstructionSet.available.map { try fit(images.prefix(500), threads: 2, $0, settings).digest }
      #expect(Set(digests).count == 1)
    }
  }

  @Test func theSeedMatters() throws {
    var other = settings
    other.seed = 1
    let set = InstructionSet.available.max()!
    #expect(
      try fit(images.prefix(500), threads: 2, set, settings).digest
        != fit(images.prefix(500), threads: 2, set, other).digest)
  }

  /// Stops after every few steps, in the middle of epochs and at their ends, and goes on from the checkpoint in a new trainer.
  @Test(arguments: [OptimizerKind.sgd, .adam]) func aResumedTrainingEndsLikeAnUninterruptedOne(optimizer: OptimizerKind)
    throws
  {
    var settings = settings
    (settings.optimizer, settings.epochs) = (optimizer, 3)
    let context = ComputeContext(threads: 2, instructionSet: InstructionSet.available.max()!)
    let whole = try NetworkTrainer(images, classCount: 10, settings: settings, on: context)
    try whole.run(progress: { _ in true }, epochEnded: {})

    var checkpoint: [Tensor]?
    for interruption in 1...100 {
      let trainer = try NetworkTrainer(images, classCount: 10, settings: settings, on: context)
      if let checkpoint { try trainer.resume(checkpoint) }
      var looks = 0
      do {
        try trainer.run(
          progress: { _ in
            looks += 1
            return looks < 3 + interruption % 5
          }, epochEnded: {})
      } catch is CancellationError {
        checkpoint = trainer.checkpoint
        continue
      }
      #expect(interruption > 5)
      #expect(trainer.history == whole.history)
      #expect(Tensor.digest(of: trainer.checkpoint) == Tensor.digest(of: whole.checkpoint))
      #expect(trainer.network.digest == whole.network.digest)
      return
    }
    Issue.record("never finished")
  }

  @Test func aCheckpointOfAnotherNetworkIsRefused() throws {
    let context = ComputeContext(threads: 1, instructionSet: InstructionSet.available.max()!)
    let small = images.prefix(200)
    let checkpoint = try NetworkTrainer(small, classCount: 10, settings: settings, on: context).checkpoint
    var other = settings
    other.filters = [8, 21]
    let trainer = try NetworkTrainer(small, classCount: 10, settings: other, on: context)
    #expect(throws: ModelError.self) { try trainer.resume(checkpoint) }
    #expect(throws: ModelError.self) { try trainer.resume([]) }
  }

  @Test func aModelRebuiltFromItsTensorsPredictsTheSameBits() throws {
    let context = ComputeContext(threads: 2, instructionSet: InstructionSet.available.max()!)
    let network = try fit(images.prefix(500), threads: 2, context.instructionSet, settings)
    let rebuilt = try Network(
      tensors: network.tensors, settings: network.settings, imageShape: network.imageShape, classCount: 10)
    let probe = images.prefix(100)
    #expect(
      try network.probabilities(for: probe, on: context, progress: { _ in true })
        == rebuilt.probabilities(for: probe, on: context, progress: { _ in true }))
    #expect(rebuilt.digest == network.digest)
    for tensor in network.tensors {
      #expect(throws: ModelError.self, "without \(tensor.name)") {
        try Network(
          tensors: network.tensors.filter { $0.name != tensor.name }, settings: network.settings,
          imageShape: network.imageShape, classCount: 10)
      }
    }
  }

  @Test func itLearns() throws {
    var settings = NetworkSettings()
    (settings.filters, settings.dense, settings.dropout, settings.epochs) = ([16, 32], [32], 0, 4)
    let context = ComputeContext(threads: 2, instructionSet: InstructionSet.available.max()!)
    let network = try fit(images, threads: 2, context.instructionSet, settings)
    let unseen = try Dataset.load(environment: [:]).test.prefix(1000)
    let predictions = try network.predictions(for: unseen, on: context)
    // Guessing gives 10 %; 2000 images are enough for more than 75 %.
    #expect(zip(predictions, unseen.labels).count { $0 == $1 } > 750)
  }

  @Test func aTrainingThatDivergesSaysSo() throws {
    var settings = settings
    (settings.learningRate, settings.batchNorm) = (1e9, false)
    #expect(throws: ModelError.self) {
      try fit(images.prefix(500), threads: 2, InstructionSet.available.max()!, settings)
    }
  }
}

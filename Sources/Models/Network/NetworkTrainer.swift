package import Compute
package import Datasets
internal import KernelInterface

/// What happened in one epoch.
package struct EpochResult: Sendable, Equatable, Codable {
  package let loss: Double
  package let trainingAccuracy: Double
  /// nil without hold-out images.
  package let validationAccuracy: Double?

  package init(loss: Double, trainingAccuracy: Double, validationAccuracy: Double?) {
    (self.loss, self.trainingAccuracy, self.validationAccuracy) = (loss, trainingAccuracy, validationAccuracy)
  }
}

/// Trains a network round by round: see ``takeRound()``. After any round its ``checkpoint`` holds all that the rest of the training
/// depends on.
package final class NetworkTrainer {
  package let settings: NetworkSettings
  package let plan: NetworkPlan
  package let stepsPerEpoch: Int
  /// Epochs that are done.
  package internal(set) var history: [EpochResult] = []
  /// Steps that are done.
  package internal(set) var step = 0
  /// Sums over the steps of the epoch in hand.
  var lossSum = 0.0
  var correctSum = 0.0
  /// The parameters of the best epoch, and which it was; nil until an epoch was judged.
  var best: (epoch: Int, parameters: [Float])?

  let parameters: AlignedBuffer<Float>
  let optimizer: Optimizer
  let gradient: BatchGradient
  /// Computes gradients that belong to others. Made when it is first needed.
  private(set) lazy var checker = BatchGradient(
    plan, settings: settings, images: training, normalization: normalization, shards: 0..<1, context: context)
  let validation: LabeledImages?
  /// What the judging of an epoch sums, for each subtree of a range of shards: (16), the first being the number of images told rightly.
  let validationSums: AlignedBuffer<Float>
  package let context: ComputeContext
  private let packed: PackedWeights
  private let normalization: InputNormalization
  private let training: LabeledImages
  /// The order in which the epoch in hand takes the training images.
  private var order: [Int] = []
  private var orderedEpoch = -1

  /// - Throws: ``ModelError/badSettings(_:)`` if the settings make no sense, or not for these images.
  package init(
    _ images: LabeledImages, classCount: Int, settings: NetworkSettings, on context: ComputeContext
  ) throws(ModelError) {
    try settings.validate()
    plan = try NetworkPlan(settings.layers, input: images.shape, classCount: classCount)
    let split = Split.holdOut(labels: images.labels, fraction: settings.validation, seed: settings.seed)
    training = split.heldOut.isEmpty ? images : images.selecting(split.kept)
    validation = split.heldOut.isEmpty ? nil : images.selecting(split.heldOut)
    guard training.count > 0 else { throw .badSettings("there are no images to train on") }
    self.settings = settings
    self.context = context
    normalization = InputNormalization(measuring: training)
    // A rest that fills no batch waits for another epoch's order; a set smaller than one batch is one batch.
    stepsPerEpoch = max(1, training.count / settings.batch)
    parameters = AlignedBuffer(plan.initialParameters(seed: settings.seed))
    packed = PackedWeights(plan)
    optimizer = Optimizer(plan, settings: settings)
    if optimizer.average.count > 0 { optimizer.average.pointer.update(from: parameters.pointer, count: plan.count) }
    validationSums = AlignedBuffer(count: 16 * settings.shards)
    gradient = BatchGradient(
      plan, settings: settings, images: training, normalization: normalization, context: context)
    packed.update(from: parameters.pointer, on: context)
  }

  package var isFinished: Bool {
    if history.count >= settings.epochs { return true }
    guard let patience = settings.patience, let best else { return false }
    return history.count - 1 - best.epoch >= patience
  }

  /// The network that training has come to: the best epoch's if there are hold-out images, else the last.
  package var network: Network {
    Network(settings, plan: plan, parameters: best?.parameters ?? current, normalization: normalization)
  }

  /// The parameters that predict now: their running average, if there is one.
  private var current: [Float] {
    let source = optimizer.average.count > 0 ? optimizer.average.elements : parameters.elements
    return Array(source)
  }

  /// Trains until the end, or until `progress` returns false: then throws `CancellationError`, and ``checkpoint`` goes on from here.
  /// - Throws: ``ModelError/badSettings(_:)`` if the loss is no longer a number; what `epochEnded` throws.
  package func run(progress: (FitProgress) -> Bool, epochEnded: () throws -> Void) throws {
    while !isFinished {
      let epochs = history.count
      try takeRound()
      if history.count > epochs { try epochEnded() }
      guard progress(self.progress) || isFinished else { throw CancellationError() }
    }
  }

  /// How far the training is. At the end of an epoch: what the epoch came to.
  package var progress: FitProgress {
    let batch = min(settings.batch, training.count)
    let steps = step - history.count * stepsPerEpoch
    var progress = FitProgress(
      done: steps * batch, total: stepsPerEpoch * batch, unit: .images, epoch: history.count + 1,
      epochs: settings.epochs, loss: steps > 0 ? lossSum / Double(steps * batch) : nil)
    if steps == 0, let ended = history.last {
      (progress.epoch, progress.done) = (history.count, progress.total)
      (progress.loss, progress.validationAccuracy) = (ended.loss, ended.validationAccuracy)
    }
    return progress
  }

  // MARK: A step

  /// Computes the gradient's sums over the shards that ``gradient`` is set to: see
  /// ``BatchGradient/compute(samples:count:epoch:parameters:packed:bucketSummed:)``.
  func computeGradient(bucketSummed: ((_ bucket: Int) -> Void)? = nil) {
    computeGradient(gradient, bucketSummed: bucketSummed)
  }

  func computeGradient(_ gradient: BatchGradient, bucketSummed: ((_ bucket: Int) -> Void)? = nil) {
    let epoch = step / stepsPerEpoch
    prepareOrder(epoch)
    let batch = min(settings.batch, training.count)
    order.withUnsafeBufferPointer { order in
      gradient.compute(
        samples: order.baseAddress! + step % stepsPerEpoch * batch, count: batch, epoch: epoch,
        parameters: parameters.pointer, packed: packed, bucketSummed: bucketSummed)
    }
  }

  /// One step of the optimizer.
  /// - Parameters:
  ///   - total: (plan.count), the gradient's sum over the batch, once `finish` has covered it
  ///   - finish: called for ranges that together are the whole, from the threads of the team
  func takeStep(total: UnsafePointer<Float>, finish: (Range<Int>) -> Void) throws(ModelError) {
    let factors = optimizer.factors(
      step: step, of: settings.epochs * stepsPerEpoch, images: min(settings.batch, training.count))
    context.team.forEachRange(plan.count, multipleOf: 16) { range, _ in
      finish(range)
      optimizer.apply(
        range, factors: factors, step: step, gradient: total, parameters: parameters.pointer,
        kernels: context.kernels)
    }
    refresh()
    let loss = total[plan.tally.offset]
    guard loss.isFinite else { throw diverged("the loss of step \(step + 1) is not a number") }
    lossSum += Double(loss)
    correctSum += Double(total[plan.tally.offset + 1])
    step += 1
  }

  private func diverged(_ reason: String) -> ModelError {
    .badSettings("training diverged: \(reason); try a lower --learning-rate than \(settings.peakLearningRate)")
  }

  private func prepareOrder(_ epoch: Int) {
    if epoch == orderedEpoch { return }
    order = Array(0..<training.count)
    var draws = RandomSequence(seed: settings.seed, .shuffle, UInt32(truncatingIfNeeded: epoch))
    draws.shuffle(&order)
    orderedEpoch = epoch
  }

  // MARK: The end of an epoch

  /// How many of these hold-out images the network tells rightly.
  func countCorrect(_ range: Range<Int>) throws -> Int {
    guard let validation, !range.isEmpty else { return 0 }
    let images = range.count == validation.count ? validation : validation.selecting(Array(range))
    let network = Network(settings, plan: plan, parameters: current, normalization: normalization)
    let predictions = try network.predictions(for: images, on: context)
    return zip(predictions, images.labels).count { $0 == $1 }
  }

  /// - Parameter correct: hold-out images that are told rightly.
  /// - Throws: ``ModelError/badSettings(_:)`` if the network no longer predicts numbers: its last step may have been too long, which no loss
  ///   tells yet.
  func endEpoch(correct: Int) throws {
    let network = Network(settings, plan: plan, parameters: current, normalization: normalization)
    let probabilities = try network.probabilities(
      for: (validation ?? training).prefix(64), on: context, progress: { _ in true })
    guard probabilities.allSatisfy(\.isFinite), parameters.elements.allSatisfy(\.isFinite) else {
      throw diverged("the predictions after epoch \(history.count + 1) are not numbers")
    }
    let seen = Double(stepsPerEpoch * min(settings.batch, training.count))
    var accuracy: Double?
    if let validation {
      accuracy = Double(correct) / Double(validation.count)
      let bestSoFar = best.flatMap { history[$0.epoch].validationAccuracy } ?? -1
      if accuracy! > bestSoFar { best = (history.count, current) }
    }
    history.append(
      EpochResult(loss: lossSum / seen, trainingAccuracy: correctSum / seen, validationAccuracy: accuracy))
    (lossSum, correctSum) = (0, 0)
  }

  /// Goes on from a state that ``NetworkTrainer/checkpoint`` has filled into the properties.
  func refresh() { packed.update(from: parameters.pointer, on: context) }
}

extension Network {
  /// Trains a network from the beginning to the end.
  package static func fit(
    _ images: LabeledImages, classCount: Int, settings: NetworkSettings, on context: ComputeContext,
    progress: (FitProgress) -> Bool
  ) throws -> Network {
    let trainer = try NetworkTrainer(images, classCount: classCount, settings: settings, on: context)
    try trainer.run(progress: progress, epochEnded: {})
    return trainer.network
  }
}

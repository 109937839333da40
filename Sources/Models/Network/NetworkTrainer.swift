package import Compute
package import Datasets
internal import KernelInterface
package import Progress

/// The result of one epoch.
package struct EpochResult: Sendable, Equatable, Codable {
  package let loss: Double
  package let trainingAccuracy: Double
  /// The accuracy on the validation set; nil without one.
  package let validationAccuracy: Double?

  package init(loss: Double, trainingAccuracy: Double, validationAccuracy: Double?) {
    (self.loss, self.trainingAccuracy, self.validationAccuracy) = (loss, trainingAccuracy, validationAccuracy)
  }
}

/// Trains a network round by round: see ``runRound()``. After any round, ``checkpoint`` contains the whole state that
/// the rest of the training depends on.
package final class NetworkTrainer {
  package let settings: NetworkSettings
  package let plan: NetworkPlan
  package let stepsPerEpoch: Int
  /// The results of the completed epochs.
  package internal(set) var history: [EpochResult] = []
  /// The number of completed steps.
  package internal(set) var step = 0
  /// Sums over the steps of the current epoch.
  var lossSum = 0.0
  var correctSum = 0.0
  /// The best epoch and its parameters; nil before the first validation.
  var best: (epoch: Int, parameters: [Float])?

  let parameters: AlignedBuffer<Float>
  let optimizer: Optimizer
  let gradient: BatchGradient
  /// Computes gradients of other members' shards. Created on first use.
  private(set) lazy var checker = BatchGradient(
    plan, settings: settings, images: images, selected: selected, normalization: normalization, shards: 0..<1,
    context: context)
  let validation: LabeledImages?
  /// The sums of a validation for each subtree of a range of shards: (16), of which the first is the number of images
  /// that are classified correctly.
  let validationSums: AlignedBuffer<Float>
  package let context: ComputeContext
  private let packed: PackedWeights
  private let normalization: InputNormalization
  private let images: LabeledImages
  /// The training images among `images`; nil for all. They are most of the images, so they are not copied.
  private let selected: [Int]?
  private let trainingCount: Int
  /// The order of the training images in the current epoch.
  private var order: [Int] = []
  private var orderedEpoch = -1

  /// - Throws: ``ModelError/badSettings(_:)`` if the settings are invalid, or do not match the images.
  package init(
    _ images: LabeledImages, classCount: Int, settings: NetworkSettings, on context: ComputeContext
  ) throws(ModelError) {
    try settings.check()
    plan = try NetworkPlan(settings.layers, input: images.shape, classCount: classCount)
    let split = Split.holdOut(labels: images.labels, fraction: settings.validation, seed: settings.seed)
    self.images = images
    selected = split.heldOut.isEmpty ? nil : split.kept
    trainingCount = split.kept.count
    validation = split.heldOut.isEmpty ? nil : images.selecting(split.heldOut)
    guard trainingCount > 0 else { throw .badSettings("there are no images to train on") }
    self.settings = settings
    self.context = context
    normalization = InputNormalization(measuring: images, selected: selected)
    // An incomplete last batch is dropped: the next epoch shuffles all images anew. A set smaller than a batch is one.
    stepsPerEpoch = max(1, trainingCount / settings.batch)
    parameters = AlignedBuffer(plan.initialParameters(seed: settings.seed))
    packed = PackedWeights(plan)
    optimizer = Optimizer(plan, settings: settings)
    if optimizer.average.count > 0 { optimizer.average.pointer.update(from: parameters.pointer, count: plan.count) }
    validationSums = AlignedBuffer(count: 16 * settings.shards)
    gradient = BatchGradient(
      plan, settings: settings, images: images, selected: selected, normalization: normalization, context: context)
    packed.update(from: parameters.pointer, on: context)
  }

  package var isFinished: Bool {
    if history.count >= settings.epochs { return true }
    guard let patience = settings.patience, let best else { return false }
    return history.count - 1 - best.epoch >= patience
  }

  /// The trained network: that of the best epoch if there is a validation set, otherwise that of the last.
  package var network: Network {
    Network(settings, plan: plan, parameters: best?.parameters ?? current, normalization: normalization)
  }

  /// The parameters used for predictions: their running average, if there is one.
  private var current: [Float] {
    let source = optimizer.average.count > 0 ? optimizer.average.elements : parameters.elements
    return Array(source)
  }

  /// Trains to the end, or until `progress` returns false. The training can then be resumed from ``checkpoint``.
  /// - Throws: `CancellationError` if stopped; ``ModelError/badSettings(_:)`` if the training diverges; errors of
  ///   `epochEnded`.
  package func run(progress: (FitProgress) -> Bool, epochEnded: () throws -> Void) throws {
    while !isFinished {
      let epochs = history.count
      try runRound()
      if history.count > epochs { try epochEnded() }
      guard progress(self.progress) || isFinished else { throw CancellationError() }
    }
  }

  /// The progress of the training. At the end of an epoch, it contains the results of the epoch.
  package var progress: FitProgress {
    let batch = min(settings.batch, trainingCount)
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

  /// Computes the sums of the gradient over the shards selected in ``gradient``: see
  /// ``BatchGradient/compute(samples:count:epoch:parameters:packed:bucketSummed:)``.
  func computeGradient(bucketSummed: ((_ bucket: Int) -> Void)? = nil) {
    computeGradient(gradient, bucketSummed: bucketSummed)
  }

  func computeGradient(_ gradient: BatchGradient, bucketSummed: ((_ bucket: Int) -> Void)? = nil) {
    let epoch = step / stepsPerEpoch
    prepareOrder(epoch)
    let batch = min(settings.batch, trainingCount)
    order.withUnsafeBufferPointer { order in
      gradient.compute(
        samples: order.baseAddress! + step % stepsPerEpoch * batch, count: batch, epoch: epoch,
        parameters: parameters.pointer, packed: packed, bucketSummed: bucketSummed)
    }
  }

  /// Takes one step of the optimizer.
  /// - Parameters:
  ///   - total: (plan.count), the gradient's sum over the batch, complete in a range once `finish` was called for it
  ///   - finish: called on the threads of the team, for ranges that together cover all elements
  func takeStep(total: UnsafePointer<Float>, finish: (Range<Int>) -> Void) throws(ModelError) {
    let factors = optimizer.factors(
      step: step, of: settings.epochs * stepsPerEpoch, images: min(settings.batch, trainingCount))
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
    order = Array(0..<trainingCount)
    var random = RandomSequence(seed: settings.seed, .shuffle, UInt32(truncatingIfNeeded: epoch))
    random.shuffle(&order)
    orderedEpoch = epoch
  }

  // MARK: The end of an epoch

  /// Returns the number of images in a range of the validation set that the network classifies correctly.
  func countCorrect(_ range: Range<Int>) throws -> Int {
    guard let validation, !range.isEmpty else { return 0 }
    let images = range.count == validation.count ? validation : validation.selecting(Array(range))
    let network = Network(settings, plan: plan, parameters: current, normalization: normalization)
    let predictions = try network.predictions(for: images, on: context)
    return zip(predictions, images.labels).count { $0 == $1 }
  }

  /// Completes an epoch.
  /// - Parameter correct: the number of images of the validation set that are classified correctly
  /// - Throws: ``ModelError/badSettings(_:)`` if predictions or parameters are not finite: the last step may have
  ///   diverged, which no loss shows yet.
  func endEpoch(correct: Int) throws {
    let network = Network(settings, plan: plan, parameters: current, normalization: normalization)
    let probabilities = try network.probabilities(
      for: (validation ?? images).prefix(64), on: context, progress: { _ in true })
    guard probabilities.allSatisfy(\.isFinite), parameters.elements.allSatisfy(\.isFinite) else {
      throw diverged("the predictions after epoch \(history.count + 1) are not numbers")
    }
    let seen = Double(stepsPerEpoch * min(settings.batch, trainingCount))
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

  /// Updates the packed weights after a change of the parameters.
  func refresh() { packed.update(from: parameters.pointer, on: context) }
}

extension Network {
  /// Trains a network from start to end.
  package static func fit(
    _ images: LabeledImages, classCount: Int, settings: NetworkSettings, on context: ComputeContext,
    progress: (FitProgress) -> Bool
  ) throws -> Network {
    let trainer = try NetworkTrainer(images, classCount: classCount, settings: settings, on: context)
    try trainer.run(progress: progress, epochEnded: {})
    return trainer.network
  }
}

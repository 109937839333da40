internal import Compute
internal import Datasets
internal import Evaluation
internal import Models
internal import Pipeline
internal import Reports

/// Shows attention maps of a few fixed test images on the live page, after each epoch.
final class LiveAttention {
  private let trainer: NetworkTrainer
  private let dataset: Dataset
  private let images: LabeledImages

  private static let mostImages = 8
  /// Images with longer sides are skipped: computing and drawing their maps would slow the training down.
  private static let longestSide = 128

  /// - Returns: nil if there is no live page, the network has no convolution, or the images are larger than
  ///   ``longestSide``
  init?(_ network: NetworkState) throws {
    let dataset = network.dataset
    guard LiveRun.isOpen, !network.settings.filters.isEmpty,
      max(dataset.shape.height, dataset.shape.width) <= Self.longestSide
    else { return nil }
    self.dataset = dataset
    // A separate thread: those of the training are busy.
    trainer = try NetworkTrainer(
      dataset.train, classCount: dataset.classCount, settings: network.settings,
      on: ComputeContext(threads: 1, instructionSet: network.instructionSet))
    let firsts = (0..<dataset.classCount).compactMap { label in
      dataset.test.labels.firstIndex(of: UInt8(label))
    }
    images = dataset.test.selecting(Array(firsts.prefix(Self.mostImages)))
  }

  /// - Parameter checkpoint: ``NetworkTrainer/checkpoint`` at the end of an epoch
  func show(_ checkpoint: [Tensor]) throws {
    try trainer.resume(checkpoint)
    let network = trainer.network
    let block = network.plan.blocks.count
    let maps = try network.attentionMaps([.gradCAM], of: images, block: block, on: trainer.context)[0]
    let predictions = try network.predictions(for: images, on: trainer.context)
    LiveRun.show(
      LiveSections.attention(
        maps, of: images, predictions: predictions, classNames: dataset.classNames, epoch: trainer.history.count))
  }
}

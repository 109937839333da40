package import Compute
package import Datasets
package import Models
package import Progress

/// The explanation of a network: attention maps, and checks of whether they are meaningful.
///
/// Maps are stored at the resolution of their convolution.
package struct NetworkExplanation: Sendable, Equatable, Codable {
  /// An image with maps for one class and for an alternative class (the rival).
  package struct Example: Sendable, Equatable, Codable {
    package let example: ExampleImage
    /// The class that the maps explain.
    package let explained: Int
    /// The maps by method, in the order of ``AttentionMethod/modelBased``.
    package let maps: [AttentionMap]
    /// The alternative class: the true class if it is not the explained one, otherwise the most probable other class.
    /// Nil if there is only one class.
    package let rival: Int?
    /// The Grad-CAM map for the alternative class.
    package let rivalMap: AttentionMap?
  }

  /// The convolution that the maps are computed from.
  package struct Layer: Sendable, Equatable, Codable {
    /// From 1.
    package let block: Int
    /// The number of blocks.
    package let blocks: Int
    /// The shape of the feature maps.
    package let shape: ImageShape
  }

  package let settings: ExplanationSettings
  package let layer: Layer
  /// The accuracy on the evaluated test images.
  package let accuracy: ProportionInterval
  package let examples: [Example]
  /// The mean Grad-CAM map for each class over sampled test images of the class, by label; nil without images.
  package let meanMaps: [AttentionMap?]
  /// The mean of the same images, by label; large images are downscaled.
  package let meanImages: [PixelMap?]
  /// The number of images in the means, by label.
  package let meanCounts: [Int]
  /// Deletion, insertion and ROAD with all methods and baselines; empty without test images.
  package let checks: [AttentionCheck]
  /// By model-based method; empty without test images.
  package let randomization: [RandomizationCheck]
  /// The filters of the first convolution.
  package let filters: [FilterPicture]

  /// The number of steps of the curves of the checks.
  private static let checkSteps = 10

  /// - Parameters:
  ///   - dataset: the data set with the test images to explain the network on; there may be none
  ///   - test: the network's predictions for all test images, if they are known
  ///   - progress: receives the number of images processed, of all images that pass through the network; returns false
  ///     to stop
  /// - Throws: ``ModelError/badSettings(_:)`` if a setting or the data set does not match the network;
  ///   ``EvaluationError`` if it returns invalid probabilities; `CancellationError` if stopped.
  package init(
    _ network: Network, of dataset: Dataset, settings: ExplanationSettings = ExplanationSettings(),
    test: Predictions? = nil, on context: ComputeContext, progress: (FitProgress) -> Bool = { _ in true }
  ) throws {
    try network.checkFits(dataset)
    let blocks = network.blockCount
    try settings.check(testImages: dataset.test.count, classCount: dataset.classCount, blocks: blocks)
    let block = settings.block ?? blocks
    layer = Layer(block: block, blocks: blocks, shape: network.featureShape(block: block))
    self.settings = settings
    filters = network.firstFilters

    let sample = Self.sample(dataset, settings, .checked)
    let means = Self.sample(dataset, settings, .averaged)
    let evaluated = test == nil ? ExampleSelection.evaluatedCount(dataset, settings) : 0
    let randomized = sample.count * (network.layerNames.count + 1)
    var stages = ProgressStages(total: evaluated + means.count + Self.checkedCount(sample) + randomized)
    let evaluating = stages.next(evaluated)
    let found = try ExampleSelection(of: network, dataset: dataset, settings: settings, test: test, on: context) {
      progress(evaluating.overall($0))
    }
    accuracy = found.accuracy
    examples = try Self.explain(found.examples, network, dataset, settings, block: block, on: context)
    let averaging = stages.next(means.count)
    let maps = try network.mapFeatures(
      of: means, block: block, labels: means.labels, on: context, progress: { progress(averaging.overall($0)) },
      { AttentionMap(.gradCAM, $0) })
    meanMaps = AttentionMap.meanPerClass(maps, labels: means.labels, classCount: dataset.classCount)
    let moments = ClassMoments(
      means.shrunk(toBytes: DataExploration.pictureByteLimit, on: context), classCount: dataset.classCount)
    meanCounts = moments.counts
    meanImages = moments.counts.indices.map { label in
      moments.counts[label] == 0 ? nil : PixelMap(shape: moments.shape, values: moments.mean(label).map { Float($0) })
    }
    guard sample.count > 0 else {
      (checks, randomization) = ([], [])
      return
    }
    let targets = settings.targetClass.map { [UInt8](repeating: UInt8($0), count: sample.count) }
    checks = try Self.check(network, sample, targets, block, settings.seed, on: context, &stages, progress)
    let randomizing = stages.next(randomized)
    randomization = try network.randomizationCheck(
      AttentionMethod.modelBased, of: sample, block: block, labels: targets, seed: settings.seed, on: context
    ) { progress(randomizing.overall($0)) }
  }

  /// The number of images that pass through the network in ``check(_:_:_:_:_:on:_:_:)``.
  private static func checkedCount(_ images: LabeledImages) -> Int {
    images.count
      + Network.imagesOfAttentionChecks(
        AttentionCheck.Kind.allCases, methods: AttentionMethod.allCases, images: images.count, steps: checkSteps)
  }

  private static func sample(
    _ dataset: Dataset, _ settings: ExplanationSettings, _ use: KeyedSample.Use
  ) -> LabeledImages {
    dataset.test.selecting(
      KeyedSample.images(settings.sampledImages, of: dataset.test, seed: settings.seed, use))
  }

  private static func explain(
    _ examples: [ExampleImage], _ network: Network, _ dataset: Dataset, _ settings: ExplanationSettings, block: Int,
    on context: ComputeContext
  ) throws -> [Example] {
    let images = dataset.test.selecting(examples.map(\.image))
    let explained = examples.map { settings.targetClass ?? $0.prediction }
    let rivals = zip(examples, explained).map { example, explained in
      example.label != explained ? example.label : example.prediction != explained ? example.prediction : example.second
    }
    let maps = try network.mapFeatures(of: images, block: block, labels: explained.map(UInt8.init), on: context) {
      features in AttentionMethod.modelBased.map { AttentionMap($0, features) }
    }
    let rivalMaps = try network.mapFeatures(
      of: images, block: block, labels: rivals.map { UInt8($0 ?? 0) }, on: context
    ) { AttentionMap(.gradCAM, $0) }
    return examples.indices.map { index in
      Example(
        example: examples[index], explained: explained[index], maps: maps[index], rival: rivals[index],
        rivalMap: rivals[index].map { _ in rivalMaps[index] })
    }
  }

  private static func check(
    _ network: Network, _ images: LabeledImages, _ targets: [UInt8]?, _ block: Int, _ seed: UInt64,
    on context: ComputeContext, _ stages: inout ProgressStages, _ progress: (FitProgress) -> Bool
  ) throws -> [AttentionCheck] {
    let methods = AttentionMethod.allCases
    let mapping = stages.next(images.count)
    let maps = try network.attentionMaps(
      methods, of: images, block: block, labels: targets, seed: seed, on: context
    ) { progress(mapping.overall($0)) }
    let checking = stages.next(checkedCount(images) - images.count)
    return try network.attentionChecks(
      AttentionCheck.Kind.allCases, methods: methods, maps: maps, of: images, labels: targets, steps: checkSteps,
      seed: seed, on: context
    ) { progress(checking.overall($0)) }
  }
}

/// Combines the progress of several stages.
private struct ProgressStages {
  struct Stage {
    let before: Int
    let total: Int

    func overall(_ part: FitProgress) -> FitProgress {
      FitProgress(done: before + part.done, total: total, unit: .images)
    }
  }

  let total: Int
  private var before = 0

  init(total: Int) { self.total = total }

  /// - Parameter images: the number of images of the stage
  mutating func next(_ images: Int) -> Stage {
    defer { before += images }
    return Stage(before: before, total: total)
  }
}

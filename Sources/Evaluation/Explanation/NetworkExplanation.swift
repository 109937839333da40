package import Compute
package import Datasets
package import Models

/// What a network looks at, and whether maps of that mean something.
///
/// Maps are kept at the resolution of the convolution that they come from.
package struct NetworkExplanation: Sendable, Equatable, Codable {
  /// An image with maps for one class and, to compare, for its rival.
  package struct Example: Sendable, Equatable, Codable {
    package let example: ExampleImage
    /// The class that the maps are for.
    package let explained: Int
    /// By method, as in ``AttentionMethod/explaining``.
    package let maps: [AttentionMap]
    /// The class that it might be instead: the true one, if that is not the one explained, or else the most probable other one. nil
    /// where there is one class.
    package let rival: Int?
    /// Grad-CAM's map for the rival.
    package let rivalMap: AttentionMap?
  }

  /// The convolution that maps come from.
  package struct Layer: Sendable, Equatable, Codable {
    /// From 1.
    package let block: Int
    /// How many there are.
    package let blocks: Int
    /// Of the maps.
    package let shape: ImageShape
  }

  package let settings: ExplanationSettings
  package let layer: Layer
  /// On the judged test images.
  package let accuracy: ProportionInterval
  package let examples: [Example]
  /// By label: Grad-CAM for the class itself, as a mean over sampled test images of the class; nil where there are none.
  package let meanMaps: [AttentionMap?]
  /// By label: the mean of the same images; large ones are shrunk.
  package let meanImages: [PixelMap?]
  /// By label: how many images the means are over.
  package let meanCounts: [Int]
  /// Deletion, insertion and ROAD, with all methods and baselines. Empty without test images.
  package let checks: [AttentionCheck]
  /// By method that looks at the model. Empty without test images.
  package let randomization: [RandomizationCheck]
  /// Of the first convolution.
  package let filters: [FilterPicture]

  /// Into how many parts the pixels are cut for the curves of checks.
  private static let checkSteps = 10

  /// - Parameters:
  ///   - dataset: whose test images the network is explained on; there may be none.
  ///   - progress: told how many images are done, of all that pass the network; returns false to stop early.
  /// - Throws: ``ModelError/badSettings(_:)`` if a setting or the data set does not fit the network; ``EvaluationError`` if it gives no
  ///   probabilities; `CancellationError` if stopped.
  package init(
    _ network: Network, of dataset: Dataset, settings: ExplanationSettings = ExplanationSettings(),
    on context: ComputeContext, progress: (FitProgress) -> Bool = { _ in true }
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
    let judged = ExampleSelection.judgedCount(dataset, settings)
    let randomized = sample.count * (network.layerNames.count + 1)
    var work = Work(total: judged + means.count + Self.checkedCount(sample) + randomized)
    let judging = work.stage(judged)
    let found = try ExampleSelection(of: network, dataset: dataset, settings: settings, on: context) {
      progress(judging.whole($0))
    }
    accuracy = found.accuracy
    examples = try Self.explain(found.examples, network, dataset, settings, block: block, on: context)
    let averaging = work.stage(means.count)
    let maps = try network.mapFeatures(
      of: means, block: block, labels: means.labels, on: context, progress: { progress(averaging.whole($0)) },
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
    checks = try Self.check(network, sample, targets, block, settings.seed, on: context, &work, progress)
    let randomizing = work.stage(randomized)
    randomization = try network.randomizationCheck(
      AttentionMethod.explaining, of: sample, block: block, labels: targets, seed: settings.seed, on: context
    ) { progress(randomizing.whole($0)) }
  }

  /// Images that pass the network in ``check(_:_:_:_:_:on:_:_:)``.
  private static func checkedCount(_ images: LabeledImages) -> Int {
    images.count * (1 + AttentionMethod.allCases.count * AttentionCheck.Kind.allCases.count * (checkSteps + 1))
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
      features in AttentionMethod.explaining.map { AttentionMap($0, features) }
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
    on context: ComputeContext, _ work: inout Work, _ progress: (FitProgress) -> Bool
  ) throws -> [AttentionCheck] {
    let methods = AttentionMethod.allCases
    let mapping = work.stage(images.count)
    let maps = try network.attentionMaps(
      methods, of: images, block: block, labels: targets, seed: seed, on: context
    ) { progress(mapping.whole($0)) }
    return try AttentionCheck.Kind.allCases.map { kind in
      let checking = work.stage(images.count * methods.count * (checkSteps + 1))
      return try network.attentionCheck(
        kind, methods: methods, maps: maps, of: images, labels: targets, steps: checkSteps, seed: seed, on: context
      ) { progress(checking.whole($0)) }
    }
  }
}

/// Several stages as one progress.
private struct Work {
  struct Stage {
    let before: Int
    let total: Int

    func whole(_ part: FitProgress) -> FitProgress {
      FitProgress(done: before + part.done, total: total, unit: .images)
    }
  }

  let total: Int
  private var before = 0

  init(total: Int) { self.total = total }

  /// - Parameter images: how many the stage reports in all.
  mutating func stage(_ images: Int) -> Stage {
    defer { before += images }
    return Stage(before: before, total: total)
  }
}

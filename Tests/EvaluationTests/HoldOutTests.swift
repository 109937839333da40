import Compute
import Datasets
import Evaluation
import Models
import Testing

@Suite struct HoldOutTests {
  private static let classes = 3

  /// Tests run concurrently and a context serves one computation at a time, so each test has its own.
  private static func context(_ threads: Int = 1) -> ComputeContext {
    ComputeContext(threads: threads, instructionSet: .available.max()!)
  }

  /// Noisy images of three classes, each with a bright row. Test images have different noise.
  private static func images(_ count: Int, seed: UInt64) -> LabeledImages {
    var random = RandomSequence(seed: seed, .test)
    let labels = (0..<count).map { UInt8($0 % classes) }
    let pixels = labels.flatMap { label in
      (0..<64).map { place in UInt8(random.next(below: 160) + (place / 8 == 2 * Int(label) + 1 ? 60 : 0)) }
    }
    return LabeledImages(shape: ImageShape(height: 8, width: 8, channels: 1), pixels: pixels, labels: labels)
  }
  private static let training = images(300, seed: 1)

  private static func settings(_ kind: ModelKind) throws -> ModelSettings {
    let text: [ModelKind: [String: String]] = [
      .cnn: [
        "filters": "4", "dense": "none", "epochs": "3", "batch": "16", "shards": "2", "validation": "0.2", "seed": "7",
      ],
      .forest: ["trees": "12"], ModelKind("extra-trees"): ["trees": "12"],
      .tree: ["max-depth": "6", "seed": "5"],
    ]
    return try ModelSettings(kind, text[kind] ?? [:])
  }

  private static func network() throws -> NetworkSettings {
    try #require(try settings(.cnn).values as? NetworkSettings)
  }

  private static func fit(_ settings: ModelSettings) throws -> any Classifier {
    try settings.fit(training, classCount: classes, on: context(), progress: { _ in true })
  }

  private static func holdOut(of model: any Classifier, _ context: ComputeContext = context()) throws -> HoldOut {
    try HoldOut(of: model, training: training, on: context, progress: { _ in true })
  }

  @Test(arguments: ModelKind.allCases)
  func isIndependentOfThreadCount(kind: ModelKind) throws {
    let model = try Self.fit(try Self.settings(kind))
    let holdOut = try Self.holdOut(of: model, Self.context())
    #expect(holdOut.predictions != nil)
    #expect(try holdOut == Self.holdOut(of: model, Self.context(2)))
    #expect(try throughJSON(holdOut) == holdOut)
  }

  @Test(arguments: ModelKind.allCases)
  func isIndependentOfTestImages(kind: ModelKind) throws {
    let model = try Self.fit(try Self.settings(kind))
    func evaluated(_ test: LabeledImages) throws -> EvaluatedModel {
      let dataset = Dataset(name: "rows", classNames: ["a", "b", "c"], train: Self.training, test: test)
      return try EvaluatedModel(model, dataset: dataset, on: Self.context(), progress: { _ in true })
    }
    let test = Self.images(60, seed: 2)
    let relabeled = LabeledImages(shape: test.shape, pixels: test.pixels, labels: test.labels.map { 2 - $0 })
    let (first, second) = (try evaluated(test), try evaluated(relabeled))
    #expect(first.holdOut == second.holdOut && first.test.predicted == second.test.predicted)
    #expect(first.evaluation.accuracy != second.evaluation.accuracy)
    #expect(first.name == kind.family.title)
    #expect(try throughJSON(first) == first)
  }

  /// The images have few values, so that many neighbors are equally near.
  @Test(arguments: [(1, Weighting.uniform), (4, .distance), (10, .uniform)])
  func neighborsThatAreKnownChangeNothing(neighbors: Int, weights: Weighting) throws {
    let dataset = Dataset(
      name: "rows", classNames: ["a", "b", "c"], train: Self.training, test: Self.images(60, seed: 2))
    var settings = NeighborsSettings()
    (settings.neighbors, settings.weights) = (neighbors, weights)
    let model = try Self.fit(.knn(settings))
    let search = try NeighborSearch(dataset, on: Self.context(), progress: { _ in true })
    var searches = 0
    func evaluated(_ search: NeighborSearch?) throws -> EvaluatedModel {
      searches = 0
      return try EvaluatedModel(model, dataset: dataset, search: search, on: Self.context()) { _ in
        searches += 1
        return true
      }
    }
    #expect(try evaluated(search) == evaluated(nil))
    #expect(searches > 0)
    _ = try evaluated(search)
    #expect(searches == 0, "the neighbors are not searched again")
  }

  /// More neighbors than were searched, another metric, components, a search among some training images, one for some
  /// test images, and a model of other images.
  @Test(arguments: [0, 1, 2, 3, 4, 5]) func neighborsOfAnotherModelAreSearched(difference: Int) throws {
    let dataset = Dataset(
      name: "rows", classNames: ["a", "b", "c"], train: difference == 5 ? Self.images(300, seed: 3) : Self.training,
      test: Self.images(difference == 4 ? 400 : 60, seed: 2))
    var settings = NeighborsSettings()
    var exploration = ExplorationSettings()
    switch difference {
    case 0: settings.neighbors = 11
    case 1: settings.metric = .manhattan
    case 2: settings.components = 2
    case 3: exploration.searchedImages = 100
    case 4: exploration.searchedImages = 300
    default: break
    }
    let model = try Self.fit(.knn(settings))
    let search = try NeighborSearch(dataset, settings: exploration, on: Self.context(), progress: { _ in true })
    #expect(
      try EvaluatedModel(model, dataset: dataset, search: search, on: Self.context(), progress: { _ in true })
        == EvaluatedModel(model, dataset: dataset, on: Self.context(), progress: { _ in true }))
  }

  @Test func networkUsesItsValidationSet() throws {
    let settings = try Self.network()
    let trainer = try NetworkTrainer(Self.training, classCount: Self.classes, settings: settings, on: Self.context())
    try trainer.run(progress: { _ in true }, epochEnded: {})
    let accuracy = try #require(Self.holdOut(of: trainer.network).predictions?.accuracy)
    #expect(accuracy.fraction == trainer.history.compactMap(\.validationAccuracy).max())
    #expect(accuracy.count == 60)
  }

  @Test func forestUsesOutOfBagPredictions() throws {
    let forest = try #require(try Self.fit(try Self.settings(.forest)) as? Forest)
    let predictions = try #require(Self.holdOut(of: forest).predictions)
    #expect(
      predictions.accuracy.fraction == forest.outOfBagAccuracy(trainingImages: Self.training, on: Self.context()))
    // An image in all 12 bootstrap samples has no out-of-bag prediction: (1 - 1/e)^12 of 300 images are one or two.
    #expect(290...300 ~= predictions.count)
  }

  @Test func neighborsLeaveTheImageOut() throws {
    let model = try #require(try Self.fit(try Self.settings(.knn)) as? NearestNeighbors)
    let predictions = try #require(Self.holdOut(of: model).predictions)
    #expect(
      try predictions.probabilities
        == model.leaveOneOutPredictions(on: Self.context(), progress: { _ in true }).probabilities)
  }

  @Test func treeUsesACompanionTrainedOnOtherImages() throws {
    let settings = try #require(try Self.settings(.tree).values as? TreeSettings)
    let predictions = try #require(Self.holdOut(of: Self.fit(Self.settings(.tree))).predictions)
    let split = Split.holdOut(labels: Self.training.labels, fraction: 0.1, seed: settings.seed)
    #expect(predictions.labels == split.heldOut.map { Self.training.labels[$0] })
    let companion = try DecisionTree.fit(
      Self.training.selecting(split.kept), classCount: Self.classes, settings: settings, on: Self.context(),
      progress: { _ in true })
    #expect(
      try predictions.probabilities
        == companion.probabilities(
          for: Self.training.selecting(split.heldOut), on: Self.context(), progress: { _ in true }))
  }

  @Test func explainsMissingHoldOutSet() throws {
    var network = NetworkSettings()
    (network.filters, network.dense, network.epochs, network.batch) = ([2], [], 1, 32)
    (network.shards, network.validation) = (2, 0)
    var forest = ForestSettings()
    (forest.trees, forest.bootstrap) = (2, false)
    var neighbors = NeighborsSettings()
    neighbors.neighbors = Self.training.count
    for (settings, source) in [
      (ModelSettings.cnn(network), HeldOutPredictions.Source.noneTrainedOnAll),
      (.forest(forest), .companion), (.knn(neighbors), .noneOfTooManyNeighbors),
    ] {
      let holdOut = try Self.holdOut(of: Self.fit(settings))
      #expect((holdOut.predictions == nil) == (source != .companion))
      #expect(holdOut.source == source)
    }
  }

  @Test func keepsTheOnlyImageOfAClass() throws {
    let images = Self.training.prefix(3)
    let tree = try TreeSettings().fit(images)
    let holdOut = try HoldOut(of: tree, training: images, on: Self.context(), progress: { _ in true })
    #expect(holdOut.predictions == nil && holdOut.source == .noneOfTooFewImages)
  }

  @Test func throwsOnCancellation() throws {
    let model = try Self.fit(try Self.settings(.knn))
    #expect(throws: CancellationError.self) {
      try HoldOut(of: model, training: Self.training, on: Self.context(), progress: { _ in false })
    }
  }
}

extension TreeSettings {
  fileprivate func fit(_ images: LabeledImages) throws -> DecisionTree {
    try DecisionTree.fit(
      images, classCount: 3, settings: self, on: ComputeContext(threads: 1, instructionSet: .portable),
      progress: { _ in true })
  }
}

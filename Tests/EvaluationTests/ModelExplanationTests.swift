import Compute
import Datasets
import Evaluation
import Foundation
import Models
import Progress
import Testing

@Suite struct ModelExplanationTests {
  private let shape = ImageShape(height: 9, width: 6, channels: 3)

  private var data: Dataset {
    dataset(
      coarseImages(60, shape, classes: 3, levels: 9), coarseImages(40, shape, classes: 3, levels: 9, key: 1), classes: 3
    )
  }

  private func network(_ shape: ImageShape, classes: Int) throws -> Network {
    var settings = NetworkSettings()
    (settings.filters, settings.dense, settings.kernel) = ([4, 6], [5], 3)
    let plan = try NetworkPlan(settings.layers, input: shape, classCount: classes)
    return Network(
      settings, plan: plan, parameters: plan.initialParameters(seed: 5),
      normalization: InputNormalization(
        mean: [Float](repeating: 128, count: shape.channels), deviation: [Float](repeating: 74, count: shape.channels)))
  }

  /// One model of each kind, trained on the training images; the network has its initial weights.
  private func models(_ data: Dataset, neighbors: Int = 4) throws -> [any Classifier] {
    var (forest, nearest) = (ForestSettings(), NeighborsSettings())
    (forest.trees, forest.tree.minSamplesLeaf, nearest.neighbors) = (7, 3, neighbors)
    let (images, classes) = (data.train, data.classCount)
    return [
      try network(data.shape, classes: classes),
      try Forest.fit(images, classCount: classes, settings: forest, on: anyContext, progress: { _ in true }),
      try DecisionTree.fit(
        images, classCount: classes, settings: TreeSettings(), on: anyContext, progress: { _ in true }),
      try NearestNeighbors.fit(images, classCount: classes, settings: nearest, on: anyContext, progress: { _ in true }),
    ]
  }

  private func explain(
    _ model: any Classifier, _ data: Dataset, on context: ComputeContext = anyContext,
    _ change: (inout ExplanationSettings) -> Void = { _ in }
  ) throws -> ModelExplanation {
    var settings = ExplanationSettings()
    settings.sampledImages = 8
    change(&settings)
    return try #require(try ModelExplanation.make(model, of: data, settings: settings, on: context))
  }

  private func networkExplanation(
    _ change: (inout ExplanationSettings) -> Void = { _ in }
  ) throws -> NetworkExplanation {
    guard case .network(let found) = try explain(network(shape, classes: 3), data, change) else {
      throw ModelError.badModel("another kind")
    }
    return found
  }

  // MARK: Examples

  @Test func examplesMatchTheirReason() throws {
    let (data, model) = (data, try network(shape, classes: 3))
    let found = try networkExplanation {
      $0.images = [39, 2, 39]
      $0.confidentErrors = 5
    }
    let all = try Predictions(
      probabilities: model.probabilities(for: data.test, on: anyContext, progress: { _ in true }),
      labels: data.test.labels, classCount: 3)
    #expect(found.accuracy == all.accuracy)
    let examples = found.examples.map(\.example)
    for example in examples {
      #expect(example.label == Int(data.test.labels[example.image]))
      #expect(example.prediction == Int(all.predicted[example.image]))
      #expect((0..<3).allSatisfy { example.probabilities[$0] == all.probability(example.image, of: $0) })
      let others = (0..<3).filter { $0 != example.prediction }
      #expect(example.probabilities[example.second!] == others.map { example.probabilities[$0] }.max())
    }
    func images(_ reason: ExampleImage.Reason) -> [Int] { examples.filter { $0.reason == reason }.map(\.image) }
    #expect(images(.chosen) == [39, 2, 39])
    for (reason, isCorrect) in [(ExampleImage.Reason.right, true), (.wrong, false)] {
      let present = (0..<3).filter { label in
        (0..<40).contains { Int(data.test.labels[$0]) == label && all.isCorrect($0) == isCorrect }
      }
      #expect(images(reason).map { Int(data.test.labels[$0]) } == present)
      #expect(images(reason).allSatisfy { all.isCorrect($0) == isCorrect })
    }
    let errors = (0..<40).filter { !all.isCorrect($0) }.sorted { all.confidences[$0] > all.confidences[$1] }
    #expect(images(.confidentError) == Array(errors.prefix(5)))
  }

  @Test func examplesAreEvaluatedOrRequestedImages() throws {
    let found = try networkExplanation {
      $0.judgedImages = 5
      $0.images = [7]
    }
    #expect(found.accuracy.count == 5)
    let sampled = Set(found.examples.filter { $0.example.reason != .chosen }.map(\.example.image))
    #expect(sampled.count <= 5 && !sampled.isEmpty)
  }

  // MARK: Networks

  @Test(arguments: [1, 2]) func mapsHaveTheResolutionOfTheBlock(block: Int) throws {
    let model = try network(shape, classes: 3)
    let found = try networkExplanation { $0.block = block }
    #expect(
      found.layer.shape
        == (block == 1
          ? ImageShape(height: 9, width: 6, channels: 4) : ImageShape(height: 4, width: 3, channels: 6)))
    #expect(found.layer.block == block && found.layer.blocks == 2)
    for example in found.examples {
      let image = data.test.selecting([example.example.image])
      for (label, maps) in [(example.explained, example.maps), (example.rival!, [example.rivalMap!])] {
        let expected = try model.attentionMaps(
          AttentionMethod.modelBased, of: image, block: block, labels: [UInt8(label)], on: anyContext)
        for (map, expected) in zip(maps, expected) { #expect(map.resized(height: 9, width: 6) == expected[0]) }
      }
    }
    #expect(found.filters == model.firstFilters)
    #expect(found.checks.map(\.kind) == AttentionCheck.Kind.allCases)
    #expect(found.checks.allSatisfy { $0.images == 8 && $0.curves.map(\.method) == AttentionMethod.allCases })
    #expect(found.randomization.map(\.method) == AttentionMethod.modelBased)
  }

  @Test func rivalIsTrueOrSecondClass() throws {
    for example in try networkExplanation().examples {
      #expect(example.explained == example.example.prediction)
      #expect(example.rival == (example.example.isCorrect ? example.example.second : example.example.label))
    }
    for example in try networkExplanation({ $0.targetClass = 1 }).examples {
      #expect(example.explained == 1 && example.rival != 1)
      if example.example.label != 1 { #expect(example.rival == example.example.label) }
    }
  }

  @Test func meanMapsUseImagesOfTheClass() throws {
    let (data, model) = (data, try network(shape, classes: 3))
    let found = try networkExplanation { $0.sampledImages = 1000 }
    for label in 0..<3 {
      let own = data.test.selecting((0..<40).filter { Int(data.test.labels[$0]) == label })
      #expect(found.meanCounts[label] == own.count)
      let maps = try model.mapFeatures(of: own, block: 2, labels: own.labels, on: anyContext) {
        AttentionMap(.gradCAM, $0)
      }
      #expect(found.meanMaps[label] == AttentionMap.mean(maps))
      for place in [0, 17, 161] {
        let mean = (0..<own.count).reduce(0) { $0 + Double(own.pixels[$1 * shape.count + place]) } / Double(own.count)
        #expect(abs(Double(found.meanImages[label]!.values[place]) - mean) < 1e-3)
      }
    }
  }

  @Test func progressReachesItsTotal() throws {
    var reports: [FitProgress] = []
    var settings = ExplanationSettings()
    settings.sampledImages = 8
    _ = try NetworkExplanation(network(shape, classes: 3), of: data, settings: settings, on: anyContext) {
      reports.append($0)
      return true
    }
    #expect(zip(reports, reports.dropFirst()).allSatisfy { $0.done <= $1.done && $0.total == $1.total })
    #expect(reports.last.map(\.done) == reports.last?.total)
  }

  // MARK: Other models

  /// Also if only some test images are evaluated, and some are requested.
  @Test(arguments: [nil, 15]) func knownPredictionsChangeNothing(evaluated: Int?) throws {
    let data = data
    var settings = ExplanationSettings()
    (settings.sampledImages, settings.judgedImages, settings.images) = (8, evaluated, [39, 3, 39])
    for model in try models(data) {
      let test = try Predictions(
        probabilities: model.probabilities(for: data.test, on: anyContext, progress: { _ in true }),
        labels: data.test.labels, classCount: data.classCount)
      var reports: [FitProgress] = []
      let known = try ModelExplanation.make(model, of: data, settings: settings, test: test, on: anyContext) {
        reports.append($0)
        return true
      }
      #expect(try known == ModelExplanation.make(model, of: data, settings: settings, on: anyContext))
      #expect(reports.last.map(\.done) == reports.last?.total)
    }
  }

  @Test func explainsTreesForestsAndNeighbors() throws {
    let data = data
    for model in try models(data).dropFirst() {
      switch try explain(model, data) {
      case .network: Issue.record("not a network")
      case .forest(let found):
        #expect(found.trees == 7 && found.importance == (model as! Forest).importanceMap)
        #expect(found.permutation?.accuracy.count == 8 && found.permutation?.blockSize == 2)
        for example in found.examples { #expect(example.explanation.prediction == example.example.prediction) }
      case .tree(let found):
        #expect(found.leaves == (found.nodes + 1) / 2 && found.importance == (model as! DecisionTree).importanceMap)
        for example in found.examples {
          #expect(example.path.prediction == example.example.prediction)
          #expect(example.path.steps.count <= found.depth + 1)
        }
      case .neighbors(let found):
        #expect(found.neighbors == 4 && found.trainingImages == 60)
        for example in found.examples {
          #expect(example.explanation.prediction == example.example.prediction)
          #expect(example.pictures == example.explanation.neighbors.map { Array(data.train.pixels(of: $0.image)) })
        }
      }
    }
  }

  @Test func explanationIsIndependentOfThreadCount() throws {
    let data = data
    for model in try models(data) {
      let expected = try explain(model, data)
      for threads in [2, 3] {
        let context = ComputeContext(threads: threads, instructionSet: InstructionSet.available.max()!)
        #expect(try explain(model, data, on: context) == expected)
      }
      let decoded = try JSONDecoder().decode(ModelExplanation.self, from: JSONEncoder().encode(expected))
      #expect(decoded == expected)
    }
  }

  @Test(arguments: [0, 1]) func explainsFewImagesOfOneClass(tests: Int) throws {
    let shape = ImageShape(height: 4, width: 5, channels: 1)
    let data = dataset(noise(1, shape), noise(tests, shape), classes: 1)
    for model in try models(data, neighbors: 1) {
      switch try explain(model, data) {
      case .network(let found):
        #expect(found.examples.count == tests && found.checks.count == 3 * tests)
        #expect(found.examples.allSatisfy { $0.rival == nil && $0.rivalMap == nil && $0.example.second == nil })
        #expect(found.meanMaps.compactMap(\.self).count == tests && found.meanCounts == [tests])
      case .forest(let found): #expect(found.examples.count == tests && (found.permutation == nil) == (tests == 0))
      case .tree(let found): #expect(found.examples.count == tests && found.importance.values.allSatisfy { $0 == 0 })
      case .neighbors(let found): #expect(found.examples.map(\.pictures.count) == [Int](repeating: 1, count: tests))
      }
    }
  }

  // MARK: Errors

  @Test func rejectsInvalidSettings() throws {
    let data = data
    let changes: [(inout ExplanationSettings) -> Void] = [
      { $0.images = [40] }, { $0.images = [-1] }, { $0.targetClass = 3 }, { $0.sampledImages = 0 },
      { $0.judgedImages = 0 }, { $0.confidentErrors = -1 },
    ]
    for model in try models(data) {
      for change in changes { #expect(throws: ModelError.self) { try explain(model, data, change) } }
    }
    for block in [0, 3] { #expect(throws: ModelError.self) { try networkExplanation { $0.block = block } } }
  }

  @Test func rejectsOtherImageShapes() throws {
    let data = data
    let gray = ImageShape(height: 9, width: 6, channels: 1)
    for model in try models(data) {
      #expect(throws: ModelError.self) { try explain(model, dataset(noise(3, gray), noise(3, gray), classes: 3)) }
      #expect(throws: ModelError.self) { try explain(model, dataset(data.train, data.test, classes: 4)) }
    }
  }

  @Test func throwsOnCancellation() throws {
    let data = data
    for model in try models(data) {
      #expect(throws: CancellationError.self) {
        try ModelExplanation.make(model, of: data, on: anyContext, progress: { _ in false })
      }
    }
  }

  // MARK: Comparisons

  /// Creates a curve by decoding JSON.
  private func check(_ kind: String, _ areas: [(method: String, area: Double, error: Double?)]) throws -> AttentionCheck
  {
    let curves = areas.map { curve in
      let error = curve.error.map { ", \"areaError\": \($0)" } ?? ""
      return "{\"method\": \"\(curve.method)\", \"probabilities\": [1, 0], \"area\": \(curve.area)\(error)}"
    }
    let text =
      "{\"kind\": \"\(kind)\", \"images\": 9, \"fractions\": [0, 1], \"curves\": [\(curves.joined(separator: ","))]}"
    return try JSONDecoder().decode(AttentionCheck.self, from: Data(text.utf8))
  }

  @Test func comparesCurvesByIntervals() throws {
    // 1.96 (0.02 + 0.03) = 0.098
    let apart = [("grad-cam", 0.3, 0.02), ("random", 0.399, 0.03)].map { ($0.0, $0.1, Optional($0.2)) }
    let close = [("grad-cam", 0.3, 0.02), ("random", 0.397, 0.03)].map { ($0.0, $0.1, Optional($0.2)) }
    for kind in ["deletion", "road"] {
      #expect(try check(kind, apart).compare(.gradCAM, with: .random) == .better)
      #expect(try check(kind, apart).compare(.random, with: .gradCAM) == .worse)
    }
    #expect(try check("insertion", apart).compare(.gradCAM, with: .random) == .worse)
    #expect(try check("insertion", apart).compare(.random, with: .gradCAM) == .better)
    #expect(try check("deletion", close).compare(.gradCAM, with: .random) == .undecided)
    let single = [("grad-cam", 0.0, nil), ("random", 1.0, Double?.none)]
    #expect(try check("deletion", single).compare(.gradCAM, with: .random) == .undecided)
    #expect(try check("deletion", single).compare(.gradCAM, with: .sobel) == nil)
  }
}

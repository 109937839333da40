import Compute
import Datasets
import Evaluation
import Foundation
import Models
import Reports
import Testing

@Suite struct ExplanationChapterTests {
  private static var context: ComputeContext { ComputeContext(threads: 1, instructionSet: .available.max()!) }

  /// Noise whose brightness correlates with the class.
  private static func images(_ count: Int, _ shape: ImageShape, classes: Int, key: UInt32) -> LabeledImages {
    var random = RandomSequence(seed: 4, .test, key)
    let labels = (0..<count).map { UInt8($0 % classes) }
    let pixels = labels.flatMap { label in
      (0..<shape.count).map { _ in UInt8(random.next(below: 130) + UInt32(label) * 120 / UInt32(classes)) }
    }
    return LabeledImages(shape: shape, pixels: pixels, labels: labels)
  }

  private static func dataset(_ shape: ImageShape, names: [String], train: Int, test: Int) -> Dataset {
    Dataset(
      name: "test", classNames: names, train: images(train, shape, classes: names.count, key: 0),
      test: images(test, shape, classes: names.count, key: 1))
  }

  /// An explanation of each kind of model, by name. The network is untrained.
  private static func explanations(
    of data: Dataset, _ change: (inout ExplanationSettings) -> Void = { _ in }
  ) throws -> [(name: String, explanation: ModelExplanation)] {
    var (network, forest, neighbors) = (NetworkSettings(), ForestSettings(), NeighborsSettings())
    (network.filters, network.dense) = ([3], [])
    (forest.trees, neighbors.neighbors) = (3, min(3, data.train.count))
    let plan = try NetworkPlan(network.layers, input: data.shape, classCount: data.classCount)
    let channels = data.shape.channels
    let (images, classes) = (data.train, data.classCount)
    let models: [(String, any Classifier)] = [
      (
        "cnn",
        Network(
          network, plan: plan, parameters: plan.initialParameters(seed: 2),
          normalization: InputNormalization(
            mean: [Float](repeating: 110, count: channels), deviation: [Float](repeating: 60, count: channels)))
      ),
      ("forest", try Forest.fit(images, classCount: classes, settings: forest, on: context, progress: { _ in true })),
      (
        "tree",
        try DecisionTree.fit(
          images, classCount: classes, settings: TreeSettings(), on: context, progress: { _ in true })
      ),
      (
        "knn",
        try NearestNeighbors.fit(images, classCount: classes, settings: neighbors, on: context, progress: { _ in true })
      ),
    ]
    var settings = ExplanationSettings()
    (settings.sampledImages, settings.confidentErrors) = (6, 2)
    change(&settings)
    return try models.map { name, model in
      (name, try #require(try ModelExplanation.make(model, of: data, settings: settings, on: context)))
    }
  }

  private static func page(
    of data: Dataset, _ change: (inout ExplanationSettings) -> Void = { _ in }
  ) throws -> HTMLPage {
    HTMLPage(
      title: "Models",
      sections: try explanations(of: data, change).map { name, explanation in
        ExplanationChapter(explanation, of: data, name: name).section
      })
  }

  private static let small = dataset(
    ImageShape(height: 6, width: 5, channels: 1), names: ["plain", Samples.hostile], train: 20, test: 6)

  @Test(arguments: ["cnn", "forest", "tree", "knn"]) func chapterMatchesGolden(name: String) throws {
    let explanation = try #require(Self.explanations(of: Self.small).first { $0.name == name }).explanation
    let chapter = ExplanationChapter(explanation, of: Self.small, name: name).section
    #expect(chapter.fragment == ExplanationChapter(explanation, of: Self.small, name: name).section.fragment)
    try Golden.check(chapter.fragment, "explanation-\(name).html")
  }

  @Test(arguments: [
    (height: 6, width: 5, channels: 1, classes: 2, train: 20, test: 6),
    (height: 3, width: 17, channels: 3, classes: 3, train: 12, test: 9),
    (height: 2, width: 2, channels: 1, classes: 1, train: 1, test: 1),
    (height: 130, width: 40, channels: 3, classes: 2, train: 4, test: 2),
    (height: 4, width: 4, channels: 1, classes: 2, train: 3, test: 0),
    (height: 3, width: 3, channels: 1, classes: 40, train: 80, test: 80),
  ]) func chaptersOfAllModelsFormAPage(
    height: Int, width: Int, channels: Int, classes: Int, train: Int, test: Int
  ) throws {
    let data = Self.dataset(
      ImageShape(height: height, width: width, channels: channels),
      names: (0..<classes).map { "\(Samples.hostile) \($0)" }, train: train, test: test)
    let page = try Self.page(of: data) { if test > 1 { $0.images = [1, 1] } }
    let elements = try ParsedXML(page.html).elements
    #expect(!elements.contains { $0.name == "script" || $0.attributes.keys.contains { $0.hasPrefix("on") } })
    let figures = elements.filter { $0.name == "figure" }.count
    #expect(figures > 0 && page.html.utf8.count < 3_000_000)
    // A second figure of the same name would end in "-2".
    let names = Report(page).files.map(\.name)
    #expect(names.count == figures + 1)
    #expect(!names.contains { $0.contains("-2.") && names.contains($0.replacingOccurrences(of: "-2.", with: ".")) })
    if test > 0 {
      let shown = elements.contains { $0.text.contains("<script>alert('x')</script>&amp;") }
      #expect(shown)
    }
  }

  @Test func statesMapResolution() throws {
    let data = Self.dataset(
      ImageShape(height: 28, width: 14, channels: 1), names: ["a", "b"], train: 4, test: 4)
    guard case .network(let found) = try Self.explanations(of: data)[0].explanation else {
      throw CancellationError()
    }
    let same = NetworkChapter(found, of: data).section.fragment
    #expect(same.contains("This layer has a cell for each of the 28x14 pixels."))
    var settings = NetworkSettings()
    (settings.filters, settings.dense) = ([2, 2, 2], [])
    let plan = try NetworkPlan(settings.layers, input: data.shape, classCount: 2)
    let deep = Network(
      settings, plan: plan, parameters: plan.initialParameters(seed: 1),
      normalization: InputNormalization(mean: [110], deviation: [60]))
    let coarse = NetworkChapter(try NetworkExplanation(deep, of: data, on: Self.context), of: data).section.fragment
    #expect(coarse.contains("This layer has 7x3 cells for 28x14 pixels, so a cell covers about 4x4.7 pixels"))
  }

  /// Changes an explanation in its JSON form.
  private func changing(
    _ explanation: ModelExplanation, _ change: (inout [String: Any]) -> Void
  ) throws -> NetworkExplanation {
    guard case .network(let network) = explanation else { throw ModelError.badModel("another kind") }
    var object = try #require(
      JSONSerialization.jsonObject(with: JSONEncoder().encode(network)) as? [String: Any])
    change(&object)
    return try JSONDecoder().decode(
      NetworkExplanation.self, from: JSONSerialization.data(withJSONObject: object))
  }

  @Test func claimsNothingWhereIntervalsOverlap() throws {
    let explanation = try Self.explanations(of: Self.small)[0].explanation
    func text(gradCAM: Double, others: Double) throws -> String {
      let network = try changing(explanation) { object in
        var checks = object["checks"] as! [[String: Any]]
        for check in checks.indices {
          var curves = checks[check]["curves"] as! [[String: Any]]
          for curve in curves.indices {
            curves[curve]["area"] = curves[curve]["method"] as! String == "grad-cam" ? gradCAM : others
            curves[curve]["areaError"] = 0.01
          }
          checks[check]["curves"] = curves
        }
        object["checks"] = checks
      }
      return NetworkChapter(network, of: Self.small).section.fragment
    }
    let apart = try text(gradCAM: 0.3, others: 0.5)
    #expect(
      apart.contains("deletion curve (lower is better): better than a random order (0.500 ± 0.020), better than edges"))
    #expect(apart.contains("insertion curve (higher is better): worse than a random order"))
    let close = try text(gradCAM: 0.3, others: 0.33)
    #expect(close.contains("deletion curve (lower is better): not distinguishable from a random order (0.330 ± 0.020)"))
    #expect(["better than a random", "worse than"].filter { close.contains($0) } == [])
  }

  @Test func interpretsRandomWeightsByInterval() throws {
    let explanation = try Self.explanations(of: Self.small)[0].explanation
    func text(_ correlation: Double, _ error: Double) throws -> String {
      let network = try changing(explanation) { object in
        object["randomization"] = (object["randomization"] as! [[String: Any]]).map { check in
          var check = check
          check["stages"] = [
            ["layers": ["output", "block1"], "correlation": correlation, "correlationError": error]
          ]
          return check
        }
      }
      return NetworkChapter(network, of: Self.small).section.fragment
    }
    let (depends, hardly) = (
      ": the maps depend on the learned weights", ": the maps hardly depend on the learned weights"
    )
    #expect(try text(0.1, 0.05).contains(depends))
    #expect(try text(0.95, 0.01).contains(hardly))
    for (correlation, error) in [(0.45, 0.05), (0.65, 0.01), (0.85, 0.05)] {
      let text = try text(correlation, error)
      #expect([depends, hardly].filter { text.contains($0) } == [])
    }
  }

  @Test func singleImageSupportsNoStatement() throws {
    let data = Self.dataset(
      ImageShape(height: 6, width: 5, channels: 1), names: ["a", "b"], train: 20, test: 1)
    for (name, explanation) in try Self.explanations(of: data) {
      let text = ExplanationChapter(explanation, of: data, name: name).section.fragment
      let claims = [
        "better than a random", "better than edges", "better than both", "worse than", ": the maps",
        "points of accuracy",
        "is a warning sign",
      ]
      #expect(claims.filter { text.contains($0) } == [], "\(name)")
    }
  }

  @Test func omitsMissingParts() throws {
    let data = Self.dataset(ImageShape(height: 4, width: 4, channels: 1), names: ["a", "b"], train: 3, test: 0)
    for (name, explanation) in try Self.explanations(of: data) {
      let section = ExplanationChapter(explanation, of: data, name: name).section
      #expect(section.fragment.contains("no test images"))
      #expect(!section.fragment.contains("checks") && !section.fragment.contains("Test image"))
    }
  }

  @Test func frameSurroundsPicture() {
    let red = ColorMap.Color(red: 255, green: 0, blue: 0)
    let framed = Picture(height: 1, width: 2, pixels: [1, 2, 3, 4, 5, 6]).framed(red, width: 1)
    #expect((framed.height, framed.width) == (3, 4))
    let expected = (0..<12).flatMap { place -> [UInt8] in
      place == 5 ? [1, 2, 3] : place == 6 ? [4, 5, 6] : [255, 0, 0]
    }
    #expect(framed.pixels == expected)
  }
}

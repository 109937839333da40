import Compute
import Datasets
import Evaluation
import Foundation
import Models
import Testing

/// A tree trained by scikit-learn, and the paths of some images (Tests/Peers/fixtures/exploration.py).
private struct Fixture: Decodable {
  let criterion: String
  let shape: ImageShape
  let classes: Int
  let feature: [Int32]
  let threshold: [UInt8]
  let right: [UInt32]
  /// (nodes, classes)
  let counts: [[Int]]
  let impurity, importances: [Double]
  let newImages: [[UInt8]]
  let paths: [[Int]]
  let probabilities: [[Double]]

  func model() throws -> DecisionTree {
    let leaves = feature.indices.filter { feature[$0] < 0 }.map { node in
      counts[node].enumerated().filter { $0.element > 0 }
    }
    let entries = leaves.flatMap { $0 }
    return try DecisionTree(
      tensors: [
        Tensor(name: "nodes", shape: [1], [Int64(feature.count)]),
        Tensor(name: "feature", shape: [feature.count], feature),
        Tensor(name: "threshold", shape: [feature.count], threshold),
        Tensor(name: "right", shape: [feature.count], right),
        Tensor(name: "classes", shape: [leaves.count], leaves.map { UInt16($0.count) }),
        Tensor(name: "label", shape: [entries.count], entries.map { UInt8($0.offset) }),
        Tensor(name: "weight", shape: [entries.count], entries.map { UInt32($0.element) }),
      ], settings: try TreeSettings(["criterion": criterion]).text, imageShape: shape, classCount: classes)
  }
}

@Suite struct TreeExplanationTests {
  private let names = ["cat", "hen", "cow", "pig"]

  @Test(arguments: [0, 1]) func pathsCountsAndImpuritiesMatchScikitLearn(index: Int) throws {
    let fixture = try readFixture("explanation", as: [Fixture].self)[index]
    let model = try fixture.model()
    for (image, pixels) in fixture.newImages.enumerated() {
      let found = TreeExplanation(of: model, pixels: pixels[...], classNames: names)
      #expect(found.steps.map(\.node) == fixture.paths[image] && found.criterion.rawValue == fixture.criterion)
      for step in found.steps {
        #expect(step.classCounts == fixture.counts[step.node] && step.images == step.classCounts.reduce(0, +))
        #expect(abs(step.impurity - fixture.impurity[step.node]) < 1e-12)
        guard let comparison = step.comparison else { continue }
        let feature = comparison.pixel.index(in: fixture.shape)
        #expect(feature == Int(fixture.feature[step.node]) && comparison.value == pixels[feature])
        #expect(comparison.threshold == fixture.threshold[step.node])
      }
      #expect(found.steps.dropLast().allSatisfy { $0.comparison != nil } && found.leaf.comparison == nil)
      #expect(zip(found.probabilities, fixture.probabilities[image]).allSatisfy { abs($0 - $1) < 1e-12 })
      for label in 0..<4 {
        let moved = found.contributions(to: label).reduce(0, +)
        #expect(abs(found.baseline[label] + moved - found.probabilities[label]) < 1e-12)
      }
    }
  }

  @Test(arguments: [0, 1]) func importanceMapSumsChannels(index: Int) throws {
    let fixture = try readFixture("explanation", as: [Fixture].self)[index]
    let map = try fixture.model().importanceMap
    #expect(map.shape == ImageShape(height: 3, width: 2, channels: 1))
    for pixel in 0..<6 {
      let expected = fixture.importances[pixel * 3..<pixel * 3 + 3].reduce(0, +)
      #expect(abs(Double(map.values[pixel]) - expected) < 1e-6)
    }
  }

  // MARK: Sentences

  /// Two splits: pixel (1, 0) at 5, then pixel (0, 1) at 100.
  private let images = LabeledImages(
    shape: ImageShape(height: 2, width: 2, channels: 1),
    pixels: [
      0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 10, 0, 0, 0, 10, 0, 0, 200, 10, 0,
    ], labels: [0, 0, 0, 1, 1, 2])

  private func tree(_ change: (inout TreeSettings) -> Void = { _ in }) throws -> DecisionTree {
    var settings = TreeSettings()
    change(&settings)
    return try DecisionTree.fit(
      images, classCount: 3, settings: settings, on: anyContext, progress: { _ in true })
  }

  @Test func describesEachStep() throws {
    let model = try tree()
    func sentences(_ image: [UInt8]) -> [String] {
      TreeExplanation(of: model, pixels: image[...], classNames: names.dropLast()).sentences
    }
    #expect(
      sentences([9, 9, 3, 9]) == [
        "pixel (row 1, column 0) is 3, at most 5: left branch",
        "the leaf has 3 training images, all of class cat: prediction cat",
      ])
    #expect(
      sentences([0, 100, 77, 0]) == [
        "pixel (row 1, column 0) is 77, more than 5: right branch",
        "pixel (row 0, column 1) is 100, at most 100: left branch",
        "the leaf has 2 training images, all of class hen: prediction hen",
      ])
    #expect(sentences([0, 101, 77, 0]).last == "the leaf has 1 training image, of class cow: prediction cow")
  }

  @Test func describesMixedLeaf() throws {
    let model = try tree { $0.maxDepth = 1 }
    let found = TreeExplanation(of: model, pixels: [0, 0, 9, 0], classNames: names.dropLast())
    #expect(found.sentences.last == "the leaf has 3 training images, 2 hen, 1 cow: prediction hen (66.7 %)")
    #expect(found.prediction == 1 && abs(found.leaf.impurity - 4.0 / 9) < 1e-12)
  }

  @Test func summarizesManyClasses() throws {
    let same = rowImages([[UInt8]](repeating: [1], count: 9), labels: [0, 1, 2, 3, 4, 4, 4, 3, 0])
    let model = try DecisionTree.fit(
      same, classCount: 5, settings: TreeSettings(), on: anyContext, progress: { _ in true })
    let found = TreeExplanation(of: model, pixels: [1], classNames: ["a", "b", "c", "d", "e"])
    #expect(
      found.sentences == ["the leaf has 9 training images, 3 e, 2 a, 2 d, 2 of other classes: prediction e (33.3 %)"])
    #expect(model.importanceMap.values == [0])
  }

  @Test func namesColorChannels() {
    let shape = ImageShape(height: 4, width: 5, channels: 3)
    let position = PixelPosition(index: (2 * 5 + 3) * 3 + 1, in: shape)
    #expect(position.name(in: shape) == "green of pixel (row 2, column 3)")
    #expect(position.row == 2 && position.column == 3 && position.channel == 1)
  }

  // MARK: Forests

  private func forest(_ change: (inout ForestSettings) -> Void = { _ in }) throws -> (Forest, LabeledImages) {
    var settings = ForestSettings()
    (settings.trees, settings.tree.minSamplesLeaf) = (15, 4)
    change(&settings)
    let images = coarseImages(120, ImageShape(height: 3, width: 2, channels: 3), classes: 4, levels: 20)
    let forest = try Forest.fit(
      images, classCount: 4, settings: settings, on: anyContext, progress: { _ in true })
    return (forest, images)
  }

  @Test func forestContributionsSumToPrediction() throws {
    let (model, _) = try forest()
    let newImages = coarseImages(20, model.imageShape, classes: 4, levels: 20, key: 1)
    let probabilities = try model.probabilities(for: newImages, on: anyContext, progress: { _ in true })
    for image in 0..<20 {
      let found = ForestExplanation(of: model, pixels: newImages.pixels(of: image), classNames: names)
      #expect(found.probabilities == probabilities[image * 4..<image * 4 + 4].map(Double.init))
      #expect(found.probabilities[found.prediction] == found.probabilities.max())
      #expect(found.votes.reduce(0, +) == 15 && found.trees.count == 15)
      for label in 0..<4 { #expect(found.votes[label] == found.trees.count { $0.prediction == label }) }
      let moved = found.contributions.values.reduce(0) { $0 + Double($1) }
      #expect(abs(found.baseline[found.prediction] + moved - found.probabilities[found.prediction]) < 1e-5)
      for (number, vote) in found.trees.enumerated() {
        let path = TreeExplanation(of: model, tree: number, pixels: newImages.pixels(of: image), classNames: names)
        #expect(path.prediction == vote.prediction && path.steps.count == vote.depth + 1 && path.isBootstrapped)
      }
    }
    let found = ForestExplanation(of: model, pixels: newImages.pixels(of: 0), classNames: names)
    #expect(try JSONDecoder().decode(ForestExplanation.self, from: JSONEncoder().encode(found)) == found)
  }

  @Test func describesBootstrapSamples() throws {
    let (bootstrapped, images) = try forest()
    let (whole, _) = try forest { $0.bootstrap = false }
    func explanation(_ model: Forest) -> TreeExplanation {
      TreeExplanation(of: model, tree: 0, pixels: images.pixels(of: 0), classNames: names)
    }
    #expect(explanation(bootstrapped).sentences.last?.contains("bootstrap samples") == true)
    #expect(explanation(whole).sentences.last?.contains("bootstrap") == false)
    // Each bootstrap has as many samples as there are images.
    #expect(explanation(bootstrapped).steps[0].images == 120 && explanation(whole).steps[0].images == 120)
  }

  @Test func forestImportanceSumsToOne() throws {
    let map = try forest().0.importanceMap
    #expect(map.shape == ImageShape(height: 3, width: 2, channels: 1))
    #expect(abs(map.values.reduce(0, +) - 1) < 1e-5)
  }
}

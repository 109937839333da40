import Compute
import Datasets
import Foundation
import Models
import Testing

@Suite struct ForestGrowthTests {
  @Test(arguments: TreeSettings.Criterion.allCases)
  func learnsXORAlthoughFirstSplitHasNoGain(criterion: TreeSettings.Criterion) throws {
    let images = rowImages([[0, 0], [0, 200], [200, 0], [200, 200]], labels: [0, 1, 1, 0])
    let tree = try fitTree(images) { $0.criterion = criterion }
    #expect(try tree.predictions(for: images, on: anyContext) == images.labels)
    #expect(tree.tree.leafCount == 4)
    #expect(try tree.elements("threshold") as [UInt8] == [100, 100, 0, 0, 100, 0, 0])
  }

  @Test func thresholdIsHalfwayBetweenValuesRoundedDown() throws {
    let images = rowImages([[3], [250], [10], [10]], labels: [0, 1, 1, 1])
    #expect(try fitTree(images).elements("threshold") as [UInt8] == [6, 0, 0])
  }

  @Test func tiesAreBrokenByLowestFeature() throws {
    let images = rowImages([[7, 0, 0], [7, 9, 9]], labels: [1, 0])
    #expect(try fitTree(images).elements("feature") as [Int32] == [1, -1, -1])
  }

  @Test(
    arguments: [
      (name: "one image", rows: [[5, 6]], labels: [1]),
      (name: "one class", rows: [[5, 6], [7, 8], [1, 2]], labels: [1, 1, 1]),
      (name: "constant features", rows: [[5, 6], [5, 6], [5, 6]], labels: [1, 0, 1]),
    ] as [(name: String, rows: [[UInt8]], labels: [UInt8])])
  func growsOneLeafIfNothingSplits(name: String, rows: [[UInt8]], labels: [UInt8]) throws {
    let images = rowImages(rows, labels: labels)
    for tree in [try fitTree(images).tree] + (try fitForest(images) { $0.tree.maxFeatures = .log2 }.trees) {
      #expect(tree.nodeCount == 1)
    }
    let shares = (0...1).map { label in Float(labels.count { $0 == label }) / Float(labels.count) }
    #expect(
      try fitTree(images).probabilities(for: images.prefix(1), on: anyContext, progress: { _ in true }) == shares)
    #expect(try fitTree(images).featureImportances == [0, 0])
  }

  @Test func supportsEmptyClassesAndLabel255() throws {
    let images = rowImages([[0], [100], [200]], labels: [0, 255, 3])
    #expect(try fitTree(images, classCount: 256).predictions(for: images, on: anyContext) == images.labels)
  }

  @Test(arguments: [1, 2, 7, 60])
  func leavesHaveMinimumNumberOfImages(least: Int) throws {
    let images = noisyImages(count: 900, featureCount: 10, classCount: 3)
    let tree = try fitTree(images, classCount: 3) { $0.minSamplesLeaf = least }
    let weights = try tree.elements("weight") as [UInt32]
    var entries = weights[...]
    for classes in try tree.elements("classes") as [UInt16] {
      #expect(entries.prefix(Int(classes)).reduce(0, +) >= UInt32(least))
      entries = entries.dropFirst(Int(classes))
    }
  }

  @Test(arguments: 1...5)
  func depthIsLimited(limit: Int) throws {
    let tree = try fitTree(noisyImages(count: 300, featureCount: 10, classCount: 3), classCount: 3) {
      $0.maxDepth = limit
    }
    #expect(tree.tree.depth == limit)
  }

  static let shapes: [(count: Int, featureCount: Int, classCount: Int, levels: Int)] = [
    (2, 1, 2, 2), (17, 5, 2, 2), (40, 70, 3, 256), (150, 33, 20, 4), (255, 4, 16, 256), (256, 4, 17, 256),
    (700, 9, 5, 3),
    (700, 40, 30, 256),
  ]

  @Test(arguments: shapes, TreeSettings.Criterion.allCases)
  func forestsMatchReferenceTrees(
    shape: (count: Int, featureCount: Int, classCount: Int, levels: Int), criterion: TreeSettings.Criterion
  ) throws {
    let images = noisyImages(
      count: shape.count, featureCount: shape.featureCount, classCount: shape.classCount, levels: shape.levels)
    for (maxFeatures, minSamplesLeaf) in [(MaxFeatures.all, 1), (.sqrt, 1), (.fraction(0.6), 3)] {
      let forest = try fitForest(images, classCount: shape.classCount) { settings in
        settings.trees = 3
        settings.tree.seed = 0xdead_beef_0123_4567
        settings.tree.criterion = criterion
        settings.tree.maxFeatures = maxFeatures
        settings.tree.minSamplesLeaf = minSamplesLeaf
      }
      var (feature, threshold, right, label, weight) = ([Int32](), [UInt8](), [UInt32](), [UInt8](), [UInt32]())
      for number in 0..<3 {
        let tree = ReferenceTree(
          images, classCount: shape.classCount, settings: forest.forestSettings.tree, number: number, bootstrap: true)
        feature += tree.feature
        threshold += tree.threshold
        right += tree.right
        label += tree.leaves.joined().map(\.label)
        weight += tree.leaves.joined().map(\.weight)
      }
      #expect(try forest.elements("feature") == feature)
      #expect(try forest.elements("threshold") == threshold)
      #expect(try forest.elements("right") == right)
      #expect(try forest.elements("label") == label)
      #expect(try forest.elements("weight") == weight)
    }
  }

  @Test(arguments: shapes)
  func decisionTreesMatchReferenceTrees(
    shape: (count: Int, featureCount: Int, classCount: Int, levels: Int)
  ) throws {
    let images = noisyImages(
      count: shape.count, featureCount: shape.featureCount, classCount: shape.classCount, levels: shape.levels)
    let context = ComputeContext(threads: 3, instructionSet: .available.max()!)
    for maxFeatures in [MaxFeatures.all, .sqrt] {
      let tree = try fitTree(images, classCount: shape.classCount, on: context) {
        $0.maxFeatures = maxFeatures
        $0.minSamplesSplit = 4
      }
      let reference = ReferenceTree(images, classCount: shape.classCount, settings: tree.treeSettings)
      #expect(try tree.elements("feature") == reference.feature)
      #expect(try tree.elements("threshold") == reference.threshold)
      #expect(try tree.elements("weight") == reference.leaves.joined().map(\.weight))
    }
  }

  private struct Fixture: Decodable {
    let settings: [String: String]
    let features: Int
    let classes: Int
    let pixels: [UInt8]
    let labels: [UInt8]
    let feature: [Int32]
    let threshold: [Double]
    let right: [Int]
    let importances: [Double]
    /// Pixels of images outside of the training set.
    let unseen: [UInt8]
    let probabilities: [Double]
  }

  @Test func matchesScikitLearnWithoutTies() throws {
    let url = try #require(
      Bundle.module.url(forResource: "tree-sklearn", withExtension: "json", subdirectory: "Fixtures"))
    for fixture in try JSONDecoder().decode([Fixture].self, from: Data(contentsOf: url)) {
      let shape = ImageShape(height: 1, width: fixture.features, channels: 1)
      let images = LabeledImages(shape: shape, pixels: fixture.pixels, labels: fixture.labels)
      let settings = try TreeSettings(fixture.settings)
      let tree = try fitTree(images, classCount: fixture.classes) { $0 = settings }
      #expect(try tree.elements("feature") == fixture.feature)
      #expect(
        try tree.elements("threshold") == zip(fixture.feature, fixture.threshold).map { $0 < 0 ? 0 : UInt8($1) })
      #expect(try tree.elements("right") == fixture.right.map { UInt32(max($0, 0)) })

      let unseen = LabeledImages(
        shape: shape, pixels: fixture.unseen,
        labels: [UInt8](repeating: 0, count: fixture.unseen.count / shape.count))
      let probabilities = try tree.probabilities(for: unseen, on: anyContext, progress: { _ in true })
      // Probabilities are in single precision; importances are summed in another order.
      #expect(zip(probabilities, fixture.probabilities).allSatisfy { abs(Double($0) - $1) < 1e-7 })
      #expect(zip(tree.featureImportances, fixture.importances).allSatisfy { abs($0 - $1) < 1e-12 })
    }
  }
}

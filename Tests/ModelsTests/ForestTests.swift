import Compute
import Datasets
import Models
import Progress
import Testing

@Suite struct ForestTests {
  let images = noisyImages(count: 800, featureCount: 30, classCount: 4, levels: 60)

  func fit(on context: ComputeContext = anyContext, _ change: (inout ForestSettings) -> Void = { _ in }) throws
    -> Forest
  {
    try fitForest(images, classCount: 4, on: context, change)
  }

  @Test(arguments: [1, 2, 3], InstructionSet.available)
  func digestIsIndependentOfThreadCountAndInstructionSet(threads: Int, instructionSet: InstructionSet) throws {
    let context = ComputeContext(threads: threads, instructionSet: instructionSet)
    for criterion in TreeSettings.Criterion.allCases {
      let forest = try fit(on: context) { $0.tree.criterion = criterion }
      #expect(try forest.digest == fit { $0.tree.criterion = criterion }.digest)
      let tree = try fitTree(images, classCount: 4, on: context) { $0.criterion = criterion }
      #expect(try tree.digest == fitTree(images, classCount: 4) { $0.criterion = criterion }.digest)
    }
    let forest = try fit()
    #expect(
      try forest.probabilities(for: images, on: context, progress: { _ in true })
        == forest.probabilities(for: images, on: anyContext, progress: { _ in true }))
  }

  @Test func digestDependsOnSeed() throws {
    #expect(try fit().digest != fit { $0.tree.seed = 1 }.digest)
  }

  @Test(arguments: [1, 4, 10])
  func prefixEqualsSmallerForest(count: Int) throws {
    #expect(try fit().prefix(count) == fit { $0.trees = count })
  }

  @Test(arguments: [1, 2, 5, 9, 40], TreeSettings.Criterion.allCases)
  func cutEqualsForestGrownWithDepthLimit(
    limit: Int, criterion: TreeSettings.Criterion
  ) throws {
    let full = try fit { $0.tree.criterion = criterion }
    let limited = try fit { ($0.tree.criterion, $0.tree.maxDepth) = (criterion, limit) }
    #expect(full.cut(toDepth: limit) == limited)
    let tree = try fitTree(images, classCount: 4) { $0.criterion = criterion }
    #expect(
      try tree.cut(toDepth: limit)
        == fitTree(images, classCount: 4) { ($0.criterion, $0.maxDepth) = (criterion, limit) })
  }

  /// Nodes of more than 8192 images are grown from columns, and smaller ones from rows; a forest has both at all times.
  @Test(arguments: [8192, 8193, 20_000], [1, 3])
  func treeGrownFromColumnsThenRowsEqualsThatOfAForest(count: Int, threads: Int) throws {
    let images = noisyImages(count: count, featureCount: 40, classCount: 4)
    let context = ComputeContext(threads: threads, instructionSet: InstructionSet.available.max()!)
    for (criterion, minSamplesLeaf) in [(TreeSettings.Criterion.gini, 3), (.entropy, 1)] {
      let tree = try fitTree(images, classCount: 4, on: context) {
        ($0.criterion, $0.minSamplesLeaf) = (criterion, minSamplesLeaf)
      }
      let forest = try fitForest(images, classCount: 4) {
        ($0.trees, $0.bootstrap, $0.tree.maxFeatures) = (1, false, .all)
        ($0.tree.criterion, $0.tree.minSamplesLeaf) = (criterion, minSamplesLeaf)
      }
      #expect(forest.trees == [tree.tree] && tree.tree.leafCount > 100)
    }
  }

  @Test func joinedPartsEqualWholeForest() throws {
    let whole = try fit()
    let grower = try ForestGrower(images, classCount: 4, settings: whole.forestSettings, on: anyContext)
    let parts = try [7..<10, 0..<1, 1..<7, 7..<7].map { range in
      (range.lowerBound, try grower.growTrees(range, progress: { _ in true }))
    }
    let ordered = parts.sorted { ($0.0, $0.1.count) < ($1.0, $1.1.count) }.map(\.1)
    #expect(
      Forest(joining: ordered, settings: whole.forestSettings, imageShape: images.shape, classCount: 4) == whole)
  }

  @Test func probabilitiesAreMeanOverTrees() throws {
    let forest = try fit { $0.tree.minSamplesLeaf = 20 }
    let evaluated = images.prefix(100)
    var sums = [Float](repeating: 0, count: 400)
    for tree in forest.trees {
      let alone = Forest(
        joining: [[tree]], settings: forest.prefix(1).forestSettings, imageShape: images.shape, classCount: 4)
      let probabilities = try alone.probabilities(for: evaluated, on: anyContext, progress: { _ in true })
      for (index, probability) in probabilities.enumerated() { sums[index] += probability }
    }
    #expect(try forest.probabilities(for: evaluated, on: anyContext, progress: { _ in true }) == sums.map { $0 / 10 })
  }

  @Test func outOfBagProbabilitiesUseTreesThatDidNotSeeTheImage() throws {
    let forest = try fit { $0.trees = 5 }
    let bags = (0..<5).map { tree in
      let sampled = (0..<images.count).map {
        batchedInteger($0, below: images.count, seed: 0, .bootstrap, UInt32(tree), 0)
      }
      return Set(sampled)
    }
    let single = try forest.trees.map { tree in
      try Forest(joining: [[tree]], settings: forest.prefix(1).forestSettings, imageShape: images.shape, classCount: 4)
        .probabilities(for: images, on: anyContext, progress: { _ in true })
    }
    let context = ComputeContext(threads: 3, instructionSet: .portable)
    let probabilities = forest.outOfBagProbabilities(trainingImages: images, on: context)
    #expect(probabilities == forest.outOfBagProbabilities(trainingImages: images, on: anyContext))
    var (correct, evaluated) = (0, 0)
    for image in 0..<images.count {
      let trees = (0..<5).filter { !bags[$0].contains(image) }
      if trees.isEmpty {
        #expect(probabilities[image] == nil)
        continue
      }
      let sums = (0..<4).map { label in trees.reduce(0) { $0 + single[$1][image * 4 + label] } }
      #expect(probabilities[image] == sums.map { $0 / Float(trees.count) })
      evaluated += 1
      if sums.firstIndex(of: sums.max()!)! == Int(images.labels[image]) { correct += 1 }
    }
    #expect(evaluated < images.count)
    #expect(forest.outOfBagAccuracy(trainingImages: images, on: context) == Double(correct) / Double(evaluated))
    let whole = try fit { $0.bootstrap = false }
    #expect(whole.outOfBagAccuracy(trainingImages: images, on: context) == nil)
    #expect(whole.outOfBagProbabilities(trainingImages: images, on: context).allSatisfy { $0 == nil })
  }

  @Test func treesWithoutSamplingEqualDecisionTree() throws {
    let tree = try fitTree(images, classCount: 4).tree
    let forest = try fit { ($0.bootstrap, $0.tree.maxFeatures) = (false, .all) }
    #expect(forest.trees == [Tree](repeating: tree, count: 10))
  }

  @Test func importancesSumToOneAndFavorInformativeFeature() throws {
    var random = RandomSequence(seed: 5, .test)
    let rows = (0..<200).map { index in
      [UInt8(random.next(below: 256)), UInt8(index % 2 * 9), UInt8(random.next(below: 256))]
    }
    let informative = rowImages(rows, labels: (0..<200).map { UInt8($0 % 2) })
    #expect(try fitTree(informative).featureImportances == [0, 1, 0])
    let importances = try fitForest(informative) { $0.trees = 50 }.featureImportances
    #expect(abs(importances.reduce(0, +) - 1) < 1e-12)
    #expect(importances[1] > 0.5)
  }

  @Test func fitStopsOnRequest() {
    #expect(throws: CancellationError.self) {
      try Forest.fit(images, classCount: 4, settings: ForestSettings(), on: anyContext, progress: { $0.done < 3 })
    }
    #expect(throws: CancellationError.self) {
      try DecisionTree.fit(images, classCount: 4, settings: TreeSettings(), on: anyContext, progress: { _ in false })
    }
  }

  @Test func progressReachesTotal() throws {
    var reports: [FitProgress] = []
    _ = try Forest.fit(
      images, classCount: 4, settings: ForestSettings(["trees": "7"]), on: anyContext,
      progress: {
        reports.append($0)
        return true
      })
    #expect(reports == (1...7).map { FitProgress(done: $0, total: 7, unit: .trees) })
  }

  @Test func rejectsInvalidLabelsAndEmptyData() {
    #expect(throws: ModelError.self) { try fitForest(images, classCount: 3) }
    #expect(throws: ModelError.self) { try fitTree(images.prefix(0), classCount: 4) }
  }
}

@Suite struct ForestSettingsTests {
  @Test func defaultsMatchScikitLearn() throws {
    #expect(
      try ForestSettings([:]).text == [
        "trees": "100", "max-depth": "none", "criterion": "gini", "max-features": "sqrt", "min-samples-split": "2",
        "min-samples-leaf": "1", "bootstrap": "true", "seed": "0",
      ])
    #expect(
      try TreeSettings([:]).text == [
        "max-depth": "none", "criterion": "gini", "max-features": "all", "min-samples-split": "2",
        "min-samples-leaf": "1",
        "seed": "0",
      ])
  }

  @Test func settingsRoundTripAsText() throws {
    let text = [
      "trees": "7", "max-depth": "12", "criterion": "entropy", "max-features": "0.25", "min-samples-split": "5",
      "min-samples-leaf": "3", "bootstrap": "false", "seed": "18446744073709551615",
    ]
    #expect(try ForestSettings(text).text == text)
  }

  @Test(arguments: [
    ("trees", "0", "1 to 100000"), ("trees", "ten", "1 to 100000"), ("max-depth", "0", "none or an integer from 1"),
    ("criterion", "mse", "gini or entropy"), ("max-features", "0", "fraction above 0"),
    ("max-features", "1.5", "fraction"),
    ("max-features", "nan", "fraction"), ("min-samples-split", "1", "from 2"), ("min-samples-leaf", "0", "from 1"),
    ("bootstrap", "yes", "true or false"), ("seed", "-1", "from 0 to 2^64 - 1"), ("leaves", "3", "max-depth"),
  ])
  func errorsNameSettingAndAllowedValues(name: String, value: String, allowed: String) {
    let error = #expect(throws: ModelError.self) { try ForestSettings([name: value]) }
    #expect(error?.description.contains(name) == true)
    #expect(error?.description.contains(allowed) == true, "\(String(describing: error))")
  }

  @Test(arguments: [("sqrt", 28, 1), ("log2", 9, 1), ("all", 784, 3), ("0.5", 392, 1), ("0.0001", 1, 1)])
  func maxFeaturesMatchScikitLearn(text: String, of784: Int, of3: Int) throws {
    let features = try #require(MaxFeatures(text))
    #expect(features.count(of: 784) == of784)
    #expect(features.count(of: 3) == of3)
    #expect(features.count(of: 1) == 1)
  }
}

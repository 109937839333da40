import Compute
import Datasets
import Models
import Testing

@Suite struct ForestTensorsTests {
  let images = noisyImages(count: 120, featureCount: 6, classCount: 3, levels: 6)

  func forest() throws -> Forest { try fitForest(images, classCount: 3) { ($0.trees, $0.tree.maxDepth) = (4, 5) } }

  func reread(_ tensors: [Tensor], classCount: Int = 3, shape: ImageShape? = nil) throws -> Forest {
    try ForestFamily.model(
      tensors: tensors, settings: forest().settings, imageShape: shape ?? images.shape, classCount: classCount)
  }

  @Test func isRebuiltFromSettingsAndTensors() throws {
    let forest = try forest()
    #expect(try reread(forest.tensors) == forest)
    let tree = try fitTree(images, classCount: 3)
    #expect(
      try DecisionTree(tensors: tree.tensors, settings: tree.settings, imageShape: images.shape, classCount: 3) == tree)
  }

  /// Returns the forest's tensors with some elements of one of them changed.
  func changed<Element: TensorElement>(_ name: String, _ change: (inout [Element]) -> Void) throws -> [Tensor] {
    try forest().tensors.map { tensor in
      guard tensor.name == name else { return tensor }
      var elements = try #require(tensor.elements(as: Element.self))
      change(&elements)
      return Tensor(name: name, shape: [elements.count], elements)
    }
  }

  @Test func rejectsDamagedTensors() throws {
    let damaged: [[Tensor]] = try [
      [], Array(forest().tensors.dropFirst()), forest().tensors + [Tensor(name: "more", shape: [1], [1] as [Float])],
      forest().tensors.map {
        Tensor(name: $0.name, shape: [1] + $0.shape, elementType: $0.elementType, bytes: $0.bytes)
      },
      forest().tensors.map {
        $0.name == "label" ? Tensor(name: "label", shape: $0.shape, $0.bytes.map { Float($0) }) : $0
      },
      changed("nodes") { (nodes: inout [Int64]) in nodes[0] += 1 },
      changed("nodes") { (nodes: inout [Int64]) in nodes[1] = .max },
      changed("nodes") { (nodes: inout [Int64]) in nodes[1] = -1 },
      changed("nodes") { (nodes: inout [Int64]) in nodes = [] },
      changed("nodes") { (nodes: inout [Int64]) in nodes.append(0) },
      changed("feature") { (features: inout [Int32]) in features[0] = 6 },
      changed("feature") { (features: inout [Int32]) in features[0] = -2 },
      changed("feature") { (features: inout [Int32]) in features[0] = -1 },
      changed("feature") { (features: inout [Int32]) in features[features.count - 1] = 0 },
      changed("feature") { (features: inout [Int32]) in features.append(-1) },
      changed("threshold") { (thresholds: inout [UInt8]) in thresholds[thresholds.count - 1] = 1 },
      changed("right") { (rights: inout [UInt32]) in rights[0] = 0 },
      changed("right") { (rights: inout [UInt32]) in rights[0] = 1 },
      changed("right") { (rights: inout [UInt32]) in rights[0] += 1 },
      changed("right") { (rights: inout [UInt32]) in rights[0] = .max },
      changed("classes") { (classes: inout [UInt16]) in classes[0] = 0 },
      changed("classes") { (classes: inout [UInt16]) in classes[0] = .max },
      changed("classes") { (classes: inout [UInt16]) in classes.removeLast() },
      changed("label") { (labels: inout [UInt8]) in labels[0] = 3 },
      changed("label") { (labels: inout [UInt8]) in labels.reverse() },
      changed("weight") { (weights: inout [UInt32]) in weights[0] = 0 },
      changed("weight") { (weights: inout [UInt32]) in weights[0] = .max },
    ]
    for tensors in damaged {
      let error = #expect(throws: ModelError.self) { try reread(tensors) }
      if case .badSettings? = error { Issue.record("a bad model is no bad setting: \(error!)") }
    }
  }

  @Test(arguments: [
    (3, ImageShape(height: 1, width: 2, channels: 1)), (2, ImageShape(height: 1, width: 6, channels: 1)),
    (0, ImageShape(height: 1, width: 6, channels: 1)), (257, ImageShape(height: 1, width: 6, channels: 1)),
    (3, ImageShape(height: 0, width: 6, channels: 1)), (3, ImageShape(height: -1, width: -6, channels: 1)),
    (3, ImageShape(height: .max, width: .max, channels: .max)),
  ])
  func rejectsMismatchedClassCountAndShape(classCount: Int, shape: ImageShape) throws {
    let tensors = try forest().tensors
    #expect(throws: ModelError.self) { try reread(tensors, classCount: classCount, shape: shape) }
  }

  @Test func rejectsMismatchedSettings() throws {
    let forest = try forest()
    for (name, value) in [("trees", "5"), ("trees", "x"), ("unknown", "1")] {
      let error = #expect(throws: ModelError.self) {
        try ForestFamily.model(
          tensors: forest.tensors, settings: forest.settings.merging([name: value]) { $1 }, imageShape: images.shape,
          classCount: 3)
      }
      if case .badSettings? = error { Issue.record("a bad model is no bad setting: \(error!)") }
    }
    #expect(throws: ModelError.self) {
      try DecisionTree(tensors: forest.tensors, settings: [:], imageShape: images.shape, classCount: 3)
    }
  }

  @Test func mutatedTensorsAreRejectedOrPredict() throws {
    let tensors = try forest().tensors
    var random = RandomSequence(seed: 3, .test)
    var accepted = 0
    for _ in 0..<3000 {
      let victim = Int(random.next(below: UInt32(tensors.count)))
      var bytes = tensors[victim].bytes
      for _ in 0...random.next(below: 3) {
        bytes[Int(random.next(below: UInt32(bytes.count)))] = UInt8(
          truncatingIfNeeded: random.next() >> random.next(below: 8))
      }
      let mutated = Tensor(
        name: tensors[victim].name, shape: tensors[victim].shape, elementType: tensors[victim].elementType, bytes: bytes
      )
      guard let forest = try? reread(tensors.map { $0.name == mutated.name ? mutated : $0 }) else { continue }
      accepted += 1
      let shares = try forest.probabilities(for: images.prefix(20), on: anyContext, progress: { _ in true })
      #expect(shares.allSatisfy { $0 >= 0 && $0 <= 1 })
      _ = forest.featureImportances
    }
    #expect(accepted > 100)
  }
}

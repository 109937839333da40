import Compute
import Datasets
import Models
import Testing

@Suite struct LinearTensorsTests {
  private let images = noisyImages(count: 60, featureCount: 6, classCount: 3)

  private func model() throws -> LinearModel {
    // Class 3 has no images.
    try LinearModel.fit(images, classCount: 4, settings: LinearSettings(), on: anyContext) { _ in true }
  }

  private func reread(
    _ tensors: [Tensor], classCount: Int = 4, shape: ImageShape? = nil, settings: [String: String] = [:]
  ) throws -> LinearModel {
    try LinearModel(
      tensors: tensors, settings: model().settings.merging(settings) { $1 }, imageShape: shape ?? images.shape,
      classCount: classCount)
  }

  private func changed(_ name: String, _ change: (inout [Float]) -> Void) throws -> [Tensor] {
    try model().tensors.map { tensor in
      guard tensor.name == name else { return tensor }
      var elements = try #require(tensor.elements(as: Float.self))
      change(&elements)
      return Tensor(name: name, shape: tensor.shape, elements)
    }
  }

  @Test func isRebuiltFromSettingsAndTensors() throws {
    let model = try model()
    #expect(try reread(model.tensors) == model)
    #expect(model.intercepts[3] == -.infinity && model.weights.count == 24)
    #expect(try #require(model.iterations) > 0)
    // Files of earlier versions do not contain the number of iterations.
    let earlier = try reread(model.tensors.filter { $0.name != "iterations" })
    #expect(earlier.iterations == nil && earlier.weights == model.weights)
  }

  @Test func rejectsDamagedTensors() throws {
    let tensors = try model().tensors
    let damaged: [[Tensor]] = try [
      [], Array(tensors.dropFirst()), [tensors[0], tensors[2]], tensors + [tensors[0]], [tensors[0], tensors[0]],
      tensors.map { Tensor(name: $0.name, shape: [1] + $0.shape, elementType: $0.elementType, bytes: $0.bytes) },
      tensors.prefix(2).map { Tensor(name: $0.name, shape: $0.shape, elementType: .int32, bytes: $0.bytes) },
      tensors.prefix(2) + [Tensor(name: "iterations", shape: [1], [Int64(-1)])],
      tensors.prefix(2) + [Tensor(name: "iterations", shape: [2], [Int64(1), 2])],
      changed("weights") { $0[0] = .nan },
      changed("weights") { $0[23] = .infinity },
      changed("weights") { $0[7] = .greatestFiniteMagnitude },
      changed("intercepts") { $0[0] = .nan },
      changed("intercepts") { $0[3] = .infinity },
      changed("intercepts") { $0 = $0.map { _ in -.infinity } },
    ]
    for tensors in damaged {
      let error = #expect(throws: ModelError.self) { try reread(tensors) }
      if case .badModel? = error { continue }
      Issue.record("expected a bad model, not \(String(describing: error))")
    }
  }

  @Test(arguments: [
    (3, ImageShape(height: 1, width: 6, channels: 1)), (0, ImageShape(height: 1, width: 6, channels: 1)),
    (257, ImageShape(height: 1, width: 6, channels: 1)), (4, ImageShape(height: 1, width: 5, channels: 1)),
    (4, ImageShape(height: 0, width: 6, channels: 1)), (4, ImageShape(height: -1, width: -6, channels: 1)),
    (4, ImageShape(height: .max, width: .max, channels: .max)),
  ])
  func rejectsMismatchedClassCountAndShape(classCount: Int, shape: ImageShape) throws {
    let tensors = try model().tensors
    #expect(throws: ModelError.self) { try reread(tensors, classCount: classCount, shape: shape) }
  }

  @Test func rejectsMismatchedSettings() throws {
    let tensors = try model().tensors
    for (name, value) in [("iterations", "x"), ("tolerance", "0"), ("unknown", "1")] {
      let error = #expect(throws: ModelError.self) { try reread(tensors, settings: [name: value]) }
      if case .badSettings? = error { Issue.record("a bad model is no bad setting: \(error!)") }
    }
  }

  @Test func mutatedTensorsAreRejectedOrPredict() throws {
    let tensors = try model().tensors
    var random = RandomSequence(seed: 3, .test)
    var accepted = 0
    for _ in 0..<2000 {
      let victim = Int(random.next(below: 2))
      var bytes = tensors[victim].bytes
      bytes[Int(random.next(below: UInt32(bytes.count)))] = UInt8(truncatingIfNeeded: random.next())
      let mutated = Tensor(
        name: tensors[victim].name, shape: tensors[victim].shape, elementType: .float32, bytes: bytes)
      guard let model = try? reread(tensors.map { $0.name == mutated.name ? mutated : $0 }) else { continue }
      accepted += 1
      let probabilities = try model.probabilities(for: images.prefix(20), on: anyContext) { _ in true }
      #expect(probabilities.allSatisfy { $0 >= 0 && $0 <= 1 })
    }
    #expect(accepted > 100)
  }
}

import Compute
import Datasets
import Foundation
import Models
import Testing

/// A network and a batch with the gradients and first steps that PyTorch computes (Tests/Peers/fixtures/network.py).
struct NetworkFixture {
  let settings: NetworkSettings
  let images: LabeledImages
  let tensors: [String: Tensor]

  static let names = ["network-plain", "network-normalized", "network-valid", "network-adamw"]

  init(_ name: String) throws {
    let url = try #require(Bundle.module.url(forResource: "Fixtures/\(name)", withExtension: "safetensors"))
    let bytes = [UInt8](try Data(contentsOf: url))
    let headerEnd = 8 + bytes[..<8].reversed().reduce(0) { $0 << 8 | Int($1) }
    let header = try #require(
      JSONSerialization.jsonObject(with: Data(bytes[8..<headerEnd])) as? [String: [String: Any]])
    var tensors: [String: Tensor] = [:]
    for (key, entry) in header {
      let type = try #require(Tensor.ElementType(rawValue: entry["dtype"] as! String))
      let offsets = entry["data_offsets"] as! [Int]
      tensors[key] = Tensor(
        name: key, shape: entry["shape"] as! [Int], elementType: type,
        bytes: Array(bytes[headerEnd + offsets[0]..<headerEnd + offsets[1]]))
    }
    self.tensors = tensors
    let pixels = try #require(tensors["images"])
    images = LabeledImages(
      shape: ImageShape(height: pixels.shape[1], width: pixels.shape[2], channels: pixels.shape[3]),
      pixels: pixels.bytes, labels: try #require(tensors["labels"]).bytes)

    var settings = NetworkSettings()
    settings.filters = [5, 18]
    settings.dense = [20]
    settings.kernel = try #require(tensors["block1.weight"]).shape[2]
    settings.padding = name == "network-valid" ? .valid : .same
    settings.batchNorm = tensors["block1.scale"] != nil
    settings.shards = name == "network-normalized" ? 2 : 1
    settings.batch = 8
    settings.dropout = 0
    settings.labelSmoothing = 0.1
    settings.schedule = .constant
    settings.optimizer = ["network-valid": .adam, "network-adamw": .adamw][name] ?? .sgd
    settings.learningRate = settings.optimizer == .sgd ? 0.1 : 1e-3
    self.settings = settings
  }

  func floats(_ name: String) throws -> [Float] {
    try #require(tensors[name]?.elements(as: Float.self), "\(name) is in the fixture")
  }

  /// Returns the network whose tensors have `prefix` before their names.
  func network(_ prefix: String = "") throws -> Network {
    let plan = try NetworkPlan(settings.layers, input: images.shape, classCount: 7)
    let fresh = Network(
      settings, plan: plan, parameters: plan.initialParameters(seed: 0),
      normalization: InputNormalization(measuring: images))
    let tensors = fresh.tensors.map { tensor in
      guard let stored = self.tensors[prefix + tensor.name], !tensor.name.hasPrefix("input") else { return tensor }
      return Tensor(name: tensor.name, shape: stored.shape, elementType: .float32, bytes: stored.bytes)
    }
    return try Network(tensors: tensors, settings: settings.text, imageShape: images.shape, classCount: 7)
  }
}

@Suite struct NetworkFixtureTests {
  /// Takes three steps from the fixture's parameters, and calls `afterStep` with the gradient and parameters of each.
  private func train(
    _ fixture: NetworkFixture, threads: Int,
    _ afterStep: (_ step: Int, _ gradient: [Float], _ parameters: [Float]) throws -> Void
  ) throws {
    let context = ComputeContext(threads: threads, instructionSet: InstructionSet.available.max()!)
    let network = try fixture.network()
    let plan = network.plan
    let gradient = BatchGradient(
      plan, settings: fixture.settings, images: fixture.images, normalization: network.normalization, context: context)
    let parameters = AlignedBuffer(network.parameters)
    let packed = PackedWeights(plan)
    let optimizer = Optimizer(plan, settings: fixture.settings)
    let samples = Array(0..<8)
    for step in 0..<3 {
      packed.update(from: parameters.pointer, on: context)
      gradient.compute(samples: samples, count: 8, epoch: 0, parameters: parameters.pointer, packed: packed)
      gradient.finish(0..<plan.count)
      optimizer.apply(
        0..<plan.count, factors: optimizer.factors(step: step, of: 3, images: 8), step: step,
        gradient: gradient.sums[0],
        parameters: parameters.pointer, kernels: context.kernels)
      try afterStep(
        step, Array(UnsafeBufferPointer(start: gradient.sums[0], count: plan.count)), Array(parameters.elements))
    }
  }

  private func tensors(_ parameters: [Float], like network: Network) -> [Tensor] {
    Network(
      network.configuration, plan: network.plan, parameters: parameters, normalization: network.normalization
    ).tensors.filter { !$0.name.hasPrefix("input") }
  }

  @Test(arguments: NetworkFixture.names, [1, 2]) func lossGradientAndStepsMatchPyTorch(name: String, threads: Int)
    throws
  {
    let fixture = try NetworkFixture(name)
    let network = try fixture.network()
    try train(fixture, threads: threads) { step, gradient, parameters in
      if step == 0 {
        let loss = gradient[network.plan.tally.offset] / 8
        #expect(abs(loss - (try fixture.floats("loss"))[0]) < 2e-6)
        for tensor in tensors(gradient.map { $0 / 8 }, like: network) where !tensor.name.contains("running") {
          expectNear(tensor, try fixture.floats("gradient.\(tensor.name)"), tolerance: 2e-5)
        }
      }
      if step == 0 || step == 2 {
        for tensor in tensors(parameters, like: network) {
          // Adam divides by the root of tiny numbers: where a gradient is nearly zero, rounding decides the direction
          // of its step.
          let tolerance: Float = fixture.settings.optimizer == .sgd ? 1e-4 : 2e-3
          expectNear(tensor, try fixture.floats("step\(step + 1).\(tensor.name)"), tolerance: tolerance)
        }
      }
    }
  }

  /// Compares values in single precision with values in double precision, relative to the tensor's largest element.
  private func expectNear(_ tensor: Tensor, _ expected: [Float], tolerance: Float) {
    let values = tensor.elements(as: Float.self)!
    let largest = expected.map(abs).max()!
    let difference = zip(values, expected).map { abs($0 - $1) }.max()!
    #expect(difference <= tolerance * max(largest, 1e-3), "\(tensor.name): off by \(difference) of \(largest)")
  }
}

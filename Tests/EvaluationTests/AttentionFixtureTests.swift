import Compute
import Datasets
import Evaluation
import Foundation
import Models
import Testing

/// Values computed by PyTorch and SciPy (Tests/Peers/fixtures/attention.py).
struct AttentionFixture: Decodable {
  struct Block: Decodable {
    let shape: [Int]
    /// Of the first image.
    let values, gradient: [Float]
    /// By method: (images) of (height, width).
    let maps: [String: [[Float]]]
  }

  struct Case: Decodable {
    let name: String
    let height, width, channels, kernel: Int
    let padding: String
    let batchNorm: Bool
    let filters, dense: [Int]
    let classCount: Int
    let pixels, labels, predictions: [UInt8]
    let mean, deviation, logits: [Float]
    let tensors: [String: [Float]]
    let blocks: [Block]

    var images: LabeledImages {
      LabeledImages(
        shape: ImageShape(height: height, width: width, channels: channels), pixels: pixels, labels: labels)
    }

    func network() throws -> Network {
      var settings = NetworkSettings()
      (settings.filters, settings.dense, settings.kernel, settings.batchNorm) = (filters, dense, kernel, batchNorm)
      settings.padding = try #require(Padding(rawValue: padding))
      let plan = try NetworkPlan(settings.layers, input: images.shape, classCount: classCount)
      let fresh = Network(
        settings, plan: plan, parameters: plan.initialParameters(seed: 0),
        normalization: InputNormalization(mean: mean, deviation: deviation))
      let stored = try fresh.tensors.map { tensor in
        tensor.name.hasPrefix("input")
          ? tensor : Tensor(name: tensor.name, shape: tensor.shape, try #require(tensors[tensor.name]))
      }
      return try Network(
        tensors: stored, settings: settings.text, imageShape: images.shape, classCount: classCount)
    }
  }

  struct Imputation: Decodable {
    let height, width: Int
    let values, filled: [Double]
    let removed: [Bool]
  }

  struct Correlation: Decodable {
    let first, second: [Float]
    let value: Double
  }

  struct Sobel: Decodable {
    let height, width, channels: Int
    let pixels: [UInt8]
    let values: [Float]
  }

  let networks: [Case]
  let imputations: [Imputation]
  let correlation: Correlation
  let sobel: Sobel

  static func load() throws -> AttentionFixture {
    let url = try #require(Bundle.module.url(forResource: "Fixtures/attention", withExtension: "json"))
    return try JSONDecoder().decode(AttentionFixture.self, from: Data(contentsOf: url))
  }
}

@Suite struct AttentionFixtureTests {
  private let fixture: AttentionFixture
  private let context = ComputeContext(threads: 2, instructionSet: InstructionSet.available.max()!)

  init() throws { fixture = try .load() }

  /// The tolerance is relative to the largest element: single precision here, double precision in the fixture.
  private func expectNear(_ found: [Float], _ expected: [Float], _ what: String) {
    #expect(found.count == expected.count)
    let largest = max(expected.map(abs).max()!, 1e-3)
    let difference = zip(found, expected).map { abs($0 - $1) }.max()!
    #expect(difference <= 2e-5 * largest, "\(what): off by \(difference) of \(largest)")
  }

  @Test func featureMapsAndGradientsMatchPyTorch() throws {
    for example in fixture.networks {
      let network = try example.network()
      for (index, block) in example.blocks.enumerated() {
        let name = "\(example.name), block \(index + 1)"
        let found = try network.mapFeatures(
          of: example.images, block: index + 1, labels: example.labels, on: context, { $0 })
        #expect(found.map(\.label) == example.labels.map { Int($0) })
        expectNear(found.map(\.logit), example.logits, "\(name): logits")
        #expect([found[0].channels, found[0].height, found[0].width] == block.shape)
        expectNear(found[0].values, block.values, "\(name): values")
        expectNear(found[0].gradient, block.gradient, "\(name): gradient")
      }
    }
  }

  @Test(arguments: AttentionMethod.modelBased) func mapsMatchPyTorch(method: AttentionMethod) throws {
    for example in fixture.networks {
      let network = try example.network()
      for (index, block) in example.blocks.enumerated() {
        let found = try network.attentionMaps(
          [method], of: example.images, block: index + 1, labels: example.labels, on: context)
        let expected = try #require(block.maps[method.rawValue])
        for (image, map) in found[0].enumerated() {
          #expect((map.height, map.width) == (example.height, example.width))
          expectNear(map.values, expected[image], "\(example.name), block \(index + 1), image \(image)")
        }
      }
    }
  }

  @Test func explainsPredictedClassWithoutLabels() throws {
    for example in fixture.networks {
      let network = try example.network()
      let found = try network.mapFeatures(of: example.images, block: 2, on: context, \.label)
      #expect(found == example.predictions.map { Int($0) })
    }
  }

  @Test func imputationMatchesSciPy() {
    for example in fixture.imputations {
      let center = example.values.reduce(0, +) / Double(example.values.count)
      let filled = LinearImputation(height: example.height, width: example.width, removed: example.removed)
        .fill(example.values.map { $0 - center })
      // The solver stops when bytes no longer change.
      for (value, expected) in zip(filled, example.filled) { #expect(abs(value + center - expected) < 0.05) }
    }
  }

  @Test func rankCorrelationMatchesSciPy() {
    func map(_ values: [Float]) -> AttentionMap { AttentionMap(height: 5, width: 8, values: values) }
    let found = map(fixture.correlation.first).rankCorrelation(with: map(fixture.correlation.second))
    #expect(abs(found - fixture.correlation.value) < 1e-12)
  }

  @Test func sobelMatchesSciPy() {
    let example = fixture.sobel
    let shape = ImageShape(height: example.height, width: example.width, channels: example.channels)
    expectNear(AttentionMap.sobel(example.pixels[...], shape).values, example.values, "Sobel")
  }
}

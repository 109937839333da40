import Compute
import Datasets
import Foundation
import Models
import Testing

/// Networks without convolutions.
@Suite struct PerceptronTests {
  private func settings(_ dense: [Int]) -> NetworkSettings {
    var settings = NetworkSettings()
    (settings.filters, settings.dense, settings.epochs, settings.batch) = ([], dense, 2, 32)
    (settings.dropout, settings.weightAverage) = (0.2, 0.9)
    settings.augment = Augmentation(flip: true, shift: 1, erase: false)
    return settings
  }

  private func fit(_ images: LabeledImages, _ dense: [Int], on context: ComputeContext = anyContext) throws -> Network {
    try Network.fit(images, classCount: 3, settings: settings(dense), on: context, progress: { _ in true })
  }

  /// Returns the class probabilities of one image, computed from the saved tensors.
  private func reference(_ network: Network, _ pixels: some Collection<UInt8>, dense: Int) throws -> [Double] {
    func values(_ name: String) throws -> [Float] {
      try #require(network.tensors.first { $0.name == name }?.elements(as: Float.self))
    }
    let (mean, deviation) = (try values("input.mean"), try values("input.deviation"))
    let (shape, bytes) = (network.imageShape, Array(pixels))
    var activations: [Double] = (0..<shape.channels).flatMap { channel in
      (0..<shape.height * shape.width).map { pixel in
        Double((Float(bytes[pixel * shape.channels + channel]) - mean[channel]) / deviation[channel])
      }
    }
    for name in (0..<dense).map({ "dense\($0 + 1)" }) + ["output"] {
      let (weights, bias) = (try values("\(name).weight"), try values("\(name).bias"))
      activations = bias.indices.map { unit in
        let row = weights[unit * activations.count..<(unit + 1) * activations.count]
        let sum = zip(row, activations).reduce(Double(bias[unit])) { $0 + Double($1.0) * $1.1 }
        return name == "output" ? sum : max(sum, 0)
      }
    }
    let exponentials = activations.map { exp($0 - activations.max()!) }
    return exponentials.map { $0 / exponentials.reduce(0, +) }
  }

  @Test(arguments: [[], [5], [33, 16]]) func probabilitiesEqualReference(dense: [Int]) throws {
    for shape in [ImageShape(height: 5, width: 7, channels: 3), ImageShape(height: 4, width: 4, channels: 1)] {
      let images = randomImages(70, shape, classes: 3)
      let network = try fit(images, dense)
      let probabilities = try network.probabilities(for: images, on: anyContext, progress: { _ in true })
      for image in 0..<images.count {
        let expected = try reference(network, images.pixels(of: image), dense: dense.count)
        for label in 0..<3 { #expect(abs(Double(probabilities[image * 3 + label]) - expected[label]) < 1e-5) }
      }
    }
  }

  @Test func digestIsIndependentOfThreadsAndInstructionSet() throws {
    let images = randomImages(150, ImageShape(height: 9, width: 5, channels: 1), classes: 3)
    let digests = try InstructionSet.available.flatMap { set in
      try [1, 2, 3].map { try fit(images, [20], on: ComputeContext(threads: $0, instructionSet: set)).digest }
    }
    #expect(Set(digests).count == 1)
  }

  @Test func isRebuiltFromTensors() throws {
    let images = randomImages(40, ImageShape(height: 3, width: 3, channels: 3), classes: 3)
    let network = try fit(images, [4])
    let back = try Network(
      tensors: network.tensors, settings: network.settings, imageShape: images.shape, classCount: 3)
    #expect(back.digest == network.digest)
    #expect(
      try back.probabilities(for: images, on: anyContext, progress: { _ in true })
        == network.probabilities(for: images, on: anyContext, progress: { _ in true }))
  }

  @Test func learnsRealImages() throws {
    let dataset = try Dataset.load(environment: [:])
    var settings = settings([64])
    (settings.epochs, settings.augment, settings.dropout) = (6, Augmentation(), 0)
    let network = try Network.fit(
      dataset.train.prefix(4_000), classCount: 10, settings: settings, on: anyContext, progress: { _ in true })
    let test = dataset.test.prefix(1_000)
    let correct = zip(try network.predictions(for: test, on: anyContext), test.labels).count { $0 == $1 }
    #expect(correct > 780)
  }
}

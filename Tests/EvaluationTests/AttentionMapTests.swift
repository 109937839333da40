import Compute
import Datasets
import Evaluation
import Foundation
import Models
import Testing

@Suite struct AttentionMapTests {
  private let context = ComputeContext(threads: 2, instructionSet: InstructionSet.available.max()!)

  private func network(_ shape: ImageShape, _ change: (inout NetworkSettings) -> Void = { _ in }) throws -> Network {
    var settings = NetworkSettings()
    (settings.filters, settings.dense) = ([4], [])
    change(&settings)
    let plan = try NetworkPlan(settings.layers, input: shape, classCount: 3)
    return Network(
      settings, plan: plan, parameters: plan.initialParameters(seed: 1),
      normalization: InputNormalization(
        mean: [Float](repeating: 128, count: shape.channels), deviation: [Float](repeating: 74, count: shape.channels)))
  }

  @Test(arguments: [(2, 2, 1), (2, 41, 1), (37, 2, 3), (15, 15, 3), (64, 3, 1)])
  func mapsHaveImageSize(height: Int, width: Int, channels: Int) throws {
    let images = noise(3, ImageShape(height: height, width: width, channels: channels))
    let maps = try network(images.shape).attentionMaps(
      AttentionMethod.allCases, of: images, block: 1, on: context)
    #expect(maps.map(\.count) == [3, 3, 3, 3, 3])
    for map in maps.joined() {
      #expect((map.height, map.width, map.values.count) == (height, width, height * width))
      #expect(map.values.allSatisfy { $0 >= 0 && $0.isFinite })
    }
  }

  /// An output layer with zero weights propagates no gradient.
  @Test func mapsAreZeroWithoutGradient() throws {
    let images = noise(3, ImageShape(height: 12, width: 9, channels: 1))
    let network = try network(images.shape)
    let tensors = network.tensors.map { tensor in
      tensor.name == "output.weight"
        ? Tensor(name: tensor.name, shape: tensor.shape, [Float](repeating: 0, count: tensor.elementCount)) : tensor
    }
    let blind = try Network(
      tensors: tensors, settings: network.settings, imageShape: images.shape, classCount: 3)
    for maps in try blind.attentionMaps(AttentionMethod.modelBased, of: images, block: 1, on: context) {
      #expect(maps.allSatisfy { $0.isZero && $0.normalized.isZero })
    }
    #expect(AttentionMap.mean([AttentionMap(height: 1, width: 2, values: [0, 0])]).values == [0, 0])
  }

  @Test func mapsAreFiniteOnOverflow() throws {
    let images = noise(2, ImageShape(height: 8, width: 8, channels: 1))
    let network = try network(images.shape) { $0.batchNorm = false }
    let huge = Network(
      network.configuration, plan: network.plan, parameters: network.parameters.map { $0 * 1e38 },
      normalization: network.normalization)
    for maps in try huge.attentionMaps(
      AttentionMethod.modelBased, of: images, block: 1, labels: [0, 1], on: context)
    {
      #expect(maps.allSatisfy { $0.normalized.values.allSatisfy { 0...1 ~= $0 } })
    }
  }

  @Test func mapsAreIndependentOfThreadCountAndInstructionSet() throws {
    let images = noise(19, ImageShape(height: 14, width: 11, channels: 3))
    let network = try network(images.shape) { $0.filters = [4, 18] }
    func maps(_ threads: Int, _ set: InstructionSet) throws -> [[AttentionMap]] {
      try network.attentionMaps(
        AttentionMethod.allCases, of: images, block: 2, on: ComputeContext(threads: threads, instructionSet: set))
    }
    let expected = try maps(1, InstructionSet.available.max()!)
    for threads in [2, 3] { #expect(try maps(threads, InstructionSet.available.max()!) == expected) }
    for set in InstructionSet.available { #expect(try maps(2, set) == expected) }
  }

  @Test func resizingPreservesConstantsAndCorners() {
    let flat = AttentionMap(height: 3, width: 2, values: [Float](repeating: 0.3, count: 6))
    #expect(flat.resized(height: 7, width: 11).values == [Float](repeating: 0.3, count: 77))
    let map = AttentionMap(height: 2, width: 2, values: [0, 1, 2, 3])
    #expect(map.resized(height: 2, width: 2) == map)
    // The centers of the four columns are at 1/4, 3/4, 5/4 and 7/4 of the two old columns.
    #expect(map.resized(height: 1, width: 4).values == [1, 1.25, 1.75, 2])
    #expect(AttentionMap(height: 1, width: 1, values: [5]).resized(height: 2, width: 3).values == [5, 5, 5, 5, 5, 5])
  }

  @Test func meanWeighsImagesEqually() {
    let maps = [[1, 0], [0, 10], [4, 4], [0, 2]].map { AttentionMap(height: 1, width: 2, values: $0) }
    #expect(AttentionMap.mean(maps).values == [0.5, 0.75])
    let means = AttentionMap.meanPerClass(maps, labels: [0, 2, 0, 2], classCount: 3)
    #expect(means.map { $0?.values } == [[1, 0.5], nil, [0, 1]])
  }

  @Test func randomMapsDependOnSeedAndImage() {
    func map(_ image: Int, _ seed: UInt64) -> AttentionMap { .random(height: 4, width: 4, image: image, seed: seed) }
    #expect(map(0, 0) == map(0, 0))
    #expect(map(0, 0) != map(1, 0) && map(0, 0) != map(0, 1))
  }

  @Test func sobelMapOfConstantImageIsZero() {
    let shape = ImageShape(height: 5, width: 4, channels: 3)
    #expect(AttentionMap.sobel([UInt8](repeating: 200, count: 60)[...], shape).isZero)
  }

  @Test func isRestoredFromJSON() throws {
    let map = AttentionMap(height: 1, width: 3, values: [0, 0.1, 1e-30])
    #expect(try JSONDecoder().decode(AttentionMap.self, from: JSONEncoder().encode(map)) == map)
  }
}

/// Images of random bytes from 0 to `largest`.
func noise(_ count: Int, _ shape: ImageShape, largest: UInt32 = 255) -> LabeledImages {
  LabeledImages(
    shape: shape,
    pixels: (0..<count * shape.count).map {
      UInt8(Philox.words(seed: 3, .test, 1, UInt32($0)).x % (largest + 1))
    }, labels: [UInt8](repeating: 0, count: count))
}

import Compute
import Datasets
import Models
import Testing

@Suite struct NetworkFeatureMapsTests {
  private let context = ComputeContext(threads: 2, instructionSet: InstructionSet.available.max()!)
  private let shape = ImageShape(height: 13, width: 10, channels: 3)
  private let classes = 4

  private func settings(_ change: (inout NetworkSettings) -> Void = { _ in }) -> NetworkSettings {
    var settings = NetworkSettings()
    (settings.filters, settings.dense) = ([3, 18], [6])
    change(&settings)
    return settings
  }

  /// Returns a network with random weights, biases, scales, shifts and statistics.
  private func network(_ settings: NetworkSettings, for shape: ImageShape? = nil) throws -> Network {
    let plan = try NetworkPlan(settings.layers, input: shape ?? self.shape, classCount: classes)
    var parameters = plan.initialParameters(seed: 5)
    for slice in plan.slices where ["scale", "shift", "bias", "mean", "variance"].contains(where: slice.name.hasSuffix)
    {
      for place in slice.range where !slice.name.hasPrefix("output") {
        let draw = Philox.uniform(Philox.words(seed: 6, .test, UInt32(place)).x)
        parameters[place] = slice.name.hasSuffix("variance") ? draw + 0.5 : draw - 0.3
      }
    }
    return Network(
      settings, plan: plan, parameters: parameters,
      normalization: InputNormalization(mean: [120, 130, 125], deviation: [70, 60, 80]))
  }

  /// A shift moves all values of its channel equally, so the slope of the logit along it is the sum of the channel's
  /// gradient.
  @Test(arguments: [true, false], [Padding.same, .valid])
  func gradientEqualsSlopeOfLogit(batchNorm: Bool, padding: Padding) throws {
    let network = try network(settings { ($0.batchNorm, $0.padding, $0.dropout) = (batchNorm, padding, 0.5) })
    let images = randomImages(3, shape, classes: classes)
    let labels: [UInt8] = [3, 0, 2]
    func logits(_ parameters: [Float]) throws -> [Float] {
      try Network(
        network.configuration, plan: network.plan, parameters: parameters, normalization: network.normalization
      ).mapFeatures(of: images, block: 1, labels: labels, on: context, \.logit)
    }
    for (index, block) in network.plan.blocks.enumerated() {
      let features = try network.mapFeatures(of: images, block: index + 1, labels: labels, on: context, { $0 })
      for channel in 0..<features[0].channels {
        let step: Float = 1e-3
        func moved(_ step: Float) throws -> [Float] {
          var parameters = network.parameters
          parameters[block.shift.offset + channel] += step
          return try logits(parameters)
        }
        let (after, before) = (try moved(step), try moved(-step))
        for image in 0..<images.count {
          let pixels = features[image].height * features[image].width
          let slope = features[image].gradient[channel * pixels..<(channel + 1) * pixels].reduce(0, +)
          let difference = (after[image] - before[image]) / (2 * step)
          // Allow for the rounding of a logit of about 1 over two steps, and for a few values that cross zero.
          #expect(abs(difference - slope) <= 5e-3 + 0.03 * abs(slope), "block \(index + 1), channel \(channel)")
        }
      }
    }
  }

  /// Without normalization, the input of the first dense layer is the largest value of each window of the last block's
  /// feature maps: computed directly, or by Winograd's algorithm.
  @Test(arguments: [(5, [5]), (3, [4, 5]), (5, [4, 5])])
  func denseLayerSeesMaximumOfEachWindow(kernel: Int, filters: [Int]) throws {
    let network = try network(
      settings { ($0.batchNorm, $0.filters, $0.dense, $0.kernel) = (false, filters, [], kernel) })
    let images = randomImages(2, shape, classes: classes)
    let (height, width) = filters.count == 1 ? (13, 10) : (6, 5)
    for label in 0..<classes {
      let found = try network.mapFeatures(
        of: images, block: filters.count, labels: [UInt8](repeating: UInt8(label), count: 2), on: context, { $0 })
      let weights = try #require(network.tensors.first { $0.name == "output.weight" }?.elements(as: Float.self))
      let bias = try #require(network.tensors.first { $0.name == "output.bias" }?.elements(as: Float.self))
      for features in found {
        #expect((features.height, features.width) == (height, width))
        var logit = bias[label]
        for channel in 0..<5 {
          for y in 0..<height / 2 {
            for x in 0..<width / 2 {
              let places = [(0, 0), (0, 1), (1, 0), (1, 1)].map {
                (channel * height + 2 * y + $0.0) * width + 2 * x + $0.1
              }
              let largest = places.map { features.values[$0] }.max()!
              let weight = weights[((label * 5 + channel) * (height / 2) + y) * (width / 2) + x]
              logit += weight * largest
              let chosen = places.filter { features.gradient[$0] != 0 }
              #expect(chosen.map { features.gradient[$0] } == (largest > 0 && weight != 0 ? [weight] : []))
              #expect(chosen.allSatisfy { features.values[$0] == largest })
            }
          }
          // Rows and columns outside of all windows.
          for y in 0..<height {
            for x in 0..<width where y / 2 == height / 2 || x / 2 == width / 2 {
              #expect(features.gradient[(channel * height + y) * width + x] == 0)
            }
          }
        }
        #expect(abs(logit - features.logit) < 1e-4)
      }
    }
  }

  /// All outputs of the second block, also those outside of whole windows, whether small or large tiles or both compute
  /// them: windows of 3x3, 3x2, 4x4, 5x4 and 4x5 with one more partial row or column, and of 4x4 without.
  @Test(arguments: [(14, 14), (14, 10), (18, 18), (22, 18), (18, 22), (16, 16)])
  func mapsEqualPlainConvolution(height: Int, width: Int) throws {
    let shape = ImageShape(height: height, width: width, channels: 3)
    let network = try network(
      settings { ($0.batchNorm, $0.filters, $0.dense) = (false, [4, 5], []) }, for: shape)
    let images = randomImages(2, shape, classes: classes)
    func maps(_ block: Int) throws -> [FeatureMaps] {
      try network.mapFeatures(of: images, block: block, labels: [0, 1], on: context, { $0 })
    }
    func tensor(_ name: String) throws -> [Float] {
      try #require(network.tensors.first { $0.name == name }?.elements(as: Float.self))
    }
    let (weights, bias) = (try tensor("block2.weight"), try tensor("block2.bias"))
    for (first, second) in zip(try maps(1), try maps(2)) {
      func input(_ channel: Int, _ y: Int, _ x: Int) -> Float {
        guard 0..<height / 2 ~= y, 0..<width / 2 ~= x else { return 0 }
        return [(0, 0), (0, 1), (1, 0), (1, 1)].map {
          first.values[(channel * height + 2 * y + $0.0) * width + 2 * x + $0.1]
        }.max()!
      }
      for channel in 0..<5 {
        for y in 0..<height / 2 {
          for x in 0..<width / 2 {
            var sum = bias[channel]
            for source in 0..<4 {
              for tap in 0..<9 {
                sum += weights[(channel * 4 + source) * 9 + tap] * input(source, y + tap / 3 - 1, x + tap % 3 - 1)
              }
            }
            let found = second.values[(channel * (height / 2) + y) * (width / 2) + x]
            #expect(abs(found - max(0, sum)) < 1e-4, "channel \(channel), \(y), \(x)")
          }
        }
      }
    }
  }

  @Test func isIndependentOfThreadCountAndInstructionSet() throws {
    let network = try network(settings())
    let images = randomImages(21, shape, classes: classes)
    func features(_ threads: Int, _ set: InstructionSet) throws -> [[FeatureMaps]] {
      let context = ComputeContext(threads: threads, instructionSet: set)
      return try [1, 2].map { try network.mapFeatures(of: images, block: $0, on: context, { $0 }) }
    }
    let expected = try features(1, InstructionSet.available.max()!)
    for threads in [2, 3] { #expect(try features(threads, InstructionSet.available.max()!) == expected) }
    for set in InstructionSet.available { #expect(try features(2, set) == expected) }
  }

  /// The feature maps of an image do not depend on the other images.
  @Test func imagesAreIndependent() throws {
    let network = try network(settings())
    let images = randomImages(10, shape, classes: classes)
    let together = try network.mapFeatures(of: images, block: 2, on: context, { $0 })
    for image in [0, 7, 9] {
      let alone = try network.mapFeatures(of: images.selecting([image]), block: 2, on: context, { $0 })
      #expect(alone == [together[image]])
    }
  }

  @Test func rejectsInvalidBlocksLabelsAndShapes() throws {
    let network = try network(settings())
    let images = randomImages(2, shape, classes: classes)
    func refuse(_ images: LabeledImages, block: Int, labels: [UInt8]?) {
      #expect {
        try network.mapFeatures(of: images, block: block, labels: labels, on: context, \.logit)
      } throws: {
        switch $0 as? ModelError {
        case .badSettings: images.shape == shape
        case .wrongShape: images.shape != shape
        default: false
        }
      }
    }
    for block in [-1, 0, 3] { refuse(images, block: block, labels: nil) }
    refuse(images, block: 1, labels: [0, 4])
    refuse(images, block: 1, labels: [0])
    let turned = ImageShape(height: 10, width: 13, channels: 3)
    refuse(randomImages(2, turned, classes: classes), block: 1, labels: nil)
    #expect(try network.mapFeatures(of: images.prefix(0), block: 1, on: context, \.logit) == [])
  }

  @Test func stopsOnRequest() throws {
    let network = try network(settings())
    #expect(throws: CancellationError.self) {
      try network.mapFeatures(
        of: randomImages(2, shape, classes: classes), block: 1, on: context, progress: { _ in false }, \.logit)
    }
  }

  @Test func randomizingReplacesNamedLayersOnly() throws {
    let network = try network(settings())
    #expect(network.layerNames == ["block1", "block2", "dense1", "output"])
    let random = network.randomizing(["block2", "output"], seed: 0)
    for (before, after) in zip(network.tensors, random.tensors) where !before.name.hasPrefix("input") {
      // The output's bias is zero before and after.
      let replaced = ["block2", "output"].contains { before.name.hasPrefix($0) } && before.name != "output.bias"
      #expect((before != after) == replaced, "\(before.name)")
    }
    #expect(network.randomizing([], seed: 0).digest == network.digest)
    #expect(network.randomizing(["output"], seed: 1).digest != network.randomizing(["output"], seed: 0).digest)
  }

  @Test func filtersAreFirstWeights() throws {
    let network = try network(settings())
    let filters = network.firstFilters
    let weights = try #require(network.tensors.first { $0.name == "block1.weight" })
    #expect(weights.shape == [3, 3, 3, 3] && filters.count == 3)
    let elements = try #require(weights.elements(as: Float.self))
    for (number, filter) in filters.enumerated() {
      #expect((filter.kernel, filter.channels, filter.values.count) == (3, 3, 27))
      for (y, x, channel) in [(0, 0, 0), (2, 1, 0), (0, 2, 1), (1, 1, 2)] {
        #expect(filter.values[(y * 3 + x) * 3 + channel] == elements[((number * 3 + channel) * 3 + y) * 3 + x])
      }
    }
  }
}

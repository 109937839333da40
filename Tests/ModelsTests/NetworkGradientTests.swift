import Compute
import Datasets
import Models
import Testing

/// Returns images of random bytes.
func randomImages(_ count: Int, _ shape: ImageShape, classes: Int, key: UInt32 = 0) -> LabeledImages {
  LabeledImages(
    shape: shape,
    pixels: (0..<count * shape.count).map {
      UInt8(truncatingIfNeeded: Philox.words(seed: 3, .test, key, UInt32($0)).x)
    }, labels: (0..<count).map { UInt8($0 % classes) })
}

@Suite struct NetworkGradientTests {
  struct Layers: Sendable, CustomTestStringConvertible {
    var testDescription: String
    var change: @Sendable (inout NetworkSettings) -> Void
  }

  /// Each kind of layer alone, and all together.
  static let cases = [
    Layers(testDescription: "dense") { _ in },
    Layers(testDescription: "two hidden dense layers") { $0.dense = [6, 5] },
    Layers(testDescription: "batch normalization") { $0.batchNorm = true },
    Layers(testDescription: "two blocks") { $0.filters = [3, 17] },
    Layers(testDescription: "kernel 5, valid") { ($0.kernel, $0.padding) = (5, .valid) },
    Layers(testDescription: "kernel 1") { $0.kernel = 1 },
    Layers(testDescription: "kernel 7") { $0.kernel = 7 },
    Layers(testDescription: "no convolution") { ($0.filters, $0.dense) = ([], [6, 5]) },
    Layers(testDescription: "only the output layer") { ($0.filters, $0.dropout) = ([], 0.4) },
    Layers(testDescription: "label smoothing") { $0.labelSmoothing = 0.2 },
    Layers(testDescription: "dropout") { $0.dropout = 0.4 },
    Layers(testDescription: "everything") {
      ($0.filters, $0.dense, $0.batchNorm, $0.dropout, $0.labelSmoothing) = ([3, 17], [6], true, 0.3, 0.1)
    },
  ]

  /// Compares central differences of the loss along random directions with the product of gradient and direction.
  ///
  /// A direction changes all parameters of a slice at once, so that the difference of losses is large compared with the
  /// rounding errors of single precision. ReLU and pooling are piecewise linear, and a small step rarely crosses from
  /// one piece to another.
  @Test(arguments: cases) func gradientEqualsSlopeOfLoss(_ layers: Layers) throws {
    var settings = NetworkSettings()
    (settings.filters, settings.dense, settings.batchNorm) = ([4], [], false)
    (settings.dropout, settings.labelSmoothing, settings.batch, settings.shards) = (0, 0, 12, 3)
    layers.change(&settings)
    let images = randomImages(12, ImageShape(height: 10, width: 9, channels: 3), classes: 4, key: 1)
    let plan = try NetworkPlan(settings.layers, input: images.shape, classCount: 4)
    let context = ComputeContext(threads: 2, instructionSet: InstructionSet.available.max()!)
    let batch = BatchGradient(
      plan, settings: settings, images: images, normalization: InputNormalization(measuring: images), context: context)
    let packed = PackedWeights(plan)
    let samples = Array(0..<12)

    func gradient(_ parameters: [Float]) -> [Float] {
      packed.update(from: parameters, on: context)
      batch.compute(samples: samples, count: 12, epoch: 0, parameters: parameters, packed: packed)
      batch.finish(0..<plan.count)
      return Array(UnsafeBufferPointer(start: batch.sums[0], count: plan.count))
    }
    func loss(_ parameters: [Float]) -> Double { Double(gradient(parameters)[plan.tally.offset]) }

    let parameters = plan.initialParameters(seed: 4)
    let slopes = gradient(parameters)
    for slice in plan.slices where slice.range.upperBound <= plan.trainableCount {
      for direction in 0..<3 {
        // Only where a parameter exists: the gradient of padding is zero.
        let signs = slice.range.map { place -> Float in
          let word = Philox.words(seed: 9, .test, UInt32(direction), UInt32(place)).x
          return slopes[place] == 0 ? 0 : word & 1 == 0 ? 1 : -1
        }
        let step: Float = 1e-4
        func moved(_ factor: Float) -> [Float] {
          var moved = parameters
          for (place, sign) in zip(slice.range, signs) { moved[place] += factor * step * sign }
          return moved
        }
        let difference = (loss(moved(1)) - loss(moved(-1))) / Double(2 * step)
        let slope = zip(slice.range, signs).reduce(0.0) { $0 + Double(slopes[$1.0]) * Double($1.1) }
        let scale = slice.range.reduce(0.0) { $0 + Double(slopes[$1]) * Double(slopes[$1]) }.squareRoot()
        // Allow for kinks that the step crosses, and for the rounding of a loss of about 20, some 1e-5, over two steps.
        #expect(abs(difference - slope) <= 0.02 * scale + 0.1, "\(slice.name): \(difference) against \(slope)")
      }
    }
  }

  @Test func rejectsImagesTooSmallForPooling() {
    var settings = NetworkSettings()
    settings.filters = [4, 4, 4]
    #expect(throws: Never.self) {
      try NetworkPlan(settings.layers, input: ImageShape(height: 8, width: 8, channels: 1), classCount: 2)
    }
    for (shape, padding) in [
      (ImageShape(height: 7, width: 8, channels: 1), Padding.same), (.init(height: 8, width: 8, channels: 1), .valid),
    ] {
      settings.padding = padding
      #expect(throws: ModelError.self) { try NetworkPlan(settings.layers, input: shape, classCount: 2) }
    }
  }

  @Test func settingsRoundTripAsText() throws {
    var settings = NetworkSettings.best
    (settings.filters, settings.dense, settings.patience, settings.learningRate) = ([8], [], 3, 0.125)
    #expect(try NetworkSettings(settings.text) == settings)
  }

  @Test(arguments: [
    ("kernel", "4"), ("shards", "129"), ("dropout", "1"), ("filters", "0"), ("filters", "3,x"), ("epochs", "0"),
    ("learning-rate", "nan"), ("padding", "full"), ("validation", "1"), ("batch", "-1"), ("augment", "spin"),
  ]) func rejectsInvalidSettings(name: String, value: String) {
    var text = NetworkSettings().text
    text[name] = value
    #expect(throws: ModelError.self) { try NetworkSettings(text) }
    text[name] = nil
    #expect(throws: ModelError.self) { try NetworkSettings(saved: text) }
  }
}

import Compute
import Foundation
import KernelInterface
import Testing

func exponential(_ x: Double) -> Double { exp(x) }
func logarithm(_ x: Double) -> Double { log(x) }

/// Returns random numbers of either sign; about one in five is exactly zero.
func randomFloats(_ count: Int, _ key: UInt32) -> AlignedBuffer<Float> {
  let buffer = AlignedBuffer<Float>(count: count)
  for index in 0..<count {
    let words = Philox.words(seed: 1, .test, key, UInt32(index))
    buffer.pointer[index] = words.y % 5 == 0 ? 0 : 2 * Philox.uniform(words.x) - 1
  }
  return buffer
}

/// Expects the same bits in the results of the kernel of each instruction set and of the reference kernel.
func expectSameBits(
  _ comment: String, from initial: borrowing AlignedBuffer<Float>, sourceLocation: SourceLocation = #_sourceLocation,
  _ body: (_ kernels: any NetworkKernels.Type, _ result: UnsafeMutablePointer<Float>) -> Void
) {
  func result(_ kernels: any NetworkKernels.Type) -> [UInt32] {
    let buffer = AlignedBuffer(initial.elements)
    body(kernels, buffer.pointer)
    return buffer.elements.map { $0 == 0 ? 0 : $0.bitPattern }  // +0 and -0 are the same number
  }
  let expected = result(ReferenceNetworkKernels.self)
  for set in InstructionSet.available {
    #expect(result(set.kernels) == expected, "\(comment) on \(set)", sourceLocation: sourceLocation)
  }
}

struct ConvolutionCase: CustomTestStringConvertible, Sendable {
  let input, output, kernel, height, width: Int
  var shape: ConvolutionShape {
    ConvolutionShape(
      inputChannels: input, outputChannels: output, kernel: kernel, inputHeight: height, inputWidth: width)
  }
  var testDescription: String { "\(input)->\(output), kernel \(kernel), \(height)x\(width)" }

  /// Odd and even sizes around the tiles of 1, 3 and 7 windows and of 16 and 32 channels; the last but one has no
  /// window.
  static let all: [ConvolutionCase] = [
    (1, 1, 1, 2, 2), (9, 5, 1, 7, 9), (27, 35, 1, 8, 5), (3, 17, 3, 4, 4), (16, 16, 3, 8, 16), (17, 33, 3, 5, 17),
    (31, 15, 3, 6, 18),
    (32, 64, 3, 9, 9), (2, 3, 5, 6, 19), (20, 4, 5, 9, 24), (5, 18, 7, 9, 31), (16, 2, 3, 3, 3), (48, 34, 3, 4, 10),
  ].map { ConvolutionCase(input: $0.0, output: $0.1, kernel: $0.2, height: $0.3, width: $0.4) }
}

@Suite struct NetworkKernelsTests {
  @Test(arguments: ConvolutionCase.all) func convolutionMatchesReference(_ test: ConvolutionCase) {
    let shape = test.shape
    let input = randomFloats(shape.inputCount, 1)
    let weights = randomFloats(shape.packedBlockCount, 2)
    let plane = shape.windows * 16
    expectSameBits("pooled outputs, then winners", from: AlignedBuffer(count: 2 * plane)) { kernels, result in
      let winners = AlignedBuffer<Int32>(count: plane)
      kernels.convolveAndPool(
        shape, input: input.pointer, weights: weights.pointer, output: result, winners: winners.pointer)
      for place in 0..<plane { result[plane + place] = Float(winners.pointer[place]) }
    }
    let trained = randomFloats(shape.weightCount, 3)
    for block in 0..<shape.outputBlocks {
      expectSameBits("packed weights", from: AlignedBuffer(count: shape.packedBlockCount)) { kernels, result in
        kernels.packWeights(shape, block: block, weights: trained.pointer, packed: result)
      }
    }
  }

  @Test(arguments: ConvolutionCase.all, [0, 1, 3])
  func convolutionGradientsMatchReference(_ test: ConvolutionCase, images: Int) {
    let shape = test.shape
    let gradient = randomFloats(images * shape.outputCount, 4)
    let winners = AlignedBuffer<Int32>(count: images * shape.outputCount)
    for place in 0..<winners.count {
      let words = Philox.words(seed: 1, .test, 5, UInt32(place))
      winners.pointer[place] = Int32(words.x % 4)
      // The lists leave out zeros of either sign.
      if words.y % 4 == 0 { gradient.pointer[place] = words.z % 2 == 0 ? 0 : -0.0 }
    }
    let input = randomFloats(images * shape.inputCount, 6)
    let weights = randomFloats(shape.weightCount, 7)

    func withRoutes(_ kernels: any NetworkKernels.Type, _ body: (PoolingRoutes) -> Void) {
      let (channels, windows) = (shape.outputChannels * shape.windows, PoolingRoutes.groups(shape) * shape.windows)
      let channelValues = AlignedBuffer<Float>(count: images * channels)
      let windowValues = AlignedBuffer<Float>(count: images * windows * 32)
      let channelPositions = AlignedBuffer<Int32>(count: images * channels)
      let channelCounts = AlignedBuffer<Int32>(count: images * shape.outputChannels)
      let windowChannels = AlignedBuffer<Int32>(count: images * windows * 32)
      let windowCounts = AlignedBuffer<Int32>(count: images * windows * 4)
      func routes(_ image: Int) -> PoolingRoutes {
        PoolingRoutes(
          channelValues: channelValues.pointer + image * channels,
          channelPositions: channelPositions.pointer + image * channels,
          channelCounts: channelCounts.pointer + image * shape.outputChannels,
          windowValues: windowValues.pointer + image * windows * 32,
          windowChannels: windowChannels.pointer + image * windows * 32,
          windowCounts: windowCounts.pointer + image * windows * 4)
      }
      for image in 0..<images {
        for route in [kernels.routeByChannel, kernels.routeByWindow] {
          route(
            shape, gradient.pointer + image * shape.outputCount, winners.pointer + image * shape.outputCount,
            routes(image))
        }
      }
      body(routes(0))
    }
    expectSameBits("gradient of the weights", from: randomFloats(shape.weightCount, 8)) { kernels, result in
      withRoutes(kernels) {
        kernels.accumulateWeightGradient(shape, images: images, routes: $0, input: input.pointer, gradient: result)
      }
    }
    if shape.kernel == 1 {
      expectSameBits("gradient of pointwise weights", from: randomFloats(shape.weightCount, 8)) { kernels, result in
        kernels.accumulatePointwiseWeightGradient(
          shape, images: images, upstream: gradient.pointer, winners: winners.pointer, input: input.pointer,
          gradient: result)
      }
    }
    expectSameBits("gradient of the input", from: randomFloats(images * shape.inputCount, 9)) { kernels, result in
      withRoutes(kernels) {
        kernels.computeInputGradient(shape, images: images, routes: $0, weights: weights.pointer, gradient: result)
      }
    }
  }

  @Test(arguments: [0, 1, 2, 5, 6, 7, 12, 13, 14, 15, 28, 35], [0, 1, 3, 17]) func matrixProductsMatchReference(
    m: Int, k: Int
  ) {
    for n in [16, 48, 64] {
      let a = randomFloats(m * (k + 3), 10)
      let b = randomFloats(k * (n + 16), 11)
      for accumulate in [false, true] {
        expectSameBits("rows", from: randomFloats(m * (n + 32), 12)) { kernels, result in
          kernels.multiplyMatrices(
            m: m, n: n, k: k, a: a.pointer, aRow: k + 3, aColumn: 1, b: b.pointer, bRow: n + 16, c: result,
            cRow: n + 32, accumulate: accumulate)
        }
        expectSameBits("columns", from: randomFloats(m * n, 13)) { kernels, result in
          kernels.multiplyMatrices(
            m: m, n: n, k: k, a: a.pointer, aRow: 1, aColumn: m, b: b.pointer, bRow: n, c: result, cRow: n,
            accumulate: accumulate)
        }
      }
    }
    let source = randomFloats(m * k, 14)
    expectSameBits("transposed", from: AlignedBuffer(count: m * k)) { kernels, result in
      kernels.transpose(rows: m, columns: k, source: source.pointer, target: result)
    }
  }

  @Test(arguments: [1, 2, 5], [0, 1, 3, 7]) func normalizationMatchesReference(height: Int, width: Int) {
    let rows = height * width
    let values = randomFloats(2 * (rows * 16 + 32), 20)
    let vectors = randomFloats(7 * 16, 21)
    func vector(_ index: Int) -> UnsafePointer<Float> { UnsafePointer(vectors.pointer + index * 16) }
    for squared in [false, true] {
      expectSameBits("sums", from: AlignedBuffer(count: 16)) { kernels, result in
        kernels.sumChannels(
          images: 2, rows: rows, stride: rows * 16 + 32, values: values.pointer, center: vector(0), squared: squared,
          sums: result)
      }
    }
    let row = (width + 2) * 16
    expectSameBits("scaled and shifted", from: AlignedBuffer(count: height * row)) { kernels, result in
      kernels.scaleShiftAndRectify(
        height: height, width: width, values: values.pointer, scale: vector(1), shift: vector(2), result: result,
        resultRow: row)
    }
    let activation = randomFloats(height * row, 22)
    let upstream = randomFloats(height * row, 23)
    expectSameBits("through the rectifier", from: randomFloats(rows * 16 + 32, 24)) { kernels, result in
      kernels.rectifierGradient(
        height: height, width: width, row: row, activation: activation.pointer, upstream: upstream.pointer,
        values: values.pointer, mean: vector(3), deviationInverse: vector(4), gradient: result,
        sums: result + rows * 16, products: result + rows * 16 + 16)
    }
    expectSameBits("through the normalization", from: randomFloats(rows * 16, 25)) { kernels, result in
      kernels.normalizationGradient(
        rows: rows, values: values.pointer, mean: vector(3), deviationInverse: vector(4), factor: vector(5),
        meanGradient: vector(6), meanProduct: vector(0), gradient: result)
    }
  }

  @Test(arguments: [0, 16, 48, 160]) func vectorKernelsMatchReference(count: Int) {
    let values = randomFloats(count, 30)
    let start = randomFloats(3 * count, 31)
    for place in 0..<count { start.pointer[2 * count + place] = abs(start.pointer[2 * count + place]) }
    expectSameBits("sum", from: start) { kernels, result in
      kernels.add(count: count, values: values.pointer, to: result)
    }
    expectSameBits("product", from: start) { kernels, result in kernels.scale(count: count, values: result, by: 0.7) }
    expectSameBits("moving average", from: start) { kernels, result in
      kernels.moveAverage(count: count, average: result, values: values.pointer, weight: 0.1)
    }
    expectSameBits("rectified", from: start) { kernels, result in kernels.rectify(count: count, values: result) }
    expectSameBits("masked", from: start) { kernels, result in
      kernels.maskByActivation(count: count, activation: values.pointer, gradient: result)
    }
    let step = OptimizerStep(
      learningRate: 0.1, gradientScale: 0.25, momentum: 0.9, beta1: 0.9, beta2: 0.999, epsilon: 1e-8,
      firstCorrection: 10, secondCorrection: 1000)
    expectSameBits("descent", from: start) { kernels, result in
      kernels.descend(
        count: count, step: step, weightDecay: 0.01, gradient: values.pointer, velocity: result + count,
        weights: result)
    }
    for decoupled in [false, true] {
      expectSameBits("Adam", from: start) { kernels, result in
        kernels.adam(
          count: count, step: step, weightDecay: 0.01, decoupled: decoupled, gradient: values.pointer,
          firstMoment: result + count, secondMoment: result + 2 * count, weights: result)
      }
    }
  }

  @Test(arguments: [1, 2, 10, 16, 17, 100]) func softmaxIsCloseToLibm(classes: Int) {
    let count = (classes + 15) / 16 * 16
    let logits = randomFloats(count, 40)
    for place in 0..<classes { logits.pointer[place] *= 30 }
    let expected = AlignedBuffer<Float>(count: count)
    let logSum = ReferenceNetworkKernels.softmax(
      classes: classes, count: count, logits: logits.pointer, probabilities: expected.pointer)
    var bits: Set<[UInt32]> = []
    for set in InstructionSet.available {
      let result = AlignedBuffer<Float>(count: count)
      let value = set.kernels.softmax(
        classes: classes, count: count, logits: logits.pointer, probabilities: result.pointer)
      // The relative error of the exponential is below 1e-7, and the rounding of the sum adds a little.
      for place in 0..<count {
        #expect(abs(result.pointer[place] - expected.pointer[place]) <= 1e-6 * expected.pointer[place] + 1e-37)
      }
      #expect(abs(value - logSum) <= 2e-6 * max(1, abs(logSum)))
      bits.insert(result.elements.map(\.bitPattern) + [value.bitPattern])
    }
    #expect(bits.count == 1, "the same bits on every instruction set")
  }
}

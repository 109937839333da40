import Compute
import KernelInterface
import Testing

@Suite struct WinogradTests {
  /// Convolutions whose tiles fill several transformed parts, or parts that are not full; 16, 32 and more output
  /// channels; one channel and many.
  static let cases: [ConvolutionCase] =
    ConvolutionCase.all.filter { $0.kernel == 3 }
    + [
      (1, 1, 30, 31), (5, 40, 21, 17), (18, 33, 10, 13), (3, 16, 10, 10), (7, 5, 12, 11), (40, 16, 16, 16),
      (130, 17, 9, 9), (300, 3, 6, 7), (16, 96, 5, 5),
    ].map { ConvolutionCase(input: $0.0, output: $0.1, kernel: 3, height: $0.2, width: $0.3) }

  @Test(arguments: cases, [0, 1, 5]) func matchesReference(_ test: ConvolutionCase, images: Int) {
    expectReferenceBits(test.shape, images: images)
  }

  /// Up to 5x5 windows: without large tiles, and with large ones and each number of small ones beside them.
  @Test(arguments: 3...13) func matchesReferenceAtAllSmallSizes(height: Int) {
    for width in 3...13 {
      for (input, output) in [(2, 3), (17, 18)] {
        expectReferenceBits(
          ConvolutionShape(
            inputChannels: input, outputChannels: output, kernel: 3, inputHeight: height, inputWidth: width),
          images: 3)
      }
    }
  }

  private func expectReferenceBits(_ shape: ConvolutionShape, images: Int) {
    let input = randomFloats(images * shape.inputCount, 50)
    let trained = randomFloats(shape.weightCount, 51)
    let weights = AlignedBuffer<Float>(count: shape.winogradWeightCount)
    for group in 0..<shape.winogradGroups {
      expectSameBits("weights of group \(group), \(shape)", from: weights) { kernels, result in
        kernels.transformWeights(
          shape, group: group, weights: trained.pointer, transformed: result + group * shape.winogradGroupCount)
      }
      ReferenceNetworkKernels.transformWeights(
        shape, group: group, weights: trained.pointer,
        transformed: weights.pointer + group * shape.winogradGroupCount)
    }
    // What earlier calls left in the scratch memory has no effect.
    let scratch = AlignedBuffer<Float>(count: shape.winogradScratchCount)
    scratch.elements.update(repeating: .nan)
    let count = images * shape.outputCount
    expectSameBits("pooled outputs, then winners, \(shape)", from: AlignedBuffer(count: 2 * count)) { kernels, result in
      let winners = AlignedBuffer<Int32>(count: count)
      kernels.convolveByWinogradAndPool(
        shape, images: images, input: input.pointer, weights: weights.pointer, scratch: scratch.pointer,
        output: result, winners: winners.pointer)
      for place in 0..<count { result[count + place] = Float(winners.pointer[place]) }
    }
    expectSameBits("outputs, \(shape)", from: AlignedBuffer(count: 4 * count)) { kernels, result in
      kernels.convolveByWinograd(
        shape, images: images, input: input.pointer, weights: weights.pointer, scratch: scratch.pointer,
        output: result)
    }
  }

  /// Compares both convolutions with one in double precision, for the layers of the default network: inputs are
  /// rectified, weights have the variance 2 / inputs (He et al., 2015). Small tiles are more accurate than the direct
  /// sum; large ones have constants whose products cancel, and lose up to three bits.
  @Test(arguments: [(1, 64, 128, 16, 6.0), (4, 128, 256, 9, 1.0)])
  func errorIsSmall(images: Int, input: Int, output: Int, size: Int, bound: Double) throws {
    let shape = ConvolutionShape(
      inputChannels: input, outputChannels: output, kernel: 3, inputHeight: size, inputWidth: size)
    let kernels = InstructionSet.available.max()!.kernels
    let pixels = randomFloats(images * shape.inputCount, 60)
    kernels.rectify(count: pixels.count, values: pixels.pointer)
    let trained = randomFloats(shape.weightCount, 61)
    kernels.scale(count: trained.count, values: trained.pointer, by: (6 / Float(9 * input)).squareRoot())

    let count = images * shape.outputCount
    let exact = exactOutputs(shape, images: images, input: pixels.pointer, weights: trained.pointer)
    func error(_ values: borrowing AlignedBuffer<Float>) -> Double {
      let differences = (0..<count).map { Double(values.pointer[$0]) - exact[$0] }
      func norm(_ values: [Double]) -> Double { values.reduce(0) { $0 + $1 * $1 }.squareRoot() }
      return norm(differences) / norm(exact)
    }
    let winners = AlignedBuffer<Int32>(count: count)
    let direct = AlignedBuffer<Float>(count: count)
    let packed = AlignedBuffer<Float>(count: shape.packedBlockCount)
    for block in 0..<shape.outputBlocks {
      kernels.packWeights(shape, block: block, weights: trained.pointer, packed: packed.pointer)
      for image in 0..<images {
        kernels.convolveAndPool(
          shape, input: pixels.pointer + image * shape.inputCount, weights: packed.pointer,
          output: direct.pointer + (image * shape.outputBlocks + block) * shape.windows * 16,
          winners: winners.pointer)
      }
    }
    let winograd = AlignedBuffer<Float>(count: count)
    let weights = AlignedBuffer<Float>(count: shape.winogradWeightCount)
    for group in 0..<shape.winogradGroups {
      kernels.transformWeights(
        shape, group: group, weights: trained.pointer,
        transformed: weights.pointer + group * shape.winogradGroupCount)
    }
    let scratch = AlignedBuffer<Float>(count: shape.winogradScratchCount)
    kernels.convolveByWinogradAndPool(
      shape, images: images, input: pixels.pointer, weights: weights.pointer, scratch: scratch.pointer,
      output: winograd.pointer, winners: winners.pointer)
    let (directError, winogradError) = (error(direct), error(winograd))
    print("\(input) -> \(output): relative error \(directError) direct, \(winogradError) by Winograd's algorithm")
    #expect(winogradError < bound * directError)
    #expect(winogradError > 0)
  }

  /// Returns the pooled outputs in double precision: [image][output block][window][16].
  private func exactOutputs(
    _ shape: ConvolutionShape, images: Int, input: UnsafePointer<Float>, weights: UnsafePointer<Float>
  ) -> [Double] {
    var outputs = [Double](repeating: 0, count: images * shape.outputCount)
    for image in 0..<images {
      for channel in 0..<shape.outputChannels {
        for window in 0..<shape.windows {
          let values = (0..<4).map { winner in
            let corner = ReferenceNetworkKernels.position(shape, window, winner)
            var sum = 0.0
            for block in 0..<shape.inputBlocks {
              for tap in 0..<9 {
                let pixel =
                  input + image * shape.inputCount + block * shape.planeCount
                  + (corner + tap / 3 * shape.inputWidth + tap % 3) * 16
                let weight = weights + ((block * shape.outputChannels + channel) * 9 + tap) * 16
                for lane in 0..<min(16, shape.inputChannels - 16 * block) {
                  sum += Double(pixel[lane]) * Double(weight[lane])
                }
              }
            }
            return sum
          }
          let place = ((image * shape.outputBlocks + channel / 16) * shape.windows + window) * 16 + channel % 16
          outputs[place] = values.max()!
        }
      }
    }
    return outputs
  }
}

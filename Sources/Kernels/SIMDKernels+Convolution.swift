package import KernelInterface

extension SIMDKernels {
  package static func convolveAndPool(
    _ shape: ConvolutionShape, input: UnsafePointer<Float>, weights: UnsafePointer<Float>,
    output: UnsafeMutablePointer<Float>, winners: UnsafeMutablePointer<Int32>
  ) {
    for y in 0..<shape.pooledHeight {
      let row = input + 2 * y * shape.inputWidth * 16
      var x = 0
      func position() -> Int { (y * shape.pooledWidth + x) * 16 }
      // As many windows at a time as the registers hold: 7 windows take 28 of AVX-512's 32, one window takes 8 of
      // AVX2's 16. Sums do not depend on the number of windows.
      #if AVX512
        while x + 7 <= shape.pooledWidth {
          convolveSeven(shape, row + 32 * x, weights, output + position(), winners + position())
          x += 7
        }
        while x + 3 <= shape.pooledWidth {
          convolveThree(shape, row + 32 * x, weights, output + position(), winners + position())
          x += 3
        }
      #endif
      while x < shape.pooledWidth {
        convolveOne(shape, row + 32 * x, weights, output + position(), winners + position())
        x += 1
      }
    }
  }

  /// Calls `body` with each weight vector and the two input rows that it multiplies, in the order of the contract.
  @inline(__always)
  private static func forEachWeight(
    _ shape: ConvolutionShape, _ input: UnsafePointer<Float>, _ weights: UnsafePointer<Float>,
    _ body: (_ weight: Lanes, _ top: UnsafePointer<Float>, _ bottom: UnsafePointer<Float>) -> Void
  ) {
    var weights = weights
    for block in 0..<shape.inputBlocks {
      let channels = min(16, shape.inputChannels - 16 * block)
      for ky in 0..<shape.kernel {
        for kx in 0..<shape.kernel {
          let top = input + block * shape.planeCount + (ky * shape.inputWidth + kx) * 16
          let bottom = top + shape.inputWidth * 16
          for channel in 0..<channels { body(weights.lanes(at: channel * 16), top + channel, bottom + channel) }
          weights += 256
        }
      }
    }
  }

  private static func convolveOne(
    _ shape: ConvolutionShape, _ input: UnsafePointer<Float>, _ weights: UnsafePointer<Float>,
    _ output: UnsafeMutablePointer<Float>, _ winners: UnsafeMutablePointer<Int32>
  ) {
    var window = Window()
    forEachWeight(shape, input, weights) { weight, top, bottom in window.accumulate(weight, top, bottom) }
    window.pool(into: output, winners)
  }

  #if AVX512
    private static func convolveThree(
      _ shape: ConvolutionShape, _ input: UnsafePointer<Float>, _ weights: UnsafePointer<Float>,
      _ output: UnsafeMutablePointer<Float>, _ winners: UnsafeMutablePointer<Int32>
    ) {
      var (w0, w1, w2) = (Window(), Window(), Window())
      forEachWeight(shape, input, weights) { weight, top, bottom in
        w0.accumulate(weight, top, bottom)
        w1.accumulate(weight, top + 32, bottom + 32)
        w2.accumulate(weight, top + 64, bottom + 64)
      }
      w0.pool(into: output, winners)
      w1.pool(into: output + 16, winners + 16)
      w2.pool(into: output + 32, winners + 32)
    }

    private static func convolveSeven(
      _ shape: ConvolutionShape, _ input: UnsafePointer<Float>, _ weights: UnsafePointer<Float>,
      _ output: UnsafeMutablePointer<Float>, _ winners: UnsafeMutablePointer<Int32>
    ) {
      var (w0, w1, w2, w3) = (Window(), Window(), Window(), Window())
      var (w4, w5, w6) = (Window(), Window(), Window())
      forEachWeight(shape, input, weights) { weight, top, bottom in
        w0.accumulate(weight, top, bottom)
        w1.accumulate(weight, top + 32, bottom + 32)
        w2.accumulate(weight, top + 64, bottom + 64)
        w3.accumulate(weight, top + 96, bottom + 96)
        w4.accumulate(weight, top + 128, bottom + 128)
        w5.accumulate(weight, top + 160, bottom + 160)
        w6.accumulate(weight, top + 192, bottom + 192)
      }
      w0.pool(into: output, winners)
      w1.pool(into: output + 16, winners + 16)
      w2.pool(into: output + 32, winners + 32)
      w3.pool(into: output + 48, winners + 48)
      w4.pool(into: output + 64, winners + 64)
      w5.pool(into: output + 80, winners + 80)
      w6.pool(into: output + 96, winners + 96)
    }
  #endif

  package static func packWeights(
    _ shape: ConvolutionShape, block: Int, weights: UnsafePointer<Float>, packed: UnsafeMutablePointer<Float>
  ) {
    for inputBlock in 0..<shape.inputBlocks {
      packWeights(
        shape, block: block, inputBlock: inputBlock, weights: weights,
        packed: packed + inputBlock * shape.taps * 256)
    }
  }

  /// Rearranges the weights of one input and one output block.
  ///
  /// - Parameter packed: [tap][16 input][16 output]
  static func packWeights(
    _ shape: ConvolutionShape, block: Int, inputBlock: Int, weights: UnsafePointer<Float>,
    packed: UnsafeMutablePointer<Float>
  ) {
    let filters = min(16, shape.outputChannels - 16 * block)
    for tap in 0..<shape.taps {
      let target = packed + tap * 256
      target.update(repeating: 0, count: 256)
      for filter in 0..<filters {
        let source = weights + ((inputBlock * shape.outputChannels + 16 * block + filter) * shape.taps + tap) * 16
        for channel in 0..<16 { target[channel * 16 + filter] = source[channel] }
      }
    }
  }
}

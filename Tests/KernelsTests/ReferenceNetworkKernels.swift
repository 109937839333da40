import KernelInterface

/// A plain implementation of the contract of `NetworkKernels`: one number at a time, in the stated order. Except for
/// the softmax, the kernels must return the same bits.
enum ReferenceNetworkKernels: NetworkKernels {
  static func convolveAndPool(
    _ shape: ConvolutionShape, input: UnsafePointer<Float>, weights: UnsafePointer<Float>,
    output: UnsafeMutablePointer<Float>, winners: UnsafeMutablePointer<Int32>
  ) {
    for window in 0..<shape.windows {
      for lane in 0..<16 {
        let outputs = (0..<4).map { winner in
          var sum: Float = 0
          for block in 0..<shape.inputBlocks {
            for tap in 0..<shape.taps {
              for channel in 0..<min(16, shape.inputChannels - 16 * block) {
                let pixel = position(shape, window, winner) + tap / shape.kernel * shape.inputWidth + tap % shape.kernel
                sum.addProduct(
                  input[block * shape.planeCount + pixel * 16 + channel],
                  weights[((block * shape.taps + tap) * 16 + channel) * 16 + lane])
              }
            }
          }
          return sum
        }
        let best = outputs.max()!
        output[window * 16 + lane] = best
        winners[window * 16 + lane] = Int32(outputs.firstIndex(of: best)!)
      }
    }
  }

  static func convolveByWinogradAndPool(
    _ shape: ConvolutionShape, images: Int, input: UnsafePointer<Float>, weights: UnsafePointer<Float>,
    scratch: UnsafeMutablePointer<Float>, output: UnsafeMutablePointer<Float>, winners: UnsafeMutablePointer<Int32>
  ) {
    forEachWinogradWindow(shape, images, input, weights) { outputs, image, window, channel in
      let place = ((image * shape.outputBlocks + channel / 16) * shape.windows + window) * 16 + channel % 16
      let best = outputs.max()!
      output[place] = best
      winners[place] = Int32(outputs.firstIndex(of: best)!)
    }
  }

  static func convolveByWinograd(
    _ shape: ConvolutionShape, images: Int, input: UnsafePointer<Float>, weights: UnsafePointer<Float>,
    scratch: UnsafeMutablePointer<Float>, output: UnsafeMutablePointer<Float>
  ) {
    forEachWinogradWindow(shape, images, input, weights) { outputs, image, window, channel in
      let (y, x) = window.quotientAndRemainder(dividingBy: shape.pooledWidth)
      let plane = image * shape.outputBlocks + channel / 16
      for (number, value) in outputs.enumerated() {
        let row = plane * 2 * shape.pooledHeight + 2 * y + number / 2
        output[(row * 2 * shape.pooledWidth + 2 * x + number % 2) * 16 + channel % 16] = value
      }
    }
  }

  private static func forEachWinogradWindow(
    _ shape: ConvolutionShape, _ images: Int, _ input: UnsafePointer<Float>, _ weights: UnsafePointer<Float>,
    _ body: (_ outputs: [Float], _ image: Int, _ window: Int, _ channel: Int) -> Void
  ) {
    for image in 0..<images {
      for window in 0..<shape.windows {
        let (y, x) = window.quotientAndRemainder(dividingBy: shape.pooledWidth)
        let isLarge = y < shape.largeHeight && x < shape.largeWidth
        let tiles = isLarge ? shape.largeTiles : shape.smallTiles
        if (y | x) % tiles.windows != 0 { continue }
        forEachOutputChannel(shape, tiles, input + image * shape.inputCount, weights, corner: (2 * y, 2 * x)) {
          outputs, channel in
          let extent = 2 * tiles.windows
          for part in 0..<tiles.windows * tiles.windows {
            let (down, right) = part.quotientAndRemainder(dividingBy: tiles.windows)
            let four = (0..<4).map { outputs[(2 * down + $0 / 2) * extent + 2 * right + $0 % 2] }
            body(four, image, window + down * shape.pooledWidth + right, channel)
          }
        }
      }
    }
  }

  /// Calls `body` with the outputs of one tile, for each output channel.
  private static func forEachOutputChannel(
    _ shape: ConvolutionShape, _ tiles: WinogradTiles, _ input: UnsafePointer<Float>, _ weights: UnsafePointer<Float>,
    corner: (y: Int, x: Int), _ body: (_ outputs: [Float], _ channel: Int) -> Void
  ) {
    let extent = 2 * tiles.windows + 2
    let transformed = (0..<shape.inputChannels).map { channel in
      let plane = input + channel / 16 * shape.planeCount + channel % 16
      let pixels = (0..<tiles.elements).map {
        plane[((corner.y + $0 / extent) * shape.inputWidth + corner.x + $0 % extent) * 16]
      }
      return transform(pixels, size: extent, extent == 4 ? smallInput : largeInput)
    }
    for channel in 0..<shape.outputBlocks * 16 {
      let width = min(32, shape.outputBlocks * 16 - channel / 32 * 32)
      let group = weights + channel / 32 * shape.winogradGroupCount
      var sums = [Float](repeating: 0, count: tiles.elements)
      for (inputChannel, tile) in transformed.enumerated() {
        for place in 0..<tiles.elements {
          let row = (tiles.firstElement + place) * shape.inputChannels + inputChannel
          sums[place].addProduct(tile[place], group[row * width + channel % 32])
        }
      }
      body(transform(sums, size: extent, extent == 4 ? smallOutputs : largeOutputs), channel)
    }
  }

  private static func smallInput(_ v: [Float]) -> [Float] { [v[0] - v[2], v[1] + v[2], v[2] - v[1], v[1] - v[3]] }

  private static func smallOutputs(_ v: [Float]) -> [Float] { [v[0] + v[1] + v[2], v[1] - v[2] - v[3]] }

  private static func smallKernel(_ v: [Float]) -> [Float] {
    [v[0], (v[0] + v[2] + v[1]) / 2, (v[0] + v[2] - v[1]) / 2, v[2]]
  }

  private static func largeInput(_ v: [Float]) -> [Float] {
    let (p, q, r, s) = (v[4].addingProduct(v[2], -4), v[3].addingProduct(v[1], -4), v[4] - v[2], 2 * (v[3] - v[1]))
    return [
      v[4].addingProduct(v[0], 4).addingProduct(v[2], -5), p + q, p - q, r + s, r - s,
      v[5].addingProduct(v[1], 4).addingProduct(v[3], -5),
    ]
  }

  private static func largeOutputs(_ v: [Float]) -> [Float] {
    let (t, u, difference, far) = (v[1] + v[2], v[3] + v[4], v[1] - v[2], v[3] - v[4])
    return [
      v[0] + t + u, difference.addingProduct(far, 2), t.addingProduct(u, 4), difference.addingProduct(far, 8) + v[5],
    ]
  }

  private static func largeKernel(_ v: [Float]) -> [Float] {
    let (m, n) = (v[0] + v[2], v[0].addingProduct(v[2], 4))
    return [
      v[0] / 4, (m + v[1]) * (-1 / 6), (m - v[1]) * (-1 / 6), (n + 2 * v[1]) * (1 / 24), (n - 2 * v[1]) * (1 / 24),
      v[2],
    ]
  }

  static func transformWeights(
    _ shape: ConvolutionShape, group: Int, weights: UnsafePointer<Float>, transformed: UnsafeMutablePointer<Float>
  ) {
    let width = min(32, shape.outputBlocks * 16 - group * 32)
    for inputChannel in 0..<shape.inputChannels {
      for lane in 0..<width {
        let channel = group * 32 + lane
        let taps = (0..<9).map { tap -> Float in
          guard channel < shape.outputChannels else { return 0 }
          return weights[((inputChannel / 16 * shape.outputChannels + channel) * 9 + tap) * 16 + inputChannel % 16]
        }
        for tiles in [shape.smallTiles, shape.largeTiles] where tiles.hasWeights {
          let values = transform(taps, size: 3, tiles.windows == 1 ? smallKernel : largeKernel)
          for (place, value) in values.enumerated() {
            transformed[((tiles.firstElement + place) * shape.inputChannels + inputChannel) * width + lane] = value
          }
        }
      }
    }
  }

  /// Transforms the columns, then the rows of a square of numbers, in row-major order.
  private static func transform(_ square: [Float], size: Int, _ vector: ([Float]) -> [Float]) -> [Float] {
    let columns = (0..<size).map { x in vector((0..<size).map { y in square[y * size + x] }) }
    return columns[0].indices.flatMap { y in vector(columns.map { $0[y] }) }
  }

  /// Returns the pixel, in an input plane, of the winner's upper left tap.
  static func position(_ shape: ConvolutionShape, _ window: Int, _ winner: Int) -> Int {
    let (y, x) = window.quotientAndRemainder(dividingBy: shape.pooledWidth)
    return (2 * y + winner / 2) * shape.inputWidth + 2 * x + winner % 2
  }

  static func packWeights(
    _ shape: ConvolutionShape, block: Int, weights: UnsafePointer<Float>, packed: UnsafeMutablePointer<Float>
  ) {
    for inputBlock in 0..<shape.inputBlocks {
      for tap in 0..<shape.taps {
        for channel in 0..<16 {
          for lane in 0..<16 {
            let filter = block * 16 + lane
            packed[((inputBlock * shape.taps + tap) * 16 + channel) * 16 + lane] =
              filter < shape.outputChannels
              ? weights[((inputBlock * shape.outputChannels + filter) * shape.taps + tap) * 16 + channel] : 0
          }
        }
      }
    }
  }

  /// Returns the position of a channel's window in [output block][window][16].
  private static func element(_ shape: ConvolutionShape, _ channel: Int, _ window: Int) -> Int {
    (channel / 16 * shape.windows + window) * 16 + channel % 16
  }

  static func routeByChannel(
    _ shape: ConvolutionShape, gradient: UnsafePointer<Float>, winners: UnsafePointer<Int32>, routes: PoolingRoutes
  ) {
    for channel in 0..<shape.outputChannels {
      let present = (0..<shape.windows).filter { gradient[element(shape, channel, $0)] != 0 }
      routes.channelCounts[channel] = Int32(present.count)
      for (entry, window) in present.enumerated() {
        let place = channel * shape.windows + entry
        routes.channelValues[place] = gradient[element(shape, channel, window)]
        routes.channelPositions[place] = Int32(position(shape, window, Int(winners[element(shape, channel, window)])))
      }
    }
  }

  static func routeByWindow(
    _ shape: ConvolutionShape, gradient: UnsafePointer<Float>, winners: UnsafePointer<Int32>, routes: PoolingRoutes
  ) {
    for group in 0..<PoolingRoutes.groups(shape) {
      let channels = group * PoolingRoutes.group..<min((group + 1) * PoolingRoutes.group, shape.outputChannels)
      for window in 0..<shape.windows {
        let list = group * shape.windows + window
        var entry = list * PoolingRoutes.group
        for winner in 0..<4 {
          let present = channels.filter {
            gradient[element(shape, $0, window)] != 0 && winners[element(shape, $0, window)] == Int32(winner)
          }
          routes.windowCounts[list * 4 + winner] = Int32(present.count)
          for channel in present {
            routes.windowValues[entry] = gradient[element(shape, channel, window)]
            routes.windowChannels[entry] = Int32(channel)
            entry += 1
          }
        }
      }
    }
  }

  static func accumulateWeightGradient(
    _ shape: ConvolutionShape, images: Int, routes: PoolingRoutes, input: UnsafePointer<Float>,
    gradient: UnsafeMutablePointer<Float>
  ) {
    for image in 0..<images {
      for channel in 0..<shape.outputChannels {
        let list = image * shape.outputChannels + channel
        for entry in 0..<Int(routes.channelCounts[list]) {
          let value = routes.channelValues[list * shape.windows + entry]
          let position = Int(routes.channelPositions[list * shape.windows + entry])
          for block in 0..<shape.inputBlocks {
            for tap in 0..<shape.taps {
              let pixel = position + tap / shape.kernel * shape.inputWidth + tap % shape.kernel
              for lane in 0..<16 {
                gradient[((block * shape.outputChannels + channel) * shape.taps + tap) * 16 + lane].addProduct(
                  value, input[image * shape.inputCount + block * shape.planeCount + pixel * 16 + lane])
              }
            }
          }
        }
      }
    }
  }

  static func accumulatePointwiseWeightGradient(
    _ shape: ConvolutionShape, images: Int, upstream: UnsafePointer<Float>, winners: UnsafePointer<Int32>,
    input: UnsafePointer<Float>, gradient: UnsafeMutablePointer<Float>
  ) {
    for image in 0..<images {
      for channel in 0..<shape.outputChannels {
        for window in 0..<shape.windows {
          let place = ((image * shape.outputBlocks + channel / 16) * shape.windows + window) * 16 + channel % 16
          let pixel = position(shape, window, Int(winners[place]))
          for block in 0..<shape.inputBlocks {
            for lane in 0..<16 {
              gradient[(block * shape.outputChannels + channel) * 16 + lane].addProduct(
                upstream[place], input[image * shape.inputCount + block * shape.planeCount + pixel * 16 + lane])
            }
          }
        }
      }
    }
  }

  static func computeInputGradient(
    _ shape: ConvolutionShape, images: Int, routes: PoolingRoutes, weights: UnsafePointer<Float>,
    gradient: UnsafeMutablePointer<Float>
  ) {
    for place in 0..<images * shape.inputCount { gradient[place] = 0 }
    for image in 0..<images {
      for group in 0..<PoolingRoutes.groups(shape) {
        for window in 0..<shape.windows {
          let list = (image * PoolingRoutes.groups(shape) + group) * shape.windows + window
          var entry = list * PoolingRoutes.group
          for winner in 0..<4 {
            for _ in 0..<Int(routes.windowCounts[list * 4 + winner]) {
              let channel = Int(routes.windowChannels[entry])
              for block in 0..<shape.inputBlocks {
                for tap in 0..<shape.taps {
                  let pixel =
                    position(shape, window, winner) + tap / shape.kernel * shape.inputWidth + tap % shape.kernel
                  for lane in 0..<16 {
                    gradient[image * shape.inputCount + block * shape.planeCount + pixel * 16 + lane].addProduct(
                      routes.windowValues[entry],
                      weights[((block * shape.outputChannels + channel) * shape.taps + tap) * 16 + lane])
                  }
                }
              }
              entry += 1
            }
          }
        }
      }
    }
  }

  static func sumChannels(
    images: Int, rows: Int, stride: Int, values: UnsafePointer<Float>, center: UnsafePointer<Float>, squared: Bool,
    sums: UnsafeMutablePointer<Float>
  ) {
    for lane in 0..<16 {
      var total: Float = 0
      for image in 0..<images {
        var sum: Float = 0
        for row in 0..<rows {
          let value = values[image * stride + row * 16 + lane] - center[lane]
          if squared { sum.addProduct(value, value) } else { sum += value }
        }
        total += sum
      }
      sums[lane] = total
    }
  }

  static func scaleShiftAndRectify(
    height: Int, width: Int, values: UnsafePointer<Float>, scale: UnsafePointer<Float>, shift: UnsafePointer<Float>,
    result: UnsafeMutablePointer<Float>, resultRow: Int
  ) {
    for y in 0..<height {
      for place in 0..<width * 16 {
        result[y * resultRow + place] = max(
          0, shift[place % 16].addingProduct(values[y * width * 16 + place], scale[place % 16]))
      }
    }
  }

  static func rectifierGradient(
    height: Int, width: Int, row: Int, activation: UnsafePointer<Float>, upstream: UnsafePointer<Float>,
    values: UnsafePointer<Float>, mean: UnsafePointer<Float>, deviationInverse: UnsafePointer<Float>,
    gradient: UnsafeMutablePointer<Float>, sums: UnsafeMutablePointer<Float>, products: UnsafeMutablePointer<Float>
  ) {
    for y in 0..<height {
      for column in 0..<width * 16 {
        let (place, lane) = (y * width * 16 + column, column % 16)
        let passed = activation[y * row + column] > 0 ? upstream[y * row + column] : 0
        gradient[place] = passed
        sums[lane] += passed
        products[lane].addProduct(passed, (values[place] - mean[lane]) * deviationInverse[lane])
      }
    }
  }

  static func normalizationGradient(
    rows: Int, values: UnsafePointer<Float>, mean: UnsafePointer<Float>, deviationInverse: UnsafePointer<Float>,
    factor: UnsafePointer<Float>, meanGradient: UnsafePointer<Float>, meanProduct: UnsafePointer<Float>,
    gradient: UnsafeMutablePointer<Float>
  ) {
    for place in 0..<rows * 16 {
      let lane = place % 16
      let normalized = (values[place] - mean[lane]) * deviationInverse[lane]
      gradient[place] = factor[lane] * (gradient[place] - meanGradient[lane] - normalized * meanProduct[lane])
    }
  }

  static func multiplyMatrices(
    m: Int, n: Int, k: Int, a: UnsafePointer<Float>, aRow: Int, aColumn: Int, b: UnsafePointer<Float>, bRow: Int,
    c: UnsafeMutablePointer<Float>, cRow: Int, accumulate: Bool
  ) {
    for i in 0..<m {
      for j in 0..<n {
        var sum = accumulate ? c[i * cRow + j] : 0
        for p in 0..<k { sum.addProduct(a[i * aRow + p * aColumn], b[p * bRow + j]) }
        c[i * cRow + j] = sum
      }
    }
  }

  static func transpose(rows: Int, columns: Int, source: UnsafePointer<Float>, target: UnsafeMutablePointer<Float>) {
    for i in 0..<rows { for j in 0..<columns { target[j * rows + i] = source[i * columns + j] } }
  }

  static func rectify(count: Int, values: UnsafeMutablePointer<Float>) {
    for place in 0..<count { values[place] = max(0, values[place]) }
  }

  static func maskByActivation(count: Int, activation: UnsafePointer<Float>, gradient: UnsafeMutablePointer<Float>) {
    for place in 0..<count where activation[place] <= 0 { gradient[place] = 0 }
  }

  /// Uses libm, so results are only nearly equal.
  static func softmax(
    classes: Int, count: Int, logits: UnsafePointer<Float>, probabilities: UnsafeMutablePointer<Float>
  ) -> Float {
    let largest = (0..<classes).map { logits[$0] }.max()!
    let powers = (0..<count).map { $0 < classes ? exponential(Double(logits[$0] - largest)) : 0 }
    let sum = powers.reduce(0, +)
    for place in 0..<count { probabilities[place] = Float(powers[place] / sum) }
    return largest + Float(logarithm(sum))
  }

  static func scale(count: Int, values: UnsafeMutablePointer<Float>, by factor: Float) {
    for place in 0..<count { values[place] *= factor }
  }

  static func add(count: Int, values: UnsafePointer<Float>, to sum: UnsafeMutablePointer<Float>) {
    for place in 0..<count { sum[place] += values[place] }
  }

  static func moveAverage(
    count: Int, average: UnsafeMutablePointer<Float>, values: UnsafePointer<Float>, weight: Float
  ) {
    for place in 0..<count { average[place].addProduct(values[place] - average[place], weight) }
  }

  static func descend(
    count: Int, step: OptimizerStep, weightDecay: Float, gradient: UnsafePointer<Float>,
    velocity: UnsafeMutablePointer<Float>, weights: UnsafeMutablePointer<Float>
  ) {
    for place in 0..<count {
      let slope = (gradient[place] * step.gradientScale).addingProduct(weightDecay, weights[place])
      velocity[place] = slope.addingProduct(step.momentum, velocity[place])
      weights[place].addProduct(-step.learningRate, slope.addingProduct(step.momentum, velocity[place]))
    }
  }

  static func adam(
    count: Int, step: OptimizerStep, weightDecay: Float, decoupled: Bool, gradient: UnsafePointer<Float>,
    firstMoment: UnsafeMutablePointer<Float>, secondMoment: UnsafeMutablePointer<Float>,
    weights: UnsafeMutablePointer<Float>
  ) {
    for place in 0..<count {
      let slope = (gradient[place] * step.gradientScale).addingProduct(decoupled ? 0 : weightDecay, weights[place])
      firstMoment[place] = (slope * (1 - step.beta1)).addingProduct(step.beta1, firstMoment[place])
      secondMoment[place] = (slope * slope * (1 - step.beta2)).addingProduct(step.beta2, secondMoment[place])
      let deviation = (secondMoment[place] * step.secondCorrection).squareRoot() + step.epsilon
      let shrunk = weights[place] * (decoupled ? 1 - step.learningRate * weightDecay : 1)
      weights[place] = shrunk - step.learningRate * step.firstCorrection * firstMoment[place] / deviation
    }
  }
}

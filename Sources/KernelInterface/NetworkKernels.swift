/// The extents of one convolution whose result is max-pooled over 2x2 windows.
///
/// Planes are stored in blocks of 16 channels, [block][row][column][16], so that the channels of one pixel are one register. A convolution
/// reads a plane that already has its border; output pixel (y, x) reads rows y..<y+kernel and columns x..<x+kernel. Window (y, x) pools
/// the outputs (2y, 2x), (2y, 2x+1), (2y+1, 2x), (2y+1, 2x+1), numbered 0 to 3.
package struct ConvolutionShape: Sendable, Equatable {
  package let inputChannels: Int
  package let outputChannels: Int
  package let kernel: Int
  /// Extents of the input with its border.
  package let inputHeight: Int
  package let inputWidth: Int
  /// Extents of the pooled output. Outputs that fill no whole window are not computed.
  package let pooledHeight: Int
  package let pooledWidth: Int

  // Derived, but stored: kernels are in other modules, where a computed property would be a call.
  package let inputBlocks: Int
  package let outputBlocks: Int
  package let taps: Int
  /// Floats in one block's input plane.
  package let planeCount: Int
  /// Windows of one plane.
  package let windows: Int

  package init(inputChannels: Int, outputChannels: Int, kernel: Int, inputHeight: Int, inputWidth: Int) {
    self.inputChannels = inputChannels
    self.outputChannels = outputChannels
    self.kernel = kernel
    self.inputHeight = inputHeight
    self.inputWidth = inputWidth
    pooledHeight = max(0, (inputHeight - kernel + 1) / 2)
    pooledWidth = max(0, (inputWidth - kernel + 1) / 2)
    inputBlocks = (inputChannels + 15) / 16
    outputBlocks = (outputChannels + 15) / 16
    taps = kernel * kernel
    planeCount = inputHeight * inputWidth * 16
    windows = pooledHeight * pooledWidth
  }

  /// Floats of one image's input, with its border.
  package var inputCount: Int { inputBlocks * planeCount }
  /// Floats of one image's pooled output.
  package var outputCount: Int { outputBlocks * windows * 16 }
  /// Floats of the weights as they are trained: [input block][output channel][tap][16 input channels].
  package var weightCount: Int { inputBlocks * outputChannels * taps * 16 }
  /// Floats of the weights that ``NetworkKernels/convolveAndPool`` reads for one output block: [input block][tap][16 input][16 output].
  package var packedBlockCount: Int { inputBlocks * taps * 256 }
}

/// The non-zero gradients behind the pooling of one shard, listed in the two orders in which they are needed.
///
/// Behind a 2x2 max-pool only one output of four has a gradient, so both gradients of a convolution need a quarter of the multiplications.
/// An entry is a gradient and the window's winning output.
package struct PoolingRoutes {
  /// [image][output channel][window]: the gradient of each entry of a channel, windows ascending.
  package let channelValues: UnsafeMutablePointer<Float>
  /// As `channelValues`: where the winner lies in an input plane, in pixels.
  package let channelPositions: UnsafeMutablePointer<Int32>
  /// [image][output channel]: how many entries.
  package let channelCounts: UnsafeMutablePointer<Int32>
  /// [image][group of 32 output channels][window][32]: the gradients of a window's entries, by winner, then by channel.
  package let windowValues: UnsafeMutablePointer<Float>
  /// As `windowValues`: the output channel.
  package let windowChannels: UnsafeMutablePointer<Int32>
  /// [image][group][window][4]: how many entries each winner has.
  package let windowCounts: UnsafeMutablePointer<Int32>

  package init(
    channelValues: UnsafeMutablePointer<Float>, channelPositions: UnsafeMutablePointer<Int32>,
    channelCounts: UnsafeMutablePointer<Int32>, windowValues: UnsafeMutablePointer<Float>,
    windowChannels: UnsafeMutablePointer<Int32>, windowCounts: UnsafeMutablePointer<Int32>
  ) {
    self.channelValues = channelValues
    self.channelPositions = channelPositions
    self.channelCounts = channelCounts
    self.windowValues = windowValues
    self.windowChannels = windowChannels
    self.windowCounts = windowCounts
  }

  /// Output channels whose weights stay in the first-level cache together.
  package static let group = 32

  package static func groups(_ shape: ConvolutionShape) -> Int { (shape.outputChannels + group - 1) / group }
}

/// What one step of an optimizer needs to know.
package struct OptimizerStep: Sendable, Equatable {
  package var learningRate: Float
  /// Multiplies the summed gradient: 1 / images of the batch.
  package var gradientScale: Float
  package var momentum: Float
  package var beta1: Float
  package var beta2: Float
  package var epsilon: Float
  /// 1 / (1 - beta1^t) and 1 / (1 - beta2^t) of Adam's step t.
  package var firstCorrection: Float
  package var secondCorrection: Float

  package init(
    learningRate: Float, gradientScale: Float, momentum: Float = 0, beta1: Float = 0, beta2: Float = 0,
    epsilon: Float = 0, firstCorrection: Float = 1, secondCorrection: Float = 1
  ) {
    self.learningRate = learningRate
    self.gradientScale = gradientScale
    self.momentum = momentum
    self.beta1 = beta1
    self.beta2 = beta2
    self.epsilon = epsilon
    self.firstCorrection = firstCorrection
    self.secondCorrection = secondCorrection
  }
}

/// Kernels of the convolutional network.
///
/// "Fused" means one rounding: `addingProduct`. All pointers are aligned to 64 bytes and all lengths of float blocks are multiples of 16,
/// unless said otherwise.
package protocol NetworkKernels: Sendable {
  // MARK: Convolution

  /// Convolves one image with 16 filters and keeps the largest output of each window.
  ///
  /// Each output is summed with fused operations from zero, over input blocks, then rows, then columns of the kernel, then channels of the block.
  /// Of equal outputs the first wins.
  /// - input: [input block][inputHeight][inputWidth][16]
  /// - weights: [input block][tap][16 input][16 output channels], one output block
  /// - output: [pooledHeight][pooledWidth][16]
  /// - winners: as `output`, each 0 to 3
  static func convolveAndPool(
    _ shape: ConvolutionShape, input: UnsafePointer<Float>, weights: UnsafePointer<Float>,
    output: UnsafeMutablePointer<Float>, winners: UnsafeMutablePointer<Int32>)

  /// Rearranges trained weights for ``convolveAndPool(_:input:weights:output:winners:)``, for one output block.
  /// Channels that do not exist get zeros.
  /// - weights: [input block][output channel][tap][16 input]
  /// - packed: [input block][tap][16 input][16 output], output block `block`
  static func packWeights(
    _ shape: ConvolutionShape, block: Int, weights: UnsafePointer<Float>, packed: UnsafeMutablePointer<Float>)

  /// Lists the non-zero gradients of one image. Pointers of `routes` are those of the image.
  /// - gradient: [output block][window][16]
  /// - winners: as `gradient`
  static func routeGradients(
    _ shape: ConvolutionShape, gradient: UnsafePointer<Float>, winners: UnsafePointer<Int32>, routes: PoolingRoutes)

  /// Adds a shard's gradient with respect to the weights, each image after the other, each window after the other, fused.
  /// - routes: of all images
  /// - input: [image][input block][inputHeight][inputWidth][16]
  /// - gradient: [input block][output channel][tap][16 input]
  static func accumulateWeightGradient(
    _ shape: ConvolutionShape, images: Int, routes: PoolingRoutes, input: UnsafePointer<Float>,
    gradient: UnsafeMutablePointer<Float>)

  /// Computes a shard's gradient with respect to the convolution's input: for each group of channels, window after window, winner after
  /// winner, channel after channel, fused, from zero.
  /// - routes: of all images
  /// - weights: [input block][output channel][tap][16 input]
  /// - gradient: [image][input block][inputHeight][inputWidth][16], overwritten; the border's values are part of no input
  static func computeInputGradient(
    _ shape: ConvolutionShape, images: Int, routes: PoolingRoutes, weights: UnsafePointer<Float>,
    gradient: UnsafeMutablePointer<Float>)

  // MARK: Batch normalization, over the rows of one block of 16 channels

  /// Sums 16 channels over `rows` vectors of each image: first within an image, then over images, one after the other.
  /// - values: [image][rows][16], images `stride` floats apart
  /// - center: (16), subtracted before; `squared`: sums squares (fused)
  /// - sums: (16), overwritten
  static func sumChannels(
    images: Int, rows: Int, stride: Int, values: UnsafePointer<Float>, center: UnsafePointer<Float>, squared: Bool,
    sums: UnsafeMutablePointer<Float>)

  /// result = max(0, value * scale + shift), fused, for one image's block; the result lies inside a bordered plane.
  /// - values: [height][width][16]
  /// - scale, shift: (16)
  /// - result: first pixel of a [height][resultRow floats] plane
  static func scaleShiftAndRectify(
    height: Int, width: Int, values: UnsafePointer<Float>, scale: UnsafePointer<Float>, shift: UnsafePointer<Float>,
    result: UnsafeMutablePointer<Float>, resultRow: Int)

  /// Passes a gradient through the rectifier: gradient = activation > 0 ? upstream : 0, for one image's block; adds to
  /// `sums` the gradients, and to `products` the gradients times (value - mean) * deviationInverse.
  /// - activation, upstream: first pixel of bordered planes, `row` floats a row
  /// - values: [height][width][16], what the layer before had computed
  /// - gradient: [height][width][16]
  /// - mean, deviationInverse, sums, products: (16)
  static func rectifierGradient(
    height: Int, width: Int, row: Int, activation: UnsafePointer<Float>, upstream: UnsafePointer<Float>,
    values: UnsafePointer<Float>, mean: UnsafePointer<Float>, deviationInverse: UnsafePointer<Float>,
    gradient: UnsafeMutablePointer<Float>, sums: UnsafeMutablePointer<Float>, products: UnsafeMutablePointer<Float>)

  /// The gradient of a batch normalization with respect to its input (Ioffe and Szegedy, 2015), for `rows` vectors:
  /// gradient = factor * (gradient - meanGradient - normalized * meanProduct), normalized = (value - mean) * deviationInverse.
  /// - values, gradient: [rows][16]; all others: (16)
  static func normalizationGradient(
    rows: Int, values: UnsafePointer<Float>, mean: UnsafePointer<Float>, deviationInverse: UnsafePointer<Float>,
    factor: UnsafePointer<Float>, meanGradient: UnsafePointer<Float>, meanProduct: UnsafePointer<Float>,
    gradient: UnsafeMutablePointer<Float>)

  // MARK: Dense layers

  /// c = a b, or c += a b if `accumulate`. Each element is summed over k in order, fused, from zero or from c.
  /// - a: element (i, p) at i * aRow + p * aColumn; not necessarily aligned
  /// - b: (k, n), rows `bRow` floats apart; c: (m, n), rows `cRow` floats apart; n, bRow and cRow are multiples of 16
  static func multiplyMatrices(
    m: Int, n: Int, k: Int, a: UnsafePointer<Float>, aRow: Int, aColumn: Int, b: UnsafePointer<Float>, bRow: Int,
    c: UnsafeMutablePointer<Float>, cRow: Int, accumulate: Bool)

  /// target = transposed source.
  /// - source: (rows, columns); target: (columns, rows)
  static func transpose(
    rows: Int, columns: Int, source: UnsafePointer<Float>, target: UnsafeMutablePointer<Float>)

  /// values = max(0, values).
  static func rectify(count: Int, values: UnsafeMutablePointer<Float>)

  /// gradient = activation > 0 ? gradient : 0.
  static func maskByActivation(
    count: Int, activation: UnsafePointer<Float>, gradient: UnsafeMutablePointer<Float>)

  /// Softmax of one row of logits; `classes` of the `count` values exist, the others get probability 0.
  /// The sum runs over lanes: 16 partial sums by class index modulo 16, which are added pairwise (8, 4, 2, 1 apart).
  /// Returns log(sum of exp(logit - largest)) + largest.
  static func softmax(
    classes: Int, count: Int, logits: UnsafePointer<Float>, probabilities: UnsafeMutablePointer<Float>
  ) -> Float

  // MARK: Vectors

  /// values *= factor.
  static func scale(count: Int, values: UnsafeMutablePointer<Float>, by factor: Float)

  /// sum += values.
  static func add(count: Int, values: UnsafePointer<Float>, to sum: UnsafeMutablePointer<Float>)

  /// average = average + (values - average) * weight, fused.
  static func moveAverage(
    count: Int, average: UnsafeMutablePointer<Float>, values: UnsafePointer<Float>, weight: Float)

  /// Stochastic gradient descent with Nesterov momentum (PyTorch's form): g = gradient * gradientScale + decay * w;
  /// velocity = momentum * velocity + g; w -= learningRate * (g + momentum * velocity). With momentum 0: plain descent.
  static func descend(
    count: Int, step: OptimizerStep, weightDecay: Float, gradient: UnsafePointer<Float>,
    velocity: UnsafeMutablePointer<Float>, weights: UnsafeMutablePointer<Float>)

  /// Adam (Kingma and Ba, 2015) with L2 weight decay, or AdamW (Loshchilov and Hutter, 2019) if `decoupled`.
  static func adam(
    count: Int, step: OptimizerStep, weightDecay: Float, decoupled: Bool, gradient: UnsafePointer<Float>,
    firstMoment: UnsafeMutablePointer<Float>, secondMoment: UnsafeMutablePointer<Float>,
    weights: UnsafeMutablePointer<Float>)
}

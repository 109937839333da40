/// The extents of one convolution whose result is max-pooled over 2x2 windows.
///
/// Planes are stored in blocks of 16 channels, [block][row][column][16], so that the channels of one pixel fill one
/// register. A convolution reads a plane that already has its border; output pixel (y, x) reads rows y..<y+kernel and
/// columns x..<x+kernel. Window (y, x) pools the outputs (2y, 2x), (2y, 2x+1), (2y+1, 2x), (2y+1, 2x+1), in this order
/// numbered 0 to 3.
package struct ConvolutionShape: Sendable, Equatable {
  package let inputChannels: Int
  package let outputChannels: Int
  package let kernel: Int
  /// Extents of the input with its border.
  package let inputHeight: Int
  package let inputWidth: Int
  /// Extents of the pooled output. Outputs outside of a whole window are not computed.
  package let pooledHeight: Int
  package let pooledWidth: Int

  // Stored, although derived: kernels are in other modules, where a computed property would be a call.
  package let inputBlocks: Int
  package let outputBlocks: Int
  package let taps: Int
  /// Floats in one block's input plane.
  package let planeCount: Int
  /// Windows of one plane.
  package let windows: Int
  /// Whether Winograd's algorithm computes the convolution, as it does for 3x3 kernels. Others are computed directly.
  package let isWinograd: Bool
  /// Extents, in windows, of the part of the output that Winograd's algorithm computes by large tiles: zero if there
  /// are fewer than 4 windows in a direction, because then the larger number of weights costs more than it saves.
  package let largeHeight: Int
  package let largeWidth: Int
  package let largeTiles: WinogradTiles
  package let smallTiles: WinogradTiles
  /// Floats from one transformed tile to the next: an odd number of cache lines, so that the tiles of one channel are
  /// in different sets of the first-level cache.
  package let tileStride: Int

  package init(inputChannels: Int, outputChannels: Int, kernel: Int, inputHeight: Int, inputWidth: Int) {
    self.init(
      inputChannels: inputChannels, outputChannels: outputChannels, kernel: kernel, inputHeight: inputHeight,
      inputWidth: inputWidth, large: nil)
  }

  /// - Parameter large: ``largeHeight`` and ``largeWidth``; nil for all windows but those of an odd last row or column
  private init(
    inputChannels: Int, outputChannels: Int, kernel: Int, inputHeight: Int, inputWidth: Int,
    large: (height: Int, width: Int)?
  ) {
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
    isWinograd = kernel == 3
    tileStride = (inputBlocks | 1) * 16
    let hasLarge = isWinograd && min(pooledHeight, pooledWidth) >= 4
    largeHeight = large?.height ?? (hasLarge ? pooledHeight / 2 * 2 : 0)
    largeWidth = large?.width ?? (hasLarge ? pooledWidth / 2 * 2 : 0)
    let covered = largeHeight * largeWidth
    let isWhole = (inputHeight - kernel + 1) % 2 == 0 && (inputWidth - kernel + 1) % 2 == 0
    smallTiles = WinogradTiles(
      windows: 1, perImage: windows - covered, hasWeights: windows > covered || !isWhole, stride: tileStride,
      firstElement: 0)
    largeTiles = WinogradTiles(
      windows: 2, perImage: covered / 4, hasWeights: covered > 0, stride: tileStride,
      firstElement: smallTiles.hasWeights ? smallTiles.elements : 0)
  }

  /// The convolution of an input with one more row and column where needed, so that all outputs are inside of windows.
  /// Its transformed weights are the same, and small tiles compute the windows that are not whole in this shape.
  package var withWholeWindows: ConvolutionShape {
    ConvolutionShape(
      inputChannels: inputChannels, outputChannels: outputChannels, kernel: kernel,
      inputHeight: inputHeight + (inputHeight - kernel + 1) % 2, inputWidth: inputWidth + (inputWidth - kernel + 1) % 2,
      large: (largeHeight, largeWidth))
  }

  /// Floats of one image's input, with its border.
  package var inputCount: Int { inputBlocks * planeCount }
  /// Floats of one image's pooled output.
  package var outputCount: Int { outputBlocks * windows * 16 }
  /// Floats of the trained weights: [input block][output channel][tap][16 input channels].
  package var weightCount: Int { inputBlocks * outputChannels * taps * 16 }
  /// Floats of the weights of one output block as ``NetworkKernels/convolveAndPool(_:input:weights:output:winners:)``
  /// reads them: [input block][tap][16 input][16 output].
  package var packedBlockCount: Int { inputBlocks * taps * 256 }
  /// Output channels that Winograd's algorithm computes at once.
  package static let winogradGroup = 32
  package var winogradGroups: Int { (outputChannels + Self.winogradGroup - 1) / Self.winogradGroup }
  /// Elements of the transformed weights of a pair of channels: those for the sizes of tiles that have weights.
  package var winogradElements: Int {
    (smallTiles.hasWeights ? smallTiles.elements : 0) + (largeTiles.hasWeights ? largeTiles.elements : 0)
  }
  /// Floats of all transformed weights, see ``NetworkKernels/transformWeights(_:group:weights:transformed:)``.
  package var winogradWeightCount: Int { winogradElements * inputChannels * outputBlocks * 16 }
  /// Floats of the transformed weights of every group but the last, which may have less.
  package var winogradGroupCount: Int { winogradElements * inputChannels * Self.winogradGroup }
  /// Floats that Winograd's algorithm needs for intermediate results, also for the shape ``withWholeWindows``.
  package var winogradScratchCount: Int {
    let tiles = [smallTiles, largeTiles].filter { isWinograd && $0.hasWeights }
    return tiles.map { $0.elements * $0.atOnce * (tileStride + Self.winogradGroup) }.max() ?? 0
  }
}

/// The tiles of one size by which Winograd's algorithm computes a part of a convolution's outputs: small ones of 2x2
/// outputs, or large ones of 4x4.
package struct WinogradTiles: Sendable, Equatable {
  /// Windows of a tile in each direction: 1 or 2.
  package let windows: Int
  /// Elements of a transformed tile: 16 or 36.
  package let elements: Int
  /// Tiles of an image.
  package let perImage: Int
  /// Whether there are transformed weights for these tiles: if this shape has any, or the one with whole windows.
  package let hasWeights: Bool
  /// The number of tiles that are transformed at once, so that they stay in the second-level cache.
  package let atOnce: Int
  /// The number of the first element in the transformed weights.
  package let firstElement: Int

  /// - Parameter stride: floats from one transformed tile to the next
  init(windows: Int, perImage: Int, hasWeights: Bool, stride: Int, firstElement: Int) {
    self.windows = windows
    self.perImage = perImage
    self.hasWeights = hasWeights
    self.firstElement = firstElement
    elements = (2 * windows + 2) * (2 * windows + 2)
    atOnce = min(max((1 << 17) / elements / stride / 28, 1), 6) * 28
  }
}

/// The non-zero gradients of one shard's pooled outputs, listed in the two orders in which kernels need them.
///
/// At most one output of each 2x2 window has a gradient, so both gradients of a convolution need a quarter of the
/// multiplications. An entry is a gradient and the window's winning output. Lists have room for all windows; counts say
/// how many entries are valid.
package struct PoolingRoutes {
  /// [image][output channel][window]: the gradients of a channel's entries, in the order of the windows.
  package let channelValues: UnsafeMutablePointer<Float>
  /// [image][output channel][window]: the position of each entry's winner in an input plane, in pixels.
  package let channelPositions: UnsafeMutablePointer<Int32>
  /// [image][output channel]: the number of entries.
  package let channelCounts: UnsafeMutablePointer<Int32>
  /// [image][group of 32 output channels][window][32]: the gradients of a window's entries, by winner, then by channel.
  package let windowValues: UnsafeMutablePointer<Float>
  /// [image][group][window][32]: the output channel of each entry.
  package let windowChannels: UnsafeMutablePointer<Int32>
  /// [image][group][window][4]: the number of entries of each winner.
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

  /// Output channels of a group: their weights fit in the first-level cache together.
  package static let group = 32

  package static func groups(_ shape: ConvolutionShape) -> Int { (shape.outputChannels + group - 1) / group }
}

/// The factors of one step of an optimizer.
package struct OptimizerStep: Sendable, Equatable {
  package var learningRate: Float
  /// Multiplies the summed gradient: 1 / (images in the batch).
  package var gradientScale: Float
  package var momentum: Float
  package var beta1: Float
  package var beta2: Float
  package var epsilon: Float
  /// 1 / (1 - beta1^t), where t counts Adam's steps from 1.
  package var firstCorrection: Float
  /// 1 / (1 - beta2^t).
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
/// "Fused" means one rounding, as in `addingProduct`. Pointers are aligned to 64 bytes, and lengths of float blocks are
/// multiples of 16, unless stated otherwise.
package protocol NetworkKernels: Sendable {
  // MARK: Convolution

  /// Convolves one image directly with 16 filters and keeps the largest output of each window.
  ///
  /// Each output is a fused sum from zero, over input blocks, then rows and columns of the kernel, then channels of the
  /// block. Of equal outputs, the first wins.
  ///
  /// - Parameters:
  ///   - input: [input block][inputHeight][inputWidth][16]
  ///   - weights: [input block][tap][16 input][16 output], of one output block
  ///   - output: [pooledHeight][pooledWidth][16], overwritten
  ///   - winners: [pooledHeight][pooledWidth][16], overwritten by the numbers of the winners, 0 to 3
  static func convolveAndPool(
    _ shape: ConvolutionShape, input: UnsafePointer<Float>, weights: UnsafePointer<Float>,
    output: UnsafeMutablePointer<Float>, winners: UnsafeMutablePointer<Int32>)

  /// Convolves images with all filters of 3x3 weights by Winograd's algorithm (Lavin and Gray, 2016), and keeps the
  /// largest output of each window.
  ///
  /// A small tile is the 4x4 pixels d that the four outputs of a window depend on, a large one the 6x6 pixels of 2x2
  /// windows. Outputs are Aᵀ (Σ U ⊙ V) A, where V = Bᵀ d B is the transformed tile, U are the transformed weights, and
  /// the sum is a fused sum from zero over input channels. Columns are transformed before rows. For small tiles, Bᵀ (a,
  /// b, c, d) = (a - c, b + c, c - b, b - d) and Aᵀ (a, b, c, d) = ((a + b) + c, (b - c) - d). For large tiles, Bᵀ (a,
  /// …, f) = (4 a + e - 5 c, p + q, p - q, r + s, r - s, 4 b + f - 5 d) with p = e - 4 c, q = d - 4 b, r = e - c, s = 2
  /// (d - b), and Aᵀ (a, …, f) = ((a + t) + u, v + 2 w, t + 4 u, (v + 8 w) + f) with t = b + c, u = d + e, v = b - c, w
  /// = d - e, where products by constants are fused with the sums.
  /// Of equal outputs, the first wins.
  ///
  /// - Parameters:
  ///   - input: [image][input block][inputHeight][inputWidth][16]
  ///   - weights: all groups of ``transformWeights(_:group:weights:transformed:)``
  ///   - scratch: (winogradScratchCount), overwritten
  ///   - output: [image][output block][window][16], overwritten
  ///   - winners: [image][output block][window][16], overwritten by the numbers of the winners, 0 to 3
  static func convolveByWinogradAndPool(
    _ shape: ConvolutionShape, images: Int, input: UnsafePointer<Float>, weights: UnsafePointer<Float>,
    scratch: UnsafeMutablePointer<Float>, output: UnsafeMutablePointer<Float>, winners: UnsafeMutablePointer<Int32>)

  /// Computes the same outputs as ``convolveByWinogradAndPool(_:images:input:weights:scratch:output:winners:)``, with
  /// the same bits, without pooling.
  ///
  /// - Parameter output: [image][output block][2 * pooledHeight][2 * pooledWidth][16], overwritten
  static func convolveByWinograd(
    _ shape: ConvolutionShape, images: Int, input: UnsafePointer<Float>, weights: UnsafePointer<Float>,
    scratch: UnsafeMutablePointer<Float>, output: UnsafeMutablePointer<Float>)

  /// Transforms the trained weights g of one group of 32 output channels for Winograd's algorithm: U = G g Gᵀ. Columns
  /// are transformed before rows. For small tiles, G (a, b, c) = (a, (m + b) / 2, (m - b) / 2, c) with m = a + c. For
  /// large tiles, G (a, b, c) = (a / 4, -(m + b) / 6, -(m - b) / 6, (n + 2 b) / 24, (n - 2 b) / 24, c) with n = a + 4
  /// c, fused; divisions are products by rounded reciprocals.
  ///
  /// - Parameters:
  ///   - weights: [input block][output channel][tap][16 input]
  ///   - transformed: [row and column of U][input channel][outputs], overwritten; small tiles first, then large ones,
  ///     if the shape has them. There are 32 outputs, or 16 if the last group has no more; zero for output channels
  ///     that do not exist.
  static func transformWeights(
    _ shape: ConvolutionShape, group: Int, weights: UnsafePointer<Float>, transformed: UnsafeMutablePointer<Float>)

  /// Rearranges the trained weights of one output block for ``convolveAndPool(_:input:weights:output:winners:)``.
  ///
  /// - Parameters:
  ///   - weights: [input block][output channel][tap][16 input]
  ///   - packed: [input block][tap][16 input][16 output], overwritten; zero for output channels that do not exist
  static func packWeights(
    _ shape: ConvolutionShape, block: Int, weights: UnsafePointer<Float>, packed: UnsafeMutablePointer<Float>)

  /// Lists the non-zero gradients of one image by channel, for
  /// ``accumulateWeightGradient(_:images:routes:input:gradient:)``.
  ///
  /// - Parameters:
  ///   - gradient: [output block][window][16], with respect to the pooled outputs
  ///   - winners: [output block][window][16]
  ///   - routes: the lists of this image, overwritten
  static func routeByChannel(
    _ shape: ConvolutionShape, gradient: UnsafePointer<Float>, winners: UnsafePointer<Int32>, routes: PoolingRoutes)

  /// Lists the non-zero gradients of one image by window, for
  /// ``computeInputGradient(_:images:routes:weights:gradient:)``. The parameters are those of
  /// ``routeByChannel(_:gradient:winners:routes:)``.
  static func routeByWindow(
    _ shape: ConvolutionShape, gradient: UnsafePointer<Float>, winners: UnsafePointer<Int32>, routes: PoolingRoutes)

  /// Adds a shard's gradient with respect to the weights: image after image, window after window, fused.
  ///
  /// - Parameters:
  ///   - routes: the lists by channel of all images
  ///   - input: [image][input block][inputHeight][inputWidth][16]
  ///   - gradient: [input block][output channel][tap][16 input], added to
  static func accumulateWeightGradient(
    _ shape: ConvolutionShape, images: Int, routes: PoolingRoutes, input: UnsafePointer<Float>,
    gradient: UnsafeMutablePointer<Float>)

  /// Adds a shard's gradient with respect to the weights of a 1x1 convolution, without lists: image after image, window
  /// after window, fused.
  ///
  /// - Parameters:
  ///   - upstream: [image][output block][window][16], the gradient with respect to the pooled outputs
  ///   - winners: [image][output block][window][16]
  ///   - input: [image][input block][inputHeight][inputWidth][16]
  ///   - gradient: [input block][output channel][16 input], added to
  static func accumulatePointwiseWeightGradient(
    _ shape: ConvolutionShape, images: Int, upstream: UnsafePointer<Float>, winners: UnsafePointer<Int32>,
    input: UnsafePointer<Float>, gradient: UnsafeMutablePointer<Float>)

  /// Computes a shard's gradient with respect to the convolution's input: a fused sum from zero, over groups of
  /// channels, then windows, then winners, then channels.
  ///
  /// - Parameters:
  ///   - routes: the lists by window of all images
  ///   - weights: [input block][output channel][tap][16 input]
  ///   - gradient: [image][input block][inputHeight][inputWidth][16], overwritten; values in the border have no meaning
  static func computeInputGradient(
    _ shape: ConvolutionShape, images: Int, routes: PoolingRoutes, weights: UnsafePointer<Float>,
    gradient: UnsafeMutablePointer<Float>)

  // MARK: Batch normalization, over the rows of one block of 16 channels

  /// Sums 16 channels over `rows` vectors of each image: first within an image, then over images.
  ///
  /// - Parameters:
  ///   - values: [image][rows][16], images `stride` floats apart
  ///   - center: (16), subtracted from the values
  ///   - squared: whether the squares of the centered values are summed (fused)
  ///   - sums: (16), overwritten
  static func sumChannels(
    images: Int, rows: Int, stride: Int, values: UnsafePointer<Float>, center: UnsafePointer<Float>, squared: Bool,
    sums: UnsafeMutablePointer<Float>)

  /// Scales, shifts and rectifies one block of one image: result = max(0, value * scale + shift), fused. A NaN stays a
  /// NaN.
  ///
  /// - Parameters:
  ///   - values: [height][width][16]
  ///   - scale: (16)
  ///   - shift: (16)
  ///   - result: [height][width][16], rows `resultRow` floats apart, overwritten; may be `values` if its rows are
  ///     contiguous
  static func scaleShiftAndRectify(
    height: Int, width: Int, values: UnsafePointer<Float>, scale: UnsafePointer<Float>, shift: UnsafePointer<Float>,
    result: UnsafeMutablePointer<Float>, resultRow: Int)

  /// Passes a gradient through the rectifier: gradient = activation > 0 ? upstream : 0, for one block of one image.
  ///
  /// - Parameters:
  ///   - activation: [height][width][16], rows `row` floats apart
  ///   - upstream: [height][width][16], rows `row` floats apart
  ///   - values: [height][width][16], before normalization
  ///   - mean: (16)
  ///   - deviationInverse: (16)
  ///   - gradient: [height][width][16], overwritten
  ///   - sums: (16): the gradients are added
  ///   - products: (16): the gradients times (value - mean) * deviationInverse are added (fused)
  static func rectifierGradient(
    height: Int, width: Int, row: Int, activation: UnsafePointer<Float>, upstream: UnsafePointer<Float>,
    values: UnsafePointer<Float>, mean: UnsafePointer<Float>, deviationInverse: UnsafePointer<Float>,
    gradient: UnsafeMutablePointer<Float>, sums: UnsafeMutablePointer<Float>, products: UnsafeMutablePointer<Float>)

  /// Computes the gradient of a batch normalization with respect to its input (Ioffe and Szegedy, 2015):
  /// gradient = factor * (gradient - meanGradient - normalized * meanProduct), where
  /// normalized = (value - mean) * deviationInverse.
  ///
  /// - Parameters:
  ///   - values: [rows][16]
  ///   - mean: (16)
  ///   - deviationInverse: (16)
  ///   - factor: (16)
  ///   - meanGradient: (16)
  ///   - meanProduct: (16)
  ///   - gradient: [rows][16], changed in place
  static func normalizationGradient(
    rows: Int, values: UnsafePointer<Float>, mean: UnsafePointer<Float>, deviationInverse: UnsafePointer<Float>,
    factor: UnsafePointer<Float>, meanGradient: UnsafePointer<Float>, meanProduct: UnsafePointer<Float>,
    gradient: UnsafeMutablePointer<Float>)

  // MARK: Dense layers

  /// Computes c = a b, or c += a b if `accumulate`. Each element is a fused sum over k in order, from zero or from c.
  ///
  /// - Parameters:
  ///   - n: a multiple of 16
  ///   - a: (m, k), element (i, p) at i * aRow + p * aColumn; not necessarily aligned
  ///   - b: (k, n), rows `bRow` floats apart, a multiple of 16
  ///   - c: (m, n), rows `cRow` floats apart, a multiple of 16
  static func multiplyMatrices(
    m: Int, n: Int, k: Int, a: UnsafePointer<Float>, aRow: Int, aColumn: Int, b: UnsafePointer<Float>, bRow: Int,
    c: UnsafeMutablePointer<Float>, cRow: Int, accumulate: Bool)

  /// Transposes a matrix of any size.
  ///
  /// - Parameters:
  ///   - source: (rows, columns); not necessarily aligned
  ///   - target: (columns, rows), overwritten; not necessarily aligned
  static func transpose(
    rows: Int, columns: Int, source: UnsafePointer<Float>, target: UnsafeMutablePointer<Float>)

  /// Rectifies values: values = max(0, values). A NaN stays a NaN.
  ///
  /// - Parameter values: (count), changed in place
  static func rectify(count: Int, values: UnsafeMutablePointer<Float>)

  /// Masks a gradient by an activation: gradient = activation > 0 ? gradient : 0.
  ///
  /// - Parameters:
  ///   - activation: (count)
  ///   - gradient: (count), changed in place
  static func maskByActivation(
    count: Int, activation: UnsafePointer<Float>, gradient: UnsafeMutablePointer<Float>)

  /// Computes the softmax of one row of logits, of which the first `classes` exist; the others get probability 0.
  ///
  /// The sum of exponentials is 16 partial sums by class index modulo 16, added pairwise (8, 4, 2, 1 apart).
  ///
  /// - Parameters:
  ///   - logits: (count)
  ///   - probabilities: (count), overwritten
  /// - Returns: the logarithm of the sum of the exponentials of the logits.
  static func softmax(
    classes: Int, count: Int, logits: UnsafePointer<Float>, probabilities: UnsafeMutablePointer<Float>
  ) -> Float

  // MARK: Vectors

  /// Multiplies values by a factor.
  ///
  /// - Parameter values: (count), changed in place
  static func scale(count: Int, values: UnsafeMutablePointer<Float>, by factor: Float)

  /// Adds values to a sum, element by element.
  ///
  /// - Parameters:
  ///   - values: (count)
  ///   - sum: (count), added to
  static func add(count: Int, values: UnsafePointer<Float>, to sum: UnsafeMutablePointer<Float>)

  /// Moves an average toward values: average += (values - average) * weight, fused.
  ///
  /// - Parameters:
  ///   - average: (count), changed in place
  ///   - values: (count)
  static func moveAverage(
    count: Int, average: UnsafeMutablePointer<Float>, values: UnsafePointer<Float>, weight: Float)

  /// Takes a step of stochastic gradient descent with Nesterov momentum, in PyTorch's form:
  /// g = gradient * gradientScale + weightDecay * w; velocity = momentum * velocity + g;
  /// w -= learningRate * (g + momentum * velocity).
  ///
  /// - Parameters:
  ///   - gradient: (count)
  ///   - velocity: (count), changed in place
  ///   - weights: (count), changed in place
  static func descend(
    count: Int, step: OptimizerStep, weightDecay: Float, gradient: UnsafePointer<Float>,
    velocity: UnsafeMutablePointer<Float>, weights: UnsafeMutablePointer<Float>)

  /// Takes a step of Adam (Kingma and Ba, 2015) with L2 weight decay, or of AdamW (Loshchilov and Hutter, 2019) if
  /// `decoupled`.
  ///
  /// - Parameters:
  ///   - gradient: (count)
  ///   - firstMoment: (count), changed in place
  ///   - secondMoment: (count), changed in place
  ///   - weights: (count), changed in place
  static func adam(
    count: Int, step: OptimizerStep, weightDecay: Float, decoupled: Bool, gradient: UnsafePointer<Float>,
    firstMoment: UnsafeMutablePointer<Float>, secondMoment: UnsafeMutablePointer<Float>,
    weights: UnsafeMutablePointer<Float>)
}

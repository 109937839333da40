package import Datasets
package import KernelInterface

/// One piece of the flat vector of parameters.
package struct ParameterSlice: Sendable, Equatable {
  /// Its name in a saved model.
  package let name: String
  /// Its first float in the vector: a multiple of 16.
  package let offset: Int
  /// Floats that it takes there, padding included: a multiple of 16.
  package let count: Int
  /// Whether weight decay applies: to weights, not to biases, scales and shifts.
  package let decays: Bool

  package var range: Range<Int> { offset..<offset + count }
}

/// A block of the network: convolution, 2x2 max-pool, batch normalization or bias, ReLU.
///
/// Pooling stands before normalization: it keeps the gradient of the convolution sparse, and leaves a quarter of the values to
/// normalize. Without normalization the order of pooling, bias and ReLU makes no difference.
package struct ConvolutionBlock: Sendable {
  package let shape: ConvolutionShape
  package let weights: ParameterSlice
  /// With batch normalization its scale, else nil.
  package let scale: ParameterSlice?
  /// With batch normalization its shift, else the convolution's bias.
  package let shift: ParameterSlice
  package let runningMean: ParameterSlice?
  package let runningVariance: ParameterSlice?
  /// The pixels of border that the next block wants around this block's result.
  package let resultBorder: Int

  /// Extents of the plane that the result lies in.
  package var resultHeight: Int { shape.pooledHeight + 2 * resultBorder }
  package var resultWidth: Int { shape.pooledWidth + 2 * resultBorder }
  /// Floats of one image's result, with its border.
  package var resultCount: Int { shape.outputBlocks * resultHeight * resultWidth * 16 }
}

/// A dense layer: result = input weights + bias, with ReLU unless it is the last.
package struct DenseLayer: Sendable {
  package let inputs: Int
  /// Units that exist, and units with padding to a multiple of 16.
  package let units: Int
  package let paddedUnits: Int
  /// (inputs, paddedUnits)
  package let weights: ParameterSlice
  package let bias: ParameterSlice
  package let isLast: Bool
}

/// The network laid out for images of one shape: every extent, and where each parameter lies in the flat vector.
///
/// The vector has three parts: what the optimizer changes; running statistics; and the sums of loss and of correct answers of a step. A
/// gradient is a vector of the same layout, so one summation (and later one exchange between workers) carries all of it.
package struct NetworkPlan: Sendable {
  package let input: ImageShape
  package let classCount: Int
  package let kernel: Int
  /// Border around the image.
  package let border: Int
  package let batchNorm: Bool
  package let blocks: [ConvolutionBlock]
  package let dense: [DenseLayer]
  /// All slices, by offset.
  package let slices: [ParameterSlice]
  /// Floats that the optimizer changes: the first part of the vector.
  package let trainableCount: Int
  /// The step's loss (first float) and correct answers (second).
  package let tally: ParameterSlice
  package let count: Int

  /// - Throws: ``ModelError/badSettings(_:)`` if the images are too small for the pooling.
  package init(_ settings: NetworkSettings, input: ImageShape, classCount: Int) throws(ModelError) {
    try settings.validate()
    guard classCount >= 1 else { throw .badSettings("a network needs at least one class") }
    var builder = Builder()
    self.input = input
    self.classCount = classCount
    kernel = settings.kernel
    border = settings.padding.border(kernel: settings.kernel)
    batchNorm = settings.batchNorm
    var blocks = try builder.blocks(settings, input, border)
    let features = blocks[blocks.count - 1].resultCount
    dense = builder.dense(hidden: settings.dense, classCount: classCount, inputs: features)
    trainableCount = builder.count
    if settings.batchNorm {
      for index in blocks.indices { blocks[index] = builder.withStatistics(blocks[index], number: index + 1) }
    }
    self.blocks = blocks
    tally = builder.slice("tally", count: 16, decays: false)
    slices = builder.slices
    count = builder.count
  }

  /// What the last block hands to the dense layers.
  package var features: Int { dense[0].inputs }
  /// Floats of one image's patches: what the first block's convolution reads.
  package var patchCount: Int { blocks[0].shape.inputCount }
  package var lastDense: DenseLayer { dense[dense.count - 1] }
}

/// Hands out slices one after the other.
private struct Builder {
  var slices: [ParameterSlice] = []
  var count = 0

  mutating func slice(_ name: String, count length: Int, decays: Bool) -> ParameterSlice {
    let slice = ParameterSlice(name: name, offset: count, count: (length + 15) / 16 * 16, decays: decays)
    slices.append(slice)
    count += slice.count
    return slice
  }

  mutating func blocks(
    _ settings: NetworkSettings, _ input: ImageShape, _ border: Int
  ) throws(ModelError) -> [ConvolutionBlock] {
    var blocks: [ConvolutionBlock] = []
    // The first convolution reads patches: one pixel holds all that its kernel covers, so to the kernels it is a 1x1 convolution.
    var shape = ConvolutionShape(
      inputChannels: input.channels * settings.kernel * settings.kernel, outputChannels: settings.filters[0], kernel: 1,
      inputHeight: input.height + 2 * border - settings.kernel + 1,
      inputWidth: input.width + 2 * border - settings.kernel + 1)
    for (index, filters) in settings.filters.enumerated() {
      guard shape.windows > 0 else {
        throw .badSettings(
          "images of \(input) are too small for \(settings.filters.count) blocks with kernel \(settings.kernel) and padding "
            + "\(settings.padding.rawValue): block \(index + 1) would have nothing left to pool; use fewer filters or padding same"
        )
      }
      let isLast = index + 1 == settings.filters.count
      let name = "block\(index + 1)"
      let weights = slice("\(name).weight", count: shape.weightCount, decays: true)
      let channels = shape.outputBlocks * 16
      let scale = settings.batchNorm ? slice("\(name).scale", count: channels, decays: false) : nil
      let shift = slice(settings.batchNorm ? "\(name).shift" : "\(name).bias", count: channels, decays: false)
      let block = ConvolutionBlock(
        shape: shape, weights: weights, scale: scale, shift: shift, runningMean: nil, runningVariance: nil,
        resultBorder: isLast ? 0 : border)
      blocks.append(block)
      if !isLast {
        shape = ConvolutionShape(
          inputChannels: filters, outputChannels: settings.filters[index + 1], kernel: settings.kernel,
          inputHeight: block.resultHeight, inputWidth: block.resultWidth)
      }
    }
    return blocks
  }

  mutating func dense(hidden: [Int], classCount: Int, inputs: Int) -> [DenseLayer] {
    var layers: [DenseLayer] = []
    for (index, units) in (hidden + [classCount]).enumerated() {
      let isLast = index == hidden.count
      let name = isLast ? "output" : "dense\(index + 1)"
      let inputs = layers.last?.paddedUnits ?? inputs
      let padded = (units + 15) / 16 * 16
      layers.append(
        DenseLayer(
          inputs: inputs, units: units, paddedUnits: padded,
          weights: slice("\(name).weight", count: inputs * padded, decays: true),
          bias: slice("\(name).bias", count: padded, decays: false), isLast: isLast))
    }
    return layers
  }

  mutating func withStatistics(_ block: ConvolutionBlock, number: Int) -> ConvolutionBlock {
    let channels = block.shape.outputBlocks * 16
    return ConvolutionBlock(
      shape: block.shape, weights: block.weights, scale: block.scale, shift: block.shift,
      runningMean: slice("block\(number).running-mean", count: channels, decays: false),
      runningVariance: slice("block\(number).running-variance", count: channels, decays: false),
      resultBorder: block.resultBorder)
  }
}

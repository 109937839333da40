internal import Compute
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
  /// The first block's kernel, whose taps are the channels of a patch, and the border around the image.
  package let patchKernel: Int
  package let patchBorder: Int
  package let blocks: [ConvolutionBlock]
  package let dense: [DenseLayer]
  /// All slices, by offset.
  package let slices: [ParameterSlice]
  /// Floats that the optimizer changes: the first part of the vector.
  package let trainableCount: Int
  /// The step's loss (first float) and correct answers (second).
  package let tally: ParameterSlice
  package let count: Int

  /// - Parameter layers: one convolution or more, then dense layers; the last dense layer, with a unit for each class, is added.
  /// - Throws: ``ModelError/badSettings(_:)`` if the order of the layers is another, or the images are too small for the pooling.
  package init(_ layers: [Layer], input: ImageShape, classCount: Int) throws(ModelError) {
    let convolutions = layers.prefix { $0.convolution != nil }.compactMap(\.convolution)
    let hidden = layers.dropFirst(convolutions.count).compactMap(\.denseUnits)
    guard !convolutions.isEmpty, convolutions.count + hidden.count == layers.count else {
      throw .badSettings("a network is one convolution or more, then dense layers")
    }
    guard classCount >= 1 else { throw .badSettings("a network needs at least one class") }
    self.input = input
    self.classCount = classCount
    patchKernel = convolutions[0].kernel
    patchBorder = convolutions[0].border
    var builder = Builder()
    let blocks = try builder.blocks(convolutions, input)
    dense = builder.dense(hidden: hidden, classCount: classCount, inputs: blocks[blocks.count - 1].resultCount)
    trainableCount = builder.count
    self.blocks = blocks.enumerated().map { builder.withStatistics($1, number: $0 + 1) }
    tally = builder.slice("tally", count: 16, decays: false)
    slices = builder.slices
    count = builder.count
    guard count <= Self.mostParameters else {
      throw .badSettings("a network of \(count) parameters; at most \(Self.mostParameters) are trained")
    }
  }

  /// 2 GiB of floats.
  private static let mostParameters = 1 << 29

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

  mutating func blocks(_ layers: [Convolution], _ input: ImageShape) throws(ModelError) -> [ConvolutionBlock] {
    var blocks: [ConvolutionBlock] = []
    for (index, layer) in layers.enumerated() {
      let shape: ConvolutionShape
      if let before = blocks.last {
        shape = ConvolutionShape(
          inputChannels: before.shape.outputChannels, outputChannels: layer.filters, kernel: layer.kernel,
          inputHeight: before.resultHeight, inputWidth: before.resultWidth)
      } else {
        // The first convolution reads patches: one pixel holds all that its kernel covers, so to the kernels it is a 1x1 convolution.
        let shrink = layer.kernel - 1 - 2 * layer.border
        shape = ConvolutionShape(
          inputChannels: input.channels * layer.kernel * layer.kernel, outputChannels: layer.filters, kernel: 1,
          inputHeight: input.height - shrink, inputWidth: input.width - shrink)
      }
      guard shape.windows > 0 else {
        throw .badSettings(
          "images of \(input) are too small for \(counted(layers.count, "block")): block \(index + 1), with kernel \(layer.kernel) and "
            + "padding \(layer.padding.rawValue), would have nothing left to pool; use fewer blocks (a shorter --filters)"
            + (layer.padding == .valid ? ", or padding same" : ""))
      }
      let nextBorder = index + 1 < layers.count ? layers[index + 1].border : 0
      blocks.append(block(layer, shape, number: index + 1, resultBorder: nextBorder))
    }
    return blocks
  }

  private mutating func block(
    _ layer: Convolution, _ shape: ConvolutionShape, number: Int, resultBorder: Int
  ) -> ConvolutionBlock {
    let name = "block\(number)"
    let channels = shape.outputBlocks * 16
    return ConvolutionBlock(
      shape: shape, weights: slice("\(name).weight", count: shape.weightCount, decays: true),
      scale: layer.batchNorm ? slice("\(name).scale", count: channels, decays: false) : nil,
      shift: slice(layer.batchNorm ? "\(name).shift" : "\(name).bias", count: channels, decays: false),
      runningMean: nil, runningVariance: nil, resultBorder: resultBorder)
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

  /// Running statistics stand behind all that the optimizer changes.
  mutating func withStatistics(_ block: ConvolutionBlock, number: Int) -> ConvolutionBlock {
    guard block.scale != nil else { return block }
    let channels = block.shape.outputBlocks * 16
    return ConvolutionBlock(
      shape: block.shape, weights: block.weights, scale: block.scale, shift: block.shift,
      runningMean: slice("block\(number).running-mean", count: channels, decays: false),
      runningVariance: slice("block\(number).running-variance", count: channels, decays: false),
      resultBorder: block.resultBorder)
  }
}

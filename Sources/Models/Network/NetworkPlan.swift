package import Datasets
package import KernelInterface
internal import Text

/// A slice of the flat vector of parameters.
package struct ParameterSlice: Sendable, Equatable {
  /// The name of its tensor in a saved model.
  package let name: String
  /// The position of the first float, a multiple of 16.
  package let offset: Int
  /// The number of floats, including padding; a multiple of 16.
  package let count: Int
  /// Whether weight decay applies: it does to weights, but not to biases, scales and shifts.
  let hasWeightDecay: Bool

  package var range: Range<Int> { offset..<offset + count }
}

/// A block of the network: convolution, 2x2 max-pool, batch normalization or bias, ReLU.
///
/// Pooling comes before normalization: it keeps the gradient of the convolution sparse, and leaves a quarter of the
/// values to normalize. Without normalization, the order of pooling, bias and ReLU makes no difference.
package struct ConvolutionBlock: Sendable {
  package let shape: ConvolutionShape
  package let weights: ParameterSlice
  /// The scale of batch normalization, or nil without it.
  package let scale: ParameterSlice?
  /// The shift of batch normalization, or the convolution's bias without it.
  package let shift: ParameterSlice
  /// nil without batch normalization.
  let runningMean: ParameterSlice?
  /// nil without batch normalization.
  let runningVariance: ParameterSlice?
  /// The number of border pixels that the next block needs around this block's result.
  let resultBorder: Int

  /// Extents of the result with its border.
  var resultHeight: Int { shape.pooledHeight + 2 * resultBorder }
  var resultWidth: Int { shape.pooledWidth + 2 * resultBorder }
  /// Floats of one image's result, with its border.
  var resultCount: Int { shape.outputBlocks * resultHeight * resultWidth * 16 }
}

/// A dense layer: result = input weights + bias, with ReLU unless it is the last.
package struct DenseLayer: Sendable {
  let inputs: Int
  package let units: Int
  /// `units`, rounded up to a multiple of 16.
  let paddedUnits: Int
  /// (inputs, paddedUnits)
  package let weights: ParameterSlice
  package let bias: ParameterSlice
  package let isLast: Bool
}

/// The layout of a network for images of one shape: every extent, and the position of each parameter in the flat
/// vector.
///
/// The vector has three parts: the parameters that the optimizer changes; running statistics; and the sums of a step,
/// its loss and the number of correct predictions. A gradient is a vector of the same layout, so one summation, and one
/// exchange between workers, covers all three.
package struct NetworkPlan: Sendable {
  package let input: ImageShape
  package let classCount: Int
  /// The size of the first block's kernel, whose taps become the channels of a patch.
  let patchKernel: Int
  /// The number of border pixels around the input image.
  let patchBorder: Int
  package let blocks: [ConvolutionBlock]
  package let dense: [DenseLayer]
  /// All slices, by offset.
  package let slices: [ParameterSlice]
  /// The number of floats in the first part of the vector, which the optimizer changes.
  package let trainableCount: Int
  /// The loss of a step (first float) and the number of its correct predictions (second float).
  package let tally: ParameterSlice
  /// The number of floats in the vector.
  package let count: Int

  /// Lays out a network.
  ///
  /// - Parameter layers: convolutions, then dense layers; without convolutions, it is a multilayer perceptron. The
  ///   output layer, with a unit for each class, is added.
  /// - Throws: ``ModelError/badSettings(_:)`` if the layers are in another order, the images are too small for the
  ///   pooling, or the network is too large.
  package init(_ layers: [Layer], input: ImageShape, classCount: Int) throws(ModelError) {
    let convolutions = layers.prefix { $0.convolution != nil }.compactMap(\.convolution)
    let hidden = layers.dropFirst(convolutions.count).compactMap(\.denseUnits)
    guard convolutions.count + hidden.count == layers.count else {
      throw .badSettings("a network is convolutions, then dense layers")
    }
    guard classCount >= 1 else { throw .badSettings("a network needs at least one class") }
    self.input = input
    self.classCount = classCount
    patchKernel = convolutions.first?.kernel ?? 1
    patchBorder = convolutions.first?.border ?? 0
    var builder = Builder()
    let blocks = try builder.blocks(convolutions, input)
    dense = builder.dense(
      hidden: hidden, classCount: classCount, inputs: blocks.last?.resultCount ?? (input.count + 15) / 16 * 16)
    trainableCount = builder.count
    self.blocks = blocks.enumerated().map { builder.withStatistics($1, number: $0 + 1) }
    tally = builder.slice("tally", count: 16, hasWeightDecay: false)
    slices = builder.slices
    count = builder.count
    guard count <= Self.maxParameters else {
      throw .badSettings("the network has \(count) parameters, but the limit is \(Self.maxParameters)")
    }
  }

  /// 2 GiB of floats.
  private static let maxParameters = 1 << 29

  /// The number of inputs of the first dense layer, including padding.
  package var features: Int { dense[0].inputs }
  /// The number of floats in one image's patches, the input of the first layer.
  var patchCount: Int { blocks.first?.shape.inputCount ?? features }
  var lastDense: DenseLayer { dense[dense.count - 1] }
}

/// Allocates slices, one after the other.
private struct Builder {
  var slices: [ParameterSlice] = []
  var count = 0

  mutating func slice(_ name: String, count length: Int, hasWeightDecay: Bool) -> ParameterSlice {
    let slice = ParameterSlice(
      name: name, offset: count, count: (length + 15) / 16 * 16, hasWeightDecay: hasWeightDecay)
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
        // The first convolution reads patches, whose pixels hold all that its kernel covers: it is computed as a 1x1
        // convolution.
        let shrink = layer.kernel - 1 - 2 * layer.border
        shape = ConvolutionShape(
          inputChannels: input.channels * layer.kernel * layer.kernel, outputChannels: layer.filters, kernel: 1,
          inputHeight: input.height - shrink, inputWidth: input.width - shrink)
      }
      guard shape.windows > 0 else {
        throw .badSettings(
          "images of \(input) are too small for \(counted(layers.count, "block")): block \(index + 1), with kernel "
            + "\(layer.kernel) and padding \(layer.padding.rawValue), has no 2x2 window to pool; "
            + "use fewer blocks (a shorter --filters)"
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
      shape: shape, weights: slice("\(name).weight", count: shape.weightCount, hasWeightDecay: true),
      scale: layer.batchNorm ? slice("\(name).scale", count: channels, hasWeightDecay: false) : nil,
      shift: slice(layer.batchNorm ? "\(name).shift" : "\(name).bias", count: channels, hasWeightDecay: false),
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
          weights: slice("\(name).weight", count: inputs * padded, hasWeightDecay: true),
          bias: slice("\(name).bias", count: padded, hasWeightDecay: false), isLast: isLast))
    }
    return layers
  }

  /// Adds the slices of running statistics, which come after all parameters that the optimizer changes.
  mutating func withStatistics(_ block: ConvolutionBlock, number: Int) -> ConvolutionBlock {
    guard block.scale != nil else { return block }
    let channels = block.shape.outputBlocks * 16
    return ConvolutionBlock(
      shape: block.shape, weights: block.weights, scale: block.scale, shift: block.shift,
      runningMean: slice("block\(number).running-mean", count: channels, hasWeightDecay: false),
      runningVariance: slice("block\(number).running-variance", count: channels, hasWeightDecay: false),
      resultBorder: block.resultBorder)
  }
}

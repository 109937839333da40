internal import Datasets
internal import KernelInterface

/// The layout of one tensor of a saved model in the flat vector of parameters.
///
/// Saved models have PyTorch's shapes, (out, in, height, width) and (out, in), without padding; the flat vector is in
/// the order of the kernels.
struct TensorLayout {
  /// The initial values of a tensor.
  enum Role {
    /// Random weights of results that each sum `inputs` inputs.
    case weight(inputs: Int)
    case one, zero
  }

  let slice: ParameterSlice
  let shape: [Int]
  let role: Role
  /// Returns the position in the flat vector of element `index` of the tensor, row-major.
  let place: (_ index: Int) -> Int

  var count: Int { shape.reduce(1, *) }
}

extension NetworkPlan {
  /// The layouts of all tensors of a saved model, in the order of the flat vector, without ``tally``.
  var tensorLayouts: [TensorLayout] {
    var layouts: [TensorLayout] = []
    for (index, block) in blocks.enumerated() {
      layouts.append(weightLayout(block: index))
      if let scale = block.scale { layouts.append(channelLayout(scale, block, .one)) }
      layouts.append(channelLayout(block.shift, block, .zero))
    }
    for (index, layer) in dense.enumerated() {
      layouts.append(weightLayout(dense: index))
      let bias = layer.bias
      layouts.append(TensorLayout(slice: bias, shape: [layer.units], role: .zero) { bias.offset + $0 })
    }
    for block in blocks {
      if let mean = block.runningMean { layouts.append(channelLayout(mean, block, .zero)) }
      if let variance = block.runningVariance { layouts.append(channelLayout(variance, block, .one)) }
    }
    return layouts
  }

  private func channelLayout(_ slice: ParameterSlice, _ block: ConvolutionBlock, _ role: TensorLayout.Role)
    -> TensorLayout
  {
    TensorLayout(slice: slice, shape: [block.shape.outputChannels], role: role) { slice.offset + $0 }
  }

  /// Returns the layout of (filters, channels, kernel, kernel) in [input block][filter][tap][16 channels]. The first
  /// block's channels and taps are the channels of its patch.
  private func weightLayout(block index: Int) -> TensorLayout {
    let block = blocks[index]
    let (shape, offset) = (block.shape, block.weights.offset)
    let channels = index == 0 ? input.channels : shape.inputChannels
    let kernel = index == 0 ? patchKernel : shape.kernel
    let inputs = channels * kernel * kernel
    return TensorLayout(
      slice: block.weights, shape: [shape.outputChannels, channels, kernel, kernel], role: .weight(inputs: inputs)
    ) { element in
      let (filter, rest) = element.quotientAndRemainder(dividingBy: inputs)
      let (channel, tap) = index == 0 ? (rest, 0) : rest.quotientAndRemainder(dividingBy: shape.taps)
      return offset + (((channel >> 4) * shape.outputChannels + filter) * shape.taps + tap) * 16 + (channel & 15)
    }
  }

  /// Returns the layout of (units, inputs) in (padded inputs, padded units). The first layer's inputs are the last
  /// block's (channels, rows, columns), stored as [block][row][column][16], or the image's (channels, rows, columns).
  private func weightLayout(dense index: Int) -> TensorLayout {
    let layer = dense[index]
    let shape = index == 0 ? blocks.last?.shape : nil
    let inputs = index == 0 ? shape.map { $0.outputChannels * $0.windows } ?? input.count : dense[index - 1].units
    return TensorLayout(slice: layer.weights, shape: [layer.units, inputs], role: .weight(inputs: inputs)) { element in
      let (unit, input) = element.quotientAndRemainder(dividingBy: inputs)
      var row = input
      if let shape {
        let (channel, pixel) = input.quotientAndRemainder(dividingBy: shape.windows)
        row = ((channel >> 4) * shape.windows + pixel) * 16 + (channel & 15)
      }
      return layer.weights.offset + row * layer.paddedUnits + unit
    }
  }
}

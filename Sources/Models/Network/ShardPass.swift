internal import Compute
internal import Datasets
internal import KernelInterface

/// The forward and backward passes of the images of one logical shard, on the calling thread, in a fixed order.
struct ShardPass {
  let plan: NetworkPlan
  let kernels: any KernelSet.Type
  /// (plan.count)
  let parameters: UnsafePointer<Float>
  let packed: PackedWeights
  let workspace: ShardWorkspace

  /// Added to the variance before the square root, as in PyTorch.
  static let epsilon: Float = 1e-5

  /// The data that a training pass needs besides the images.
  struct Training {
    let settings: NetworkSettings
    let epoch: Int
    /// (images), their positions in the training set.
    let samples: UnsafePointer<Int>
    /// (plan.count), overwritten by the shard's gradient, summed over the images.
    let gradient: UnsafeMutablePointer<Float>
  }

  // MARK: Forward

  /// Computes the logits, in the last of ``ShardWorkspace/dense``, from the workspace's patches. For training,
  /// normalizes by the statistics of these images, applies dropout, and stores the statistics in the gradient vector.
  func forward(images: Int, training: Training? = nil) {
    for index in plan.blocks.indices { forward(block: index, images: images, training: training) }
    for index in plan.dense.indices { forward(dense: index, images: images, training: training) }
  }

  private func forward(block index: Int, images: Int, training: Training?) {
    let block = plan.blocks[index]
    let shape = block.shape
    let own = workspace.blocks[index]
    convolveAndPool(index, images: images)
    prepareNormalization(index, images: images, training: training)
    let interior = block.resultBorder * (block.resultWidth + 1) * 16
    for image in 0..<images {
      for outputBlock in 0..<shape.outputBlocks {
        let plane = image * shape.outputBlocks + outputBlock
        kernels.scaleShiftAndRectify(
          height: shape.pooledHeight, width: shape.pooledWidth, values: own.pooled.pointer + plane * shape.windows * 16,
          scale: own.scale.pointer + outputBlock * 16, shift: own.shift.pointer + outputBlock * 16,
          result: own.result.pointer + plane * block.resultHeight * block.resultWidth * 16 + interior,
          resultRow: block.resultWidth * 16)
      }
    }
  }

  private func convolveAndPool(_ index: Int, images: Int) {
    let shape = plan.blocks[index].shape
    let own = workspace.blocks[index]
    let input = blockInput(index)
    let weights = packed.block(index)
    if shape.isWinograd {
      kernels.convolveByWinogradAndPool(
        shape, images: images, input: input, weights: weights, scratch: workspace.winograd.pointer,
        output: own.pooled.pointer, winners: own.winners.pointer)
      return
    }
    for outputBlock in 0..<shape.outputBlocks {
      for image in 0..<images {
        let place = (image * shape.outputBlocks + outputBlock) * shape.windows * 16
        kernels.convolveAndPool(
          shape, input: input + image * shape.inputCount, weights: weights + outputBlock * shape.packedBlockCount,
          output: own.pooled.pointer + place, winners: own.winners.pointer + place)
      }
    }
  }

  /// Returns the input of a block's convolution: [image][input block][row][column][16].
  func blockInput(_ index: Int) -> UnsafeMutablePointer<Float> {
    index == 0 ? workspace.patches.pointer : workspace.blocks[index - 1].result.pointer
  }

  /// Computes the scale and shift of the block's pooled outputs.
  private func prepareNormalization(_ index: Int, images: Int, training: Training?) {
    let block = plan.blocks[index]
    let own = workspace.blocks[index]
    let channels = block.shape.outputBlocks * 16
    let shift = parameters + block.shift.offset
    guard let scale = block.scale, let runningMean = block.runningMean, let runningVariance = block.runningVariance
    else {
      for channel in 0..<channels {
        own.scale.pointer[channel] = 1
        own.shift.pointer[channel] = shift[channel]
      }
      return
    }
    if let training {
      measure(index, images: images, training: training)
    } else {
      for channel in 0..<channels {
        own.mean.pointer[channel] = parameters[runningMean.offset + channel]
        let variance = parameters[runningVariance.offset + channel]
        own.deviationInverse.pointer[channel] = 1 / (variance + Self.epsilon).squareRoot()
      }
    }
    for channel in 0..<channels {
      let factor = parameters[scale.offset + channel] * own.deviationInverse.pointer[channel]
      own.scale.pointer[channel] = factor
      own.shift.pointer[channel] = shift[channel] - own.mean.pointer[channel] * factor
    }
  }

  /// Computes the mean and variance of each channel over the shard, and stores their contributions to the running
  /// statistics in the gradient vector.
  private func measure(_ index: Int, images: Int, training: Training) {
    let block = plan.blocks[index]
    let shape = block.shape
    let own = workspace.blocks[index]
    guard let gradients = workspace.gradients, let runningMean = block.runningMean,
      let runningVariance = block.runningVariance
    else { return }
    let values = Float(images * shape.windows)
    let weight = Float(images)
    for outputBlock in 0..<shape.outputBlocks {
      func sum(center: UnsafePointer<Float>, squared: Bool) {
        kernels.sumChannels(
          images: images, rows: shape.windows, stride: shape.outputCount,
          values: own.pooled.pointer + outputBlock * shape.windows * 16, center: center, squared: squared,
          sums: gradients.sums.pointer)
      }
      let mean = own.mean.pointer + outputBlock * 16
      for lane in 0..<16 { mean[lane] = 0 }
      sum(center: mean, squared: false)
      for lane in 0..<16 { mean[lane] = gradients.sums.pointer[lane] / values }
      sum(center: mean, squared: true)
      for lane in 0..<16 {
        let channel = outputBlock * 16 + lane
        let squares = gradients.sums.pointer[lane]
        own.deviationInverse.pointer[channel] = 1 / (squares / values + Self.epsilon).squareRoot()
        training.gradient[runningMean.offset + channel] = mean[lane] * weight
        training.gradient[runningVariance.offset + channel] = squares / max(values - 1, 1) * weight
      }
    }
  }

  private func forward(dense index: Int, images: Int, training: Training?) {
    let layer = plan.dense[index]
    let input = denseInput(index)
    if let training, training.settings.dropout > 0 { drop(index, input, images: images, training) }
    let result = workspace.dense[index].result.pointer
    for image in 0..<images {
      (result + image * layer.paddedUnits).update(from: parameters + layer.bias.offset, count: layer.paddedUnits)
    }
    kernels.multiplyMatrices(
      m: images, n: layer.paddedUnits, k: layer.inputs, a: input, aRow: layer.inputs, aColumn: 1,
      b: parameters + layer.weights.offset, bRow: layer.paddedUnits, c: result, cRow: layer.paddedUnits,
      accumulate: true)
    if !layer.isLast { kernels.rectify(count: images * layer.paddedUnits, values: result) }
  }

  /// Returns the input of a dense layer: (images, inputs).
  func denseInput(_ index: Int) -> UnsafeMutablePointer<Float> {
    if index > 0 { return workspace.dense[index - 1].result.pointer }
    return workspace.blocks.last?.result.pointer ?? workspace.patches.pointer
  }

  /// Sets a random fraction of the inputs to zero and scales up the others (Srivastava et al., 2014), in place. Inputs
  /// are pixels, which need no gradient, or outputs of a ReLU, so the backward pass treats a dropped input like an
  /// inactive one: its gradient is zero.
  private func drop(_ index: Int, _ input: UnsafeMutablePointer<Float>, images: Int, _ training: Training) {
    let layer = plan.dense[index]
    let keep = 1 / (1 - training.settings.dropout)
    for image in 0..<images {
      let row = input + image * layer.inputs
      for first in stride(from: 0, to: layer.inputs, by: 4) {
        let words = Philox.words(
          seed: training.settings.seed, .dropout, UInt32(truncatingIfNeeded: training.epoch * 64 + index),
          UInt32(truncatingIfNeeded: training.samples[image]), UInt32(truncatingIfNeeded: first >> 2))
        for lane in 0..<4 {
          row[first + lane] = Philox.uniform(words[lane]) < training.settings.dropout ? 0 : row[first + lane] * keep
        }
      }
    }
  }
}

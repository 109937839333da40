internal import Compute
internal import Datasets
internal import KernelInterface

/// All that one thread needs to carry a few images through the network and back; allocated once, used for every shard.
final class ShardWorkspace {
  /// What one block leaves behind for its way back.
  final class Block {
    /// (images, output blocks, windows, 16): largest output of each window, then which it was.
    let pooled: AlignedBuffer<Float>
    let winners: AlignedBuffer<Int32>
    /// (images, result with border)
    let result: AlignedBuffer<Float>
    /// (channels): this shard's statistics, and the factors that normalize with them.
    let mean, deviationInverse, scale, shift: AlignedBuffer<Float>

    init(_ block: ConvolutionBlock, images: Int) {
      let channels = block.shape.outputBlocks * 16
      pooled = AlignedBuffer(count: images * block.shape.outputCount)
      winners = AlignedBuffer(count: images * block.shape.outputCount)
      result = AlignedBuffer(count: images * block.resultCount)
      mean = AlignedBuffer(count: channels)
      deviationInverse = AlignedBuffer(count: channels)
      scale = AlignedBuffer(count: channels)
      shift = AlignedBuffer(count: channels)
    }
  }

  /// A dense layer's result (images, padded units).
  final class Dense {
    let result: AlignedBuffer<Float>

    init(_ layer: DenseLayer, images: Int) { result = AlignedBuffer(count: images * layer.paddedUnits) }
  }

  /// What only the way back needs.
  final class Gradients {
    /// (images, block's result with border): with respect to the result of the block at hand, or the features.
    let upstream: AlignedBuffer<Float>
    /// (images, output blocks, windows, 16): with respect to the pooled outputs of the block at hand.
    let pooled: AlignedBuffer<Float>
    /// (images, padded units): with respect to the results of a dense layer, and of the one before it.
    let dense, denseBefore: AlignedBuffer<Float>
    /// (16) each: sums of one block of channels.
    let sums, products, factor, meanGradient, meanProduct: AlignedBuffer<Float>
    let channelValues, windowValues: AlignedBuffer<Float>
    let channelPositions, channelCounts, windowChannels, windowCounts: AlignedBuffer<Int32>

    init(_ plan: NetworkPlan, images: Int) {
      func largest(_ size: (ConvolutionShape) -> Int) -> Int { images * plan.blocks.map { size($0.shape) }.max()! }
      upstream = AlignedBuffer(count: images * plan.blocks.map(\.resultCount).max()!)
      pooled = AlignedBuffer(count: largest(\.outputCount))
      let units = plan.dense.map(\.paddedUnits).max()!
      dense = AlignedBuffer(count: images * units)
      denseBefore = AlignedBuffer(count: images * units)
      sums = AlignedBuffer(count: 16)
      products = AlignedBuffer(count: 16)
      factor = AlignedBuffer(count: 16)
      meanGradient = AlignedBuffer(count: 16)
      meanProduct = AlignedBuffer(count: 16)
      channelValues = AlignedBuffer(count: largest { $0.outputChannels * $0.windows })
      channelPositions = AlignedBuffer(count: largest { $0.outputChannels * $0.windows })
      channelCounts = AlignedBuffer(count: largest(\.outputChannels))
      windowValues = AlignedBuffer(count: largest { PoolingRoutes.groups($0) * $0.windows * PoolingRoutes.group })
      windowChannels = AlignedBuffer(count: largest { PoolingRoutes.groups($0) * $0.windows * PoolingRoutes.group })
      windowCounts = AlignedBuffer(count: largest { PoolingRoutes.groups($0) * $0.windows * 4 })
    }

    /// The lists of the images from `image` on.
    func routes(_ shape: ConvolutionShape, from image: Int = 0) -> PoolingRoutes {
      let entries = image * shape.outputChannels * shape.windows
      let windows = image * PoolingRoutes.groups(shape) * shape.windows
      return PoolingRoutes(
        channelValues: channelValues.pointer + entries, channelPositions: channelPositions.pointer + entries,
        channelCounts: channelCounts.pointer + image * shape.outputChannels,
        windowValues: windowValues.pointer + windows * PoolingRoutes.group,
        windowChannels: windowChannels.pointer + windows * PoolingRoutes.group,
        windowCounts: windowCounts.pointer + windows * 4)
    }
  }

  let images: Int
  /// One image's bytes after augmentation, and as normalized floats with border, (channel, row, column).
  let pixels: AlignedBuffer<UInt8>
  let normalized: AlignedBuffer<Float>
  /// (images, [block][row][column][16]): the pixels that the first kernel covers at each place.
  let patches: AlignedBuffer<Float>
  let blocks: [Block]
  let dense: [Dense]
  /// (images, padded classes)
  let probabilities: AlignedBuffer<Float>
  let gradients: Gradients?

  /// - Parameter images: the most that a pass carries at once.
  init(_ plan: NetworkPlan, images: Int, forTraining: Bool) {
    self.images = images
    pixels = AlignedBuffer(count: plan.input.count)
    normalized = AlignedBuffer(
      count: plan.input.channels * (plan.input.height + 2 * plan.patchBorder)
        * (plan.input.width + 2 * plan.patchBorder))
    patches = AlignedBuffer(count: images * plan.patchCount)
    blocks = plan.blocks.map { Block($0, images: images) }
    dense = plan.dense.map { Dense($0, images: images) }
    probabilities = AlignedBuffer(count: images * plan.lastDense.paddedUnits)
    gradients = forTraining ? Gradients(plan, images: images) : nil
  }
}

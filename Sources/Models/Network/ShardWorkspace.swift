internal import Compute
internal import Datasets
internal import KernelInterface

/// The memory that one thread needs for the forward and backward passes of a few images, allocated once for all shards.
final class ShardWorkspace {
  /// The results of one block's forward pass, which its backward pass needs.
  final class Block {
    /// (images, output blocks, windows, 16), the largest output of each window.
    let pooled: AlignedBuffer<Float>
    /// (images, output blocks, windows, 16), the number of the largest output.
    let winners: AlignedBuffer<Int32>
    /// (images, result with border)
    let result: AlignedBuffer<Float>
    /// (channels) each: the statistics of this shard, and the scale and shift that normalize by them.
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

  /// The result of one dense layer.
  final class Dense {
    /// (images, padded units)
    let result: AlignedBuffer<Float>

    init(_ layer: DenseLayer, images: Int) { result = AlignedBuffer(count: images * layer.paddedUnits) }
  }

  /// The memory that only backward passes need.
  final class Gradients {
    /// (images, block's result with border), with respect to the result of the current block, or to the features.
    let upstream: AlignedBuffer<Float>
    /// (images, output blocks, windows, 16), with respect to the pooled outputs of the current block.
    let pooled: AlignedBuffer<Float>
    /// (images, padded units) each, with respect to the results of a dense layer, and of the one before it.
    let dense, denseBefore: AlignedBuffer<Float>
    /// (16) each, for one block of channels.
    let sums, products, factor, meanGradient, meanProduct: AlignedBuffer<Float>
    // The lists of `PoolingRoutes`.
    let channelValues, windowValues: AlignedBuffer<Float>
    let channelPositions, channelCounts, windowChannels, windowCounts: AlignedBuffer<Int32>

    init(_ plan: NetworkPlan, images: Int) {
      func largest(_ size: (ConvolutionShape) -> Int) -> Int {
        images * (plan.blocks.map { size($0.shape) }.max() ?? 0)
      }
      upstream = AlignedBuffer(count: images * (plan.blocks.map(\.resultCount).max() ?? 0))
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

    /// Returns the lists of the images from `image` on.
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
  /// (height, width, channels), the bytes of one image after augmentation.
  let pixels: AlignedBuffer<UInt8>
  /// (channels, height with border, width with border), the normalized pixels of one image.
  let normalized: AlignedBuffer<Float>
  /// [image][block][row][column][16], the input of the first layer: see ``NetworkPlan/writePatches``.
  let patches: AlignedBuffer<Float>
  /// The intermediate results of Winograd's algorithm, for any block.
  let winograd: AlignedBuffer<Float>
  let blocks: [Block]
  let dense: [Dense]
  /// (images, padded classes)
  let probabilities: AlignedBuffer<Float>
  /// nil if the workspace is for prediction only.
  let gradients: Gradients?

  /// - Parameter images: the largest number of images in a pass
  init(_ plan: NetworkPlan, images: Int, forTraining: Bool) {
    self.images = images
    pixels = AlignedBuffer(count: plan.input.count)
    normalized = AlignedBuffer(
      count: plan.input.channels * (plan.input.height + 2 * plan.patchBorder)
        * (plan.input.width + 2 * plan.patchBorder))
    patches = AlignedBuffer(count: images * plan.patchCount)
    winograd = AlignedBuffer(count: plan.winogradScratchCount)
    blocks = plan.blocks.map { Block($0, images: images) }
    dense = plan.dense.map { Dense($0, images: images) }
    probabilities = AlignedBuffer(count: images * plan.lastDense.paddedUnits)
    gradients = forTraining ? Gradients(plan, images: images) : nil
  }
}

extension NetworkPlan {
  /// Floats of ``ShardWorkspace/winograd``.
  var winogradScratchCount: Int { blocks.map(\.shape.winogradScratchCount).max() ?? 0 }
}

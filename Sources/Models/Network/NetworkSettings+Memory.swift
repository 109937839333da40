internal import Datasets
internal import KernelInterface

extension NetworkSettings {
  /// See ``ModelSettings/memory(images:of:classCount:queries:threads:)``.
  func memory(images count: Int, of shape: ImageShape, classCount: Int, threads: Int) -> MemoryEstimate {
    var estimate = MemoryEstimate()
    guard (try? check()) != nil, let plan = try? NetworkPlan(layers, input: shape, classCount: classCount) else {
      return estimate
    }
    let batch = min(batch, max(count, 1))
    let schedule = ShardSchedule(range: 0..<shards, of: shards, threads: threads)
    let busy = Double(schedule.actions.count { !$0.isEmpty })
    let parameters = Double(plan.count) * 4
    // The optimizer's own vectors, and the running average.
    let state = (optimizer == .sgd ? 1.0 : 2.0) + (weightAverage > 0 ? 1 : 0)
    let shardImages = Double((batch + shards - 1) / shards)
    let activations = busy * (shardImages * plan.activationBytes + Double(plan.winogradScratchCount) * 4)
    let layout = "filters \(filters.isEmpty ? "none" : filters.map(String.init).joined(separator: ","))"
    let denseLayout = dense.isEmpty ? "" : " and dense \(dense.map(String.init).joined(separator: ","))"
    let gradients = Double(schedule.bufferCount) * parameters
    estimate.computing = [
      // The validation set is a copy; the training images are not, but their numbers are, in two orders.
      .init(
        bytes: (validation * Double(shape.count) + 16) * Double(count), cause: "the images",
        remedy: "use fewer or smaller images"),
      .init(
        bytes: activations, cause: "batch \(batch) and \(layout)",
        remedy: "lower --batch or --filters, raise --shards, or lower --threads"),
      .init(
        bytes: gradients, cause: "the gradients of \(shards) shards and \(layout)\(denseLayout)",
        remedy: "lower --dense, --filters, --shards or --threads"),
      // The parameters, those of the best epoch, those being evaluated, the state, and the weights in the kernels'
      // order, for training and for evaluation.
      .init(
        bytes: (3 + state) * parameters + 8 * Double(plan.packedCount), cause: layout + denseLayout,
        remedy: "lower --dense or --filters"),
    ]
    // A checkpoint: as tensors, in transit, as tensors again, and as a file.
    estimate.collecting = [
      .init(bytes: 4 * (2 + state) * parameters, cause: layout + denseLayout, remedy: "lower --dense or --filters")
    ]
    return estimate
  }
}

extension NetworkPlan {
  /// Bytes of a ``ShardWorkspace`` for each image of a shard.
  fileprivate var activationBytes: Double {
    func sum(_ size: (ConvolutionBlock) -> Int) -> Double { blocks.reduce(0) { $0 + Double(size($1)) } }
    func largest(_ size: (ConvolutionShape) -> Int) -> Double { Double(blocks.map { size($0.shape) }.max() ?? 0) }
    let forward =
      Double(patchCount) + sum { 2 * $0.shape.outputCount + $0.resultCount }
      + dense.reduce(0) { $0 + Double($1.paddedUnits) }
    let backward =
      Double(blocks.map(\.resultCount).max() ?? 0) + largest(\.outputCount)
      + 2 * largest { $0.outputChannels * $0.windows }
      + largest { PoolingRoutes.groups($0) * $0.windows * (2 * PoolingRoutes.group + 4) }
      + 2 * Double(dense.map(\.paddedUnits).max() ?? 0)
    return 4 * (forward + backward)
  }
}

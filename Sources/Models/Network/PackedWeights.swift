package import Compute
internal import KernelInterface

/// A copy of the weights in the orders that the kernels read, updated after each step of the optimizer.
package final class PackedWeights {
  private let plan: NetworkPlan
  /// The position of each block's copy, then of each dense layer's.
  private let blockOffsets: [Int]
  private let denseOffsets: [Int]
  private let buffer: AlignedBuffer<Float>

  /// Allocates the copy; ``update(from:on:)`` fills it.
  package init(_ plan: NetworkPlan) {
    self.plan = plan
    var count = 0
    blockOffsets = plan.blocks.map { block in
      defer { count += block.shape.outputBlocks * block.shape.packedBlockCount }
      return count
    }
    denseOffsets = plan.dense.map { layer in
      defer { count += layer.inputs * layer.paddedUnits }
      return count
    }
    buffer = AlignedBuffer(count: count)
  }

  /// Returns the weights of one output block of a block: [input block][tap][16 input][16 output].
  func block(_ index: Int, outputBlock: Int) -> UnsafePointer<Float> {
    UnsafePointer(buffer.pointer + blockOffsets[index] + outputBlock * plan.blocks[index].shape.packedBlockCount)
  }

  /// Returns the transposed weights of a dense layer: (padded units, inputs).
  func transposed(_ index: Int) -> UnsafePointer<Float> { UnsafePointer(buffer.pointer + denseOffsets[index]) }

  /// Packs `parameters`, (plan.count), on the threads of the team.
  package func update(from parameters: UnsafePointer<Float>, on context: ComputeContext) {
    for (index, block) in plan.blocks.enumerated() {
      context.team.forEach(block.shape.outputBlocks) { outputBlock, _ in
        context.kernels.packWeights(
          block.shape, block: outputBlock, weights: parameters + block.weights.offset,
          packed: UnsafeMutablePointer(mutating: self.block(index, outputBlock: outputBlock)))
      }
    }
    context.team.forEach(plan.dense.count) { index, _ in
      let layer = plan.dense[index]
      context.kernels.transpose(
        rows: layer.inputs, columns: layer.paddedUnits, source: parameters + layer.weights.offset,
        target: buffer.pointer + denseOffsets[index])
    }
  }
}

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
      defer { count += block.shape.convolutionWeightCount }
      return count
    }
    denseOffsets = plan.dense.map { layer in
      defer { count += layer.inputs * layer.paddedUnits }
      return count
    }
    buffer = AlignedBuffer(count: plan.packedCount)
  }

  /// Returns the weights of a block's convolution: those of each output block as
  /// ``NetworkKernels/packWeights(_:block:weights:packed:)`` stores them, or, for Winograd's algorithm, those of each
  /// group as ``NetworkKernels/transformWeights(_:group:weights:transformed:)`` does.
  func block(_ index: Int) -> UnsafePointer<Float> { UnsafePointer(buffer.pointer + blockOffsets[index]) }

  /// Returns the transposed weights of a dense layer: (padded units, inputs).
  func transposed(_ index: Int) -> UnsafePointer<Float> { UnsafePointer(buffer.pointer + denseOffsets[index]) }

  /// Packs `parameters`, (plan.count), on the threads of the team.
  package func update(from parameters: UnsafePointer<Float>, on context: ComputeContext) {
    for (index, block) in plan.blocks.enumerated() {
      let shape = block.shape
      let (weights, target) = (parameters + block.weights.offset, buffer.pointer + blockOffsets[index])
      if shape.isWinograd {
        context.team.forEach(shape.winogradGroups) { group, _ in
          context.kernels.transformWeights(
            shape, group: group, weights: weights, transformed: target + group * shape.winogradGroupCount)
        }
      } else {
        context.team.forEach(shape.outputBlocks) { outputBlock, _ in
          context.kernels.packWeights(
            shape, block: outputBlock, weights: weights, packed: target + outputBlock * shape.packedBlockCount)
        }
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

extension ConvolutionShape {
  /// Floats of the convolution's weights in the order that its kernel reads.
  fileprivate var convolutionWeightCount: Int { isWinograd ? winogradWeightCount : outputBlocks * packedBlockCount }
}

extension NetworkPlan {
  /// Floats of ``PackedWeights``.
  var packedCount: Int {
    blocks.reduce(0) { $0 + $1.shape.convolutionWeightCount } + dense.reduce(0) { $0 + $1.inputs * $1.paddedUnits }
  }
}

internal import Compute
internal import KernelInterface

extension ConvolutionShape {
  /// Extents of the convolution's own result: the last row and column may be part of no window.
  var outputHeight: Int { inputHeight - kernel + 1 }
  var outputWidth: Int { inputWidth - kernel + 1 }
}

extension ShardPass {
  /// From ``forward(images:training:)`` without training to the gradient of one logit of each image with respect to the block's pooled and
  /// normalized outputs (what its ReLU gets), in ``ShardWorkspace/Gradients/pooled``.
  /// - Parameter labels: whose logit: (images)
  func logitGradient(images: Int, labels: [UInt8], block target: Int) {
    guard let gradients = workspace.gradients else { preconditionFailure("a workspace with room for gradients") }
    let last = plan.lastDense
    gradients.dense.pointer.update(repeating: 0, count: images * last.paddedUnits)
    for (image, label) in labels.enumerated() { gradients.dense.pointer[image * last.paddedUnits + Int(label)] = 1 }
    for index in plan.dense.indices.reversed() { inputGradient(dense: index, images: images, gradients) }
    for index in (target..<plan.blocks.count).reversed() {
      for outputBlock in 0..<plan.blocks[index].shape.outputBlocks {
        rectifierGradient(index, outputBlock: outputBlock, images: images, gradients)
        if index > target { scaleGradient(index, outputBlock: outputBlock, images: images, gradients) }
      }
      if index > target {
        routeGradients(index, images: images, gradients)
        inputGradient(block: index, images: images, gradients)
      }
    }
  }

  /// Through a normalization whose statistics are fixed, of 16 channels: the terms of batch statistics are zero, the factor is left.
  private func scaleGradient(_ index: Int, outputBlock: Int, images: Int, _ gradients: ShardWorkspace.Gradients) {
    let shape = plan.blocks[index].shape
    let own = workspace.blocks[index]
    guard plan.blocks[index].scale != nil else { return }
    gradients.meanGradient.pointer.update(repeating: 0, count: 16)
    gradients.meanProduct.pointer.update(repeating: 0, count: 16)
    for image in 0..<images {
      let place = (image * shape.outputBlocks + outputBlock) * shape.windows * 16
      kernels.normalizationGradient(
        rows: shape.windows, values: own.pooled.pointer + place, mean: own.mean.pointer + outputBlock * 16,
        deviationInverse: own.deviationInverse.pointer + outputBlock * 16,
        factor: own.scale.pointer + outputBlock * 16, meanGradient: gradients.meanGradient.pointer,
        meanProduct: gradients.meanProduct.pointer, gradient: gradients.pooled.pointer + place)
    }
  }

  /// The feature maps of one image, and the gradient that ``logitGradient(images:labels:block:)`` has left: each (channels, height, width).
  func featureMaps(block index: Int, image: Int) -> (values: [Float], gradient: [Float]) {
    guard let gradients = workspace.gradients else { preconditionFailure("a workspace with room for gradients") }
    let shape = plan.blocks[index].shape
    let own = workspace.blocks[index]
    let pixels = shape.outputHeight * shape.outputWidth
    let plane = AlignedBuffer<Float>(count: pixels * 16)
    var values = [Float](repeating: 0, count: shape.outputChannels * pixels)
    var gradient = values
    for channel in 0..<shape.outputChannels {
      let (outputBlock, lane) = channel.quotientAndRemainder(dividingBy: 16)
      if lane == 0 {
        convolve(index, outputBlock: outputBlock, image: image, output: plane.pointer)
        kernels.scaleShiftAndRectify(
          height: shape.outputHeight, width: shape.outputWidth, values: plane.pointer,
          scale: own.scale.pointer + outputBlock * 16, shift: own.shift.pointer + outputBlock * 16,
          result: plane.pointer, resultRow: shape.outputWidth * 16)
      }
      for pixel in 0..<pixels { values[channel * pixels + pixel] = plane.pointer[pixel * 16 + lane] }
      let first = (image * shape.outputBlocks + outputBlock) * shape.windows * 16 + lane
      for y in 0..<shape.pooledHeight {
        for x in 0..<shape.pooledWidth {
          let window = first + (y * shape.pooledWidth + x) * 16
          let winner = Int(own.winners.pointer[window])
          let pixel = (2 * y + winner >> 1) * shape.outputWidth + 2 * x + winner & 1
          gradient[channel * pixels + pixel] = gradients.pooled.pointer[window]
        }
      }
    }
    return (values, gradient)
  }

  /// The convolution without its pooling, for one image and 16 channels: as products of matrices, one for each tap and row. Sums run in the
  /// order of ``NetworkKernels/convolveAndPool(_:input:weights:output:winners:)``, so the winners' outputs have the same bits.
  /// - Parameter output: (height, width, 16), overwritten
  private func convolve(_ index: Int, outputBlock: Int, image: Int, output: UnsafeMutablePointer<Float>) {
    let shape = plan.blocks[index].shape
    let source = index == 0 ? workspace.patches.pointer : workspace.blocks[index - 1].result.pointer
    let input = source + image * shape.inputCount
    let weights = packed.block(index, outputBlock: outputBlock)
    for y in 0..<shape.outputHeight {
      for inputBlock in 0..<shape.inputBlocks {
        for tap in 0..<shape.taps {
          let (ky, kx) = tap.quotientAndRemainder(dividingBy: shape.kernel)
          kernels.multiplyMatrices(
            m: shape.outputWidth, n: 16, k: 16,
            a: input + inputBlock * shape.planeCount + ((y + ky) * shape.inputWidth + kx) * 16, aRow: 16, aColumn: 1,
            b: weights + (inputBlock * shape.taps + tap) * 256, bRow: 16, c: output + y * shape.outputWidth * 16,
            cRow: 16, accumulate: inputBlock + tap > 0)
        }
      }
    }
  }
}

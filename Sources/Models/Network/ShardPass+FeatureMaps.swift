internal import Compute
internal import KernelInterface

extension ConvolutionShape {
  /// Extents of the convolution's output before pooling; the last row and column may be outside of all windows.
  var outputHeight: Int { inputHeight - kernel + 1 }
  var outputWidth: Int { inputWidth - kernel + 1 }
  /// The same, rounded up to whole windows.
  fileprivate var planeHeight: Int { (outputHeight + 1) / 2 * 2 }
  fileprivate var planeWidth: Int { (outputWidth + 1) / 2 * 2 }
}

extension ShardPass {
  /// Computes the gradient of one logit of each image with respect to the block's pooled and normalized outputs, the
  /// input of its ReLU, in ``ShardWorkspace/Gradients/pooled``. Requires a ``forward(images:training:)`` without
  /// training.
  ///
  /// - Parameter labels: (images), the class whose logit is differentiated
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
      if index > target { inputGradient(block: index, images: images, gradients) }
    }
  }

  /// Passes the gradient of 16 channels through a normalization with fixed statistics: the terms of batch statistics
  /// are zero, only the factor remains.
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

  /// Returns the feature maps of one image, and the gradient computed by ``logitGradient(images:labels:block:)``, each
  /// (channels, height, width).
  func featureMaps(block index: Int, image: Int) -> (values: [Float], gradient: [Float]) {
    guard let gradients = workspace.gradients else { preconditionFailure("a workspace with room for gradients") }
    let shape = plan.blocks[index].shape
    let own = workspace.blocks[index]
    let pixels = shape.outputHeight * shape.outputWidth
    let (planeHeight, planeWidth) = (shape.planeHeight, shape.planeWidth)
    // [output block][planeHeight][planeWidth][16]
    let planes = AlignedBuffer<Float>(count: shape.outputBlocks * planeHeight * planeWidth * 16)
    convolve(index, image: image, outputs: planes.pointer)
    var values = [Float](repeating: 0, count: shape.outputChannels * pixels)
    var gradient = values
    for channel in 0..<shape.outputChannels {
      let (outputBlock, lane) = channel.quotientAndRemainder(dividingBy: 16)
      let plane = planes.pointer + outputBlock * planeHeight * planeWidth * 16
      if lane == 0 {
        kernels.scaleShiftAndRectify(
          height: planeHeight, width: planeWidth, values: plane, scale: own.scale.pointer + outputBlock * 16,
          shift: own.shift.pointer + outputBlock * 16, result: plane, resultRow: planeWidth * 16)
      }
      for y in 0..<shape.outputHeight {
        for x in 0..<shape.outputWidth {
          values[channel * pixels + y * shape.outputWidth + x] = plane[(y * planeWidth + x) * 16 + lane]
        }
      }
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

  /// Computes the convolution of one image without pooling. Outputs inside of windows have the same bits as in the
  /// forward pass.
  ///
  /// - Parameter outputs: [output block][planeHeight][planeWidth][16], overwritten; a row or column outside of the
  ///   convolution's output has no meaning
  private func convolve(_ index: Int, image: Int, outputs: UnsafeMutablePointer<Float>) {
    let shape = plan.blocks[index].shape
    let input = blockInput(index) + image * shape.inputCount
    if shape.isWinograd {
      // More rows and columns are zeros.
      let padded = shape.withWholeWindows
      let paddedInput = AlignedBuffer<Float>(count: padded.inputCount)
      for row in 0..<shape.inputBlocks * shape.inputHeight {
        let (block, y) = row.quotientAndRemainder(dividingBy: shape.inputHeight)
        (paddedInput.pointer + block * padded.planeCount + y * padded.inputWidth * 16).update(
          from: input + row * shape.inputWidth * 16, count: shape.inputWidth * 16)
      }
      kernels.convolveByWinograd(
        padded, images: 1, input: paddedInput.pointer, weights: packed.block(index),
        scratch: workspace.winograd.pointer, output: outputs)
    } else {
      for outputBlock in 0..<shape.outputBlocks {
        convolve(
          shape, input: input, weights: packed.block(index) + outputBlock * shape.packedBlockCount,
          output: outputs + outputBlock * shape.planeHeight * shape.planeWidth * 16, row: shape.planeWidth * 16)
      }
    }
  }

  /// Computes the convolution without pooling, for 16 channels, as matrix products, one for each row and tap. Sums run
  /// in the order of ``NetworkKernels/convolveAndPool(_:input:weights:output:winners:)``.
  ///
  /// - Parameters:
  ///   - weights: [input block][tap][16 input][16 output]
  ///   - output: [height][width][16], rows `row` floats apart, overwritten
  private func convolve(
    _ shape: ConvolutionShape, input: UnsafePointer<Float>, weights: UnsafePointer<Float>,
    output: UnsafeMutablePointer<Float>, row: Int
  ) {
    for y in 0..<shape.outputHeight {
      for inputBlock in 0..<shape.inputBlocks {
        for tap in 0..<shape.taps {
          let (ky, kx) = tap.quotientAndRemainder(dividingBy: shape.kernel)
          kernels.multiplyMatrices(
            m: shape.outputWidth, n: 16, k: 16,
            a: input + inputBlock * shape.planeCount + ((y + ky) * shape.inputWidth + kx) * 16, aRow: 16, aColumn: 1,
            b: weights + (inputBlock * shape.taps + tap) * 256, bRow: 16, c: output + y * row, cRow: 16,
            accumulate: inputBlock + tap > 0)
        }
      }
    }
  }
}

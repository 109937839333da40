internal import Compute
internal import KernelInterface

extension ShardPass {
  /// Computes the sums of loss and gradient over the images of the last ``forward(images:training:)``.
  ///
  /// - Parameters:
  ///   - labels: (images)
  ///   - bucketDone: called with each of the plan's buckets, in order, when it is complete
  func backward(
    images: Int, labels: UnsafePointer<UInt8>, training: Training, bucketDone: (_ bucket: Int) -> Void
  ) {
    guard let gradients = workspace.gradients else { preconditionFailure("a workspace for training") }
    softmaxGradient(images: images, labels: labels, training, gradients)
    for index in plan.dense.indices.reversed() { backward(dense: index, images: images, training, gradients) }
    bucketDone(0)
    for index in plan.blocks.indices.reversed() {
      backward(block: index, images: images, training, gradients)
      bucketDone(plan.blocks.count - index)
    }
  }

  /// Computes loss and gradient of softmax cross-entropy with smoothed labels (Szegedy et al., 2016): the target is
  /// smoothing / classes for every class, plus 1 - smoothing for the label.
  private func softmaxGradient(
    images: Int, labels: UnsafePointer<UInt8>, _ training: Training, _ gradients: ShardWorkspace.Gradients
  ) {
    let layer = plan.lastDense
    let spread = training.settings.labelSmoothing / Float(plan.classCount)
    let certain = 1 - training.settings.labelSmoothing
    var loss: Float = 0
    var correct: Float = 0
    for image in 0..<images {
      let logits = workspace.dense[plan.dense.count - 1].result.pointer + image * layer.paddedUnits
      let probabilities = workspace.probabilities.pointer + image * layer.paddedUnits
      let gradient = gradients.dense.pointer + image * layer.paddedUnits
      let logSum = kernels.softmax(
        classes: plan.classCount, count: layer.paddedUnits, logits: logits, probabilities: probabilities)
      gradient.update(from: probabilities, count: layer.paddedUnits)
      let label = Int(labels[image])
      var best = 0
      loss += certain * (logSum - logits[label])
      for other in 0..<plan.classCount {
        loss += spread * (logSum - logits[other])
        gradient[other] -= spread
        if logits[other] > logits[best] { best = other }
      }
      gradient[label] -= certain
      correct += best == label ? 1 : 0
    }
    let tally = training.gradient + plan.tally.offset
    tally.update(repeating: 0, count: plan.tally.count)
    tally[0] = loss
    tally[1] = correct
  }

  /// Computes the gradient of a dense layer's parameters and inputs from that of its results, in
  /// ``ShardWorkspace/Gradients/dense``.
  private func backward(
    dense index: Int, images: Int, _ training: Training, _ gradients: ShardWorkspace.Gradients
  ) {
    let layer = plan.dense[index]
    let input = denseInput(index)
    let gradient = gradients.dense.pointer
    kernels.multiplyMatrices(
      m: layer.inputs, n: layer.paddedUnits, k: images, a: input, aRow: 1, aColumn: layer.inputs, b: gradient,
      bRow: layer.paddedUnits, c: training.gradient + layer.weights.offset, cRow: layer.paddedUnits, accumulate: false)
    let bias = training.gradient + layer.bias.offset
    bias.update(repeating: 0, count: layer.paddedUnits)
    for image in 0..<images {
      kernels.add(count: layer.paddedUnits, values: gradient + image * layer.paddedUnits, to: bias)
    }
    if index == 0, plan.blocks.isEmpty { return }
    inputGradient(dense: index, images: images, dropout: training.settings.dropout, gradients)
  }

  /// Computes the gradient of a dense layer's inputs from that of its results, in ``ShardWorkspace/Gradients/dense``.
  /// The inputs are the results of the dense layer before, whose gradient replaces that of the results, or the
  /// features, whose gradient is stored in ``ShardWorkspace/Gradients/upstream``.
  ///
  /// - Parameter dropout: the fraction of the inputs that the forward pass dropped
  func inputGradient(dense index: Int, images: Int, dropout: Float = 0, _ gradients: ShardWorkspace.Gradients) {
    let layer = plan.dense[index]
    let target = index == 0 ? gradients.upstream.pointer : gradients.denseBefore.pointer
    kernels.multiplyMatrices(
      m: images, n: layer.inputs, k: layer.units, a: gradients.dense.pointer, aRow: layer.paddedUnits, aColumn: 1,
      b: packed.transposed(index), bRow: layer.inputs, c: target, cRow: layer.inputs, accumulate: false)
    if dropout > 0 { kernels.scale(count: images * layer.inputs, values: target, by: 1 / (1 - dropout)) }
    if index > 0 {
      let before = workspace.dense[index - 1].result.pointer
      kernels.maskByActivation(count: images * layer.inputs, activation: before, gradient: target)
      gradients.dense.pointer.update(from: target, count: images * layer.inputs)
    }
  }

  /// Computes the gradient of a block's parameters and input from that of its result, in
  /// ``ShardWorkspace/Gradients/upstream``.
  private func backward(
    block index: Int, images: Int, _ training: Training, _ gradients: ShardWorkspace.Gradients
  ) {
    let block = plan.blocks[index]
    let shape = block.shape
    for outputBlock in 0..<shape.outputBlocks {
      normalizationGradient(index, outputBlock: outputBlock, images: images, training, gradients)
    }
    let weights = training.gradient + block.weights.offset
    weights.update(repeating: 0, count: block.weights.count)
    weightGradient(index, images: images, gradients, weights)
    if index > 0 { inputGradient(block: index, images: images, gradients) }
  }

  /// Adds the gradient of a block's weights from ``ShardWorkspace/Gradients/pooled``.
  private func weightGradient(
    _ index: Int, images: Int, _ gradients: ShardWorkspace.Gradients, _ weights: UnsafeMutablePointer<Float>
  ) {
    let shape = plan.blocks[index].shape
    let (upstream, winners) = (gradients.pooled.pointer, workspace.blocks[index].winners.pointer)
    if shape.kernel == 1 {
      kernels.accumulatePointwiseWeightGradient(
        shape, images: images, upstream: upstream, winners: winners, input: blockInput(index), gradient: weights)
      return
    }
    for image in 0..<images {
      kernels.routeByChannel(
        shape, gradient: upstream + image * shape.outputCount, winners: winners + image * shape.outputCount,
        routes: gradients.routes(shape, from: image))
    }
    kernels.accumulateWeightGradient(
      shape, images: images, routes: gradients.routes(shape), input: blockInput(index), gradient: weights)
  }

  /// Computes ``ShardWorkspace/Gradients/upstream`` of the block before from ``ShardWorkspace/Gradients/pooled``.
  func inputGradient(block index: Int, images: Int, _ gradients: ShardWorkspace.Gradients) {
    let block = plan.blocks[index]
    let shape = block.shape
    for image in 0..<images {
      kernels.routeByWindow(
        shape, gradient: gradients.pooled.pointer + image * shape.outputCount,
        winners: workspace.blocks[index].winners.pointer + image * shape.outputCount,
        routes: gradients.routes(shape, from: image))
    }
    kernels.computeInputGradient(
      shape, images: images, routes: gradients.routes(shape), weights: parameters + block.weights.offset,
      gradient: gradients.upstream.pointer)
  }

  /// Passes the gradient of 16 channels through ReLU and normalization (or bias), for all images.
  private func normalizationGradient(
    _ index: Int, outputBlock: Int, images: Int, _ training: Training, _ gradients: ShardWorkspace.Gradients
  ) {
    let block = plan.blocks[index]
    let shape = block.shape
    let own = workspace.blocks[index]
    let channels = outputBlock * 16
    let (sums, products) = (gradients.sums.pointer, gradients.products.pointer)
    rectifierGradient(index, outputBlock: outputBlock, images: images, gradients)
    (training.gradient + block.shift.offset + channels).update(from: sums, count: 16)
    guard let scale = block.scale else { return }
    (training.gradient + scale.offset + channels).update(from: products, count: 16)
    let values = Float(images * shape.windows)
    for lane in 0..<16 {
      gradients.meanGradient.pointer[lane] = sums[lane] / values
      gradients.meanProduct.pointer[lane] = products[lane] / values
      gradients.factor.pointer[lane] = own.scale.pointer[channels + lane]
    }
    for image in 0..<images {
      let place = (image * shape.outputBlocks + outputBlock) * shape.windows * 16
      kernels.normalizationGradient(
        rows: shape.windows, values: own.pooled.pointer + place, mean: own.mean.pointer + channels,
        deviationInverse: own.deviationInverse.pointer + channels, factor: gradients.factor.pointer,
        meanGradient: gradients.meanGradient.pointer, meanProduct: gradients.meanProduct.pointer,
        gradient: gradients.pooled.pointer + place)
    }
  }

  /// Passes the gradient of 16 channels through ReLU, for all images, into ``ShardWorkspace/Gradients/pooled``, and
  /// computes the sums that normalization needs.
  func rectifierGradient(_ index: Int, outputBlock: Int, images: Int, _ gradients: ShardWorkspace.Gradients) {
    let block = plan.blocks[index]
    let shape = block.shape
    let own = workspace.blocks[index]
    let channels = outputBlock * 16
    let plane = block.resultHeight * block.resultWidth * 16
    let interior = block.resultBorder * (block.resultWidth + 1) * 16
    let (sums, products) = (gradients.sums.pointer, gradients.products.pointer)
    for lane in 0..<16 { (sums[lane], products[lane]) = (0, 0) }
    for image in 0..<images {
      let place = image * shape.outputBlocks + outputBlock
      kernels.rectifierGradient(
        height: shape.pooledHeight, width: shape.pooledWidth, row: block.resultWidth * 16,
        activation: own.result.pointer + place * plane + interior,
        upstream: gradients.upstream.pointer + place * plane + interior,
        values: own.pooled.pointer + place * shape.windows * 16, mean: own.mean.pointer + channels,
        deviationInverse: own.deviationInverse.pointer + channels,
        gradient: gradients.pooled.pointer + place * shape.windows * 16, sums: sums, products: products)
    }
  }
}

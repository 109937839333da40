package import Compute
package import Datasets
internal import KernelInterface
package import Progress

/// The feature maps of one block for one image, with the gradient of the logit of one class.
///
/// A block is treated as convolution, normalization (or bias), ReLU, then the choice of one of four values in each 2x2
/// window. The network computes the same values with the steps in another order. Feature maps are the output of ReLU at
/// the resolution of the convolution: U = max(0, scale * convolution + shift). A last row or column outside of all
/// windows has values but no gradient.
package struct FeatureMaps: Sendable, Equatable, Codable {
  /// The class whose logit (before softmax) is differentiated.
  package let label: Int
  package let logit: Float
  package let channels: Int
  package let height: Int
  package let width: Int
  /// (channels, height, width): U.
  package let values: [Float]
  /// (channels, height, width): the gradient of the logit with respect to the input of ReLU. It is zero where U is zero
  /// and where another value of the window was chosen: there, small changes do not change the logit.
  package let gradient: [Float]

  package init(
    label: Int, logit: Float, channels: Int, height: Int, width: Int, values: [Float], gradient: [Float]
  ) {
    precondition(values.count == channels * height * width && gradient.count == values.count)
    (self.label, self.logit) = (label, logit)
    (self.channels, self.height, self.width) = (channels, height, width)
    (self.values, self.gradient) = (values, gradient)
  }
}

extension Network {
  /// The number of images that one thread handles at once: fewer than for prediction, because gradients need memory
  /// too.
  private static let featureImages = 8

  package var blockCount: Int { plan.blocks.count }

  /// Returns the shape of a block's feature maps.
  ///
  /// - Parameter block: from 1 to ``blockCount``
  package func featureShape(block: Int) -> ImageShape {
    let shape = plan.blocks[block - 1].shape
    return ImageShape(height: shape.outputHeight, width: shape.outputWidth, channels: shape.outputChannels)
  }

  /// Returns the result of `transform` for the feature maps of each image, in the order of the images.
  ///
  /// Feature maps are large, so only those of a few images are in memory. Images are not mirrored, normalization uses
  /// the running statistics, and there is no dropout.
  ///
  /// - Parameters:
  ///   - block: from 1, as in the names of the model's tensors
  ///   - labels: the class of each image; nil for the predicted classes
  ///   - transform: called on any thread of the team
  /// - Throws: ``ModelError/badSettings(_:)`` if there is no such block or class, or if the shape of the images or the
  ///   number of labels does not match; `CancellationError` if `progress` returns false.
  package func mapFeatures<Result: Sendable>(
    of images: LabeledImages, block: Int, labels: [UInt8]? = nil, on context: ComputeContext,
    progress: (FitProgress) -> Bool = { _ in true }, _ transform: @Sendable (FeatureMaps) -> Result
  ) throws -> [Result] {
    let labels = try labelsToExplain(images, block: block, labels: labels, on: context)
    let packed = PackedWeights(plan)
    let workspaces = (0..<context.team.count).map { _ in
      ShardWorkspace(plan, images: Self.featureImages, forTraining: true)
    }
    let table = normalization.table
    var results = [Result?](repeating: nil, count: images.count)
    let imagesPerCall = Self.featureImages * 4 * context.team.count
    try parameters.withUnsafeBufferPointer { parameters in
      packed.update(from: parameters.baseAddress!, on: context)
      try results.withUnsafeMutableBufferPointer { results in
        for first in stride(from: 0, to: images.count, by: imagesPerCall) {
          let end = min(first + imagesPerCall, images.count)
          context.team.forEach((end - first + Self.featureImages - 1) / Self.featureImages) { part, thread in
            let start = first + part * Self.featureImages
            let range = start..<min(start + Self.featureImages, end)
            let pass = ShardPass(
              plan: plan, kernels: context.kernels, parameters: parameters.baseAddress!, packed: packed,
              workspace: workspaces[thread])
            forward(images, range, mirrored: false, pass, table)
            pass.logitGradient(images: range.count, labels: Array(labels[range]), block: block - 1)
            for image in range {
              let features = featureMaps(pass, place: image - start, label: Int(labels[image]), block: block - 1)
              results[image] = transform(features)
            }
          }
          guard progress(FitProgress(done: end, total: images.count, unit: .images)) else { throw CancellationError() }
        }
      }
    }
    return results.map { $0! }
  }

  /// Returns `labels`, or else the predicted classes.
  ///
  /// - Throws: ``ModelError/badSettings(_:)`` if the images, the block or the labels do not match the network.
  private func labelsToExplain(
    _ images: LabeledImages, block: Int, labels: [UInt8]?, on context: ComputeContext
  ) throws -> [UInt8] {
    try check(images.shape)
    guard plan.blocks.indices.contains(block - 1) else {
      throw ModelError.badSettings("the network has no block \(block), only blocks 1 to \(plan.blocks.count)")
    }
    let labels = try labels ?? predictions(for: images, on: context)
    guard labels.count == images.count else {
      throw ModelError.badSettings("there are \(labels.count) labels for \(images.count) images")
    }
    if let label = labels.first(where: { Int($0) >= classCount }) {
      throw ModelError.badSettings("the network has no class \(label), only classes 0 to \(classCount - 1)")
    }
    return labels
  }

  private func featureMaps(_ pass: ShardPass, place: Int, label: Int, block: Int) -> FeatureMaps {
    let shape = plan.blocks[block].shape
    let (values, gradient) = pass.featureMaps(block: block, image: place)
    let logits = pass.workspace.dense[plan.dense.count - 1].result.pointer + place * plan.lastDense.paddedUnits
    return FeatureMaps(
      label: label, logit: logits[label], channels: shape.outputChannels, height: shape.outputHeight,
      width: shape.outputWidth, values: values, gradient: gradient)
  }
}

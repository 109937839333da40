package import Compute
package import Datasets
internal import KernelInterface
package import Progress
internal import Text

/// Multinomial logistic regression: the probability of a class is the softmax of weights times pixels / 255, plus an
/// intercept.
package struct LinearModel: Classifier, Equatable {
  package var kind: ModelKind { LinearFamily.kind }
  package let configuration: LinearSettings
  package let imageShape: ImageShape
  package let classCount: Int
  /// (classes, features); 0 for classes that no training image has.
  package let weights: [Float]
  /// (classes); negative infinity for classes that no training image has, whose probability is 0.
  package let intercepts: [Float]
  /// The number of iterations of the solver; nil if the saved model does not contain it.
  package let iterations: Int?

  package var settings: [String: String] { configuration.text }

  /// The classes that training images have, ascending.
  var classes: [Int] { (0..<classCount).filter { intercepts[$0] > -.infinity } }

  package func probabilities(
    for images: LabeledImages, on context: ComputeContext, progress: (FitProgress) -> Bool
  ) throws -> [Float] {
    try check(images.shape)
    let classes = classes
    let features = imageShape.count
    let padded = ImageRows.padded(classes.count)
    let packed = packedWeights(classes, padded: padded)
    let rows = ImageRows(images: images, center: [Float](repeating: 0, count: features))
    let block = CrossEntropy.blockImages
    let blocks = (images.count + block - 1) / block
    // A workspace for each thread.
    let values = AlignedBuffer<Float>(count: context.team.count * block * features)
    let scores = AlignedBuffer<Float>(count: context.team.count * block * padded)
    let softmax = AlignedBuffer<Float>(count: context.team.count * padded)
    var result = [Float](repeating: 0, count: images.count * classCount)
    let blocksPerCall = 16 * context.team.count
    for firstBlock in stride(from: 0, to: blocks, by: blocksPerCall) {
      result.withUnsafeMutableBufferPointer { result in
        let result = result.baseAddress!
        context.team.forEach(min(blocksPerCall, blocks - firstBlock)) { offset, thread in
          let first = (firstBlock + offset) * block
          let range = first..<min(first + block, images.count)
          let ownValues = values.pointer + thread * block * features
          let ownScores = scores.pointer + thread * block * padded
          let ownSoftmax = softmax.pointer + thread * padded
          rows.fill(ownValues, with: range)
          rows.score(
            ownValues, count: range.count, weights: packed.pointer, padded: padded, kernels: context.kernels,
            scores: ownScores)
          for image in range {
            _ = context.kernels.softmax(
              classes: classes.count, count: padded, logits: ownScores + (image - first) * padded,
              probabilities: ownSoftmax)
            for (place, label) in classes.enumerated() { result[image * classCount + label] = ownSoftmax[place] }
          }
        }
      }
      let done = min(images.count, (firstBlock + blocksPerCall) * block)
      guard progress(FitProgress(done: done, total: images.count, unit: .images)) else { throw CancellationError() }
    }
    return result
  }

  /// Returns the weights and intercepts of some classes as kernels read them: (features + 1, padded).
  func packedWeights(_ classes: [Int], padded: Int) -> AlignedBuffer<Float> {
    let features = imageShape.count
    let packed = AlignedBuffer<Float>(count: (features + 1) * padded)
    for (place, label) in classes.enumerated() {
      for feature in 0..<features { packed.pointer[feature * padded + place] = weights[label * features + feature] }
      packed.pointer[features * padded + place] = intercepts[label]
    }
    return packed
  }

  // MARK: Saved form

  package var tensors: [Tensor] {
    [
      Tensor(name: "weights", shape: [classCount, imageShape.count], weights),
      Tensor(name: "intercepts", shape: [classCount], intercepts),
    ] + (iterations.map { [Tensor(name: "iterations", shape: [1], [Int64($0)])] } ?? [])
  }
}

extension LinearModel {
  /// Bounds the number of features, so that sizes of tensors do not overflow.
  private static let maxExtent = 1 << 16

  /// Rebuilds a fitted model.
  ///
  /// - Throws: ``ModelError/badModel(_:)`` if a tensor or setting is missing or does not match the others.
  package init(
    tensors: [Tensor], settings: [String: String], imageShape: ImageShape, classCount: Int
  ) throws(ModelError) {
    func elements(_ name: String, _ shape: [Int]) throws(ModelError) -> [Float] {
      guard let tensor = tensors.first(where: { $0.name == name }) else {
        throw .badModel("the tensor \(name) is missing")
      }
      guard tensor.shape == shape, let elements = tensor.elements(as: Float.self) else {
        throw .badModel(
          "the tensor \(name) has shape \(tensor.shape) of \(tensor.elementType.rawValue), expected \(shape)")
      }
      return elements
    }
    let configuration = try LinearSettings(saved: settings)
    guard (1...256).contains(classCount) else {
      throw .badModel("the model has \(classCount) classes, expected 1 to 256")
    }
    let iterations = try Self.iterations(tensors)
    guard tensors.count == (iterations == nil ? 2 : 3) else {
      throw .badModel(
        "the model has \(counted(tensors.count, "tensor")), expected weights, intercepts and iterations")
    }
    let extents = [imageShape.height, imageShape.width, imageShape.channels]
    guard extents.allSatisfy({ 1...Self.maxExtent ~= $0 }) else {
      throw .badModel("the model is for images of \(imageShape), expected 1 to \(Self.maxExtent) in each dimension")
    }
    let features = imageShape.count
    let weights = try elements("weights", [classCount, features])
    let intercepts = try elements("intercepts", [classCount])
    guard intercepts.contains(where: { $0 > -.infinity }) else {
      throw .badModel("the tensor intercepts has no class with a finite value")
    }
    for label in 0..<classCount {
      // A bound of the scores: neither they nor their differences overflow.
      let intercept = intercepts[label] == -.infinity ? 0 : intercepts[label]
      let largest = weights[label * features..<(label + 1) * features].reduce(abs(Double(intercept))) {
        $0 + abs(Double($1))
      }
      guard largest < 1e37 else { throw .badModel("the weights of class \(label) are too large or not finite") }
    }
    self.init(
      configuration: configuration, imageShape: imageShape, classCount: classCount, weights: weights,
      intercepts: intercepts, iterations: iterations)
  }

  private static func iterations(_ tensors: [Tensor]) throws(ModelError) -> Int? {
    guard let tensor = tensors.first(where: { $0.name == "iterations" }) else { return nil }
    guard tensor.shape == [1], let count = tensor.elements(as: Int64.self)?.first, count >= 0 else {
      throw .badModel("the tensor iterations is not one number of iterations")
    }
    return Int(count)
  }
}

internal import Compute
internal import Datasets
internal import KernelInterface

/// The cross-entropy of a linear model, summed over training images, with its gradient.
///
/// The images are divided into a fixed number of leaves. A leaf's gradient is summed in single precision, image after
/// image; the leaves are added in double precision, in order. Nothing depends on the number of threads.
final class CrossEntropy {
  let rows: ImageRows
  /// The number of classes that are fitted, and this number rounded up to a multiple of 16.
  let classes, padded: Int
  /// (images), the position of each image's class among those that are fitted.
  private let labels: [Int]
  private let leafImages, leaves: Int
  private let context: ComputeContext
  /// [leaf](features + 1, padded); the last row is the gradient of the intercepts.
  private let gradients: AlignedBuffer<Float>
  /// (leaves)
  private let losses: AlignedBuffer<Double>
  /// [thread](block, features)
  private let values: AlignedBuffer<Float>
  /// [thread](block, padded)
  private let scores, probabilities: AlignedBuffer<Float>

  /// The number of images whose values stay in the second-level cache for both passes.
  static let blockImages = 48
  /// Enough partial sums to keep many threads busy, few enough to fit in memory.
  private static let maxLeaves = 64

  /// Returns the number of images of a leaf, a multiple of the block.
  private static func leafImages(of images: Int) -> Int {
    let blocks = (images + blockImages - 1) / blockImages
    return (blocks + maxLeaves - 1) / maxLeaves * blockImages
  }

  /// Returns the number of partial sums.
  static func leafCount(images: Int) -> Int {
    let size = max(1, leafImages(of: images))
    return (images + size - 1) / size
  }

  /// - Parameters:
  ///   - rows: at least one image
  ///   - labels: (images), less than `classes`
  init(_ rows: ImageRows, labels: [Int], classes: Int, on context: ComputeContext) {
    (self.rows, self.labels, self.classes, self.context) = (rows, labels, classes, context)
    padded = ImageRows.padded(classes)
    leafImages = Self.leafImages(of: labels.count)
    leaves = Self.leafCount(images: labels.count)
    gradients = AlignedBuffer(count: leaves * (rows.features + 1) * padded)
    losses = AlignedBuffer(count: leaves)
    values = AlignedBuffer(count: context.team.count * Self.blockImages * rows.features)
    scores = AlignedBuffer(count: context.team.count * Self.blockImages * padded)
    probabilities = AlignedBuffer(count: context.team.count * Self.blockImages * padded)
  }

  /// Returns the sum of the losses.
  ///
  /// - Parameters:
  ///   - weights: (features + 1, padded); the last row contains the intercepts
  ///   - gradient: (features + 1, padded), overwritten; 0 for classes that do not exist
  func evaluate(_ weights: UnsafePointer<Float>, gradient: UnsafeMutablePointer<Double>) -> Double {
    let size = (rows.features + 1) * padded
    context.team.forEach(leaves) { leaf, thread in
      let target = gradients.pointer + leaf * size
      target.update(repeating: 0, count: size)
      var loss = 0.0
      let end = min(labels.count, (leaf + 1) * leafImages)
      for first in stride(from: leaf * leafImages, to: end, by: Self.blockImages) {
        loss += add(first..<min(first + Self.blockImages, end), weights, to: target, thread: thread)
      }
      losses.pointer[leaf] = loss
    }
    context.team.forEachRange(size, multipleOf: 16) { range, _ in
      for place in range { gradient[place] = 0 }
      for leaf in 0..<leaves {
        let source = gradients.pointer + leaf * size
        for place in range { gradient[place] += Double(source[place]) }
      }
    }
    return losses.elements.reduce(0, +)
  }

  /// Adds the gradient of one block of images, and returns the sum of their losses.
  private func add(
    _ images: Range<Int>, _ weights: UnsafePointer<Float>, to gradient: UnsafeMutablePointer<Float>, thread: Int
  ) -> Double {
    let features = rows.features
    let values = values.pointer + thread * Self.blockImages * features
    let scores = scores.pointer + thread * Self.blockImages * padded
    let errors = probabilities.pointer + thread * Self.blockImages * padded
    rows.fill(values, with: images)
    rows.score(
      values, count: images.count, weights: weights, padded: padded, kernels: context.kernels, scores: scores)
    var loss = 0.0
    let intercepts = gradient + features * padded
    for (index, image) in images.enumerated() {
      let (score, error) = (scores + index * padded, errors + index * padded)
      let total = context.kernels.softmax(classes: classes, count: padded, logits: score, probabilities: error)
      loss += Double(total) - Double(score[labels[image]])
      error[labels[image]] -= 1
      for place in 0..<padded { intercepts[place] += error[place] }
    }
    context.kernels.multiplyMatrices(
      m: features, n: padded, k: images.count, a: values, aRow: 1, aColumn: features, b: errors, bRow: padded,
      c: gradient, cRow: padded, accumulate: true)
    return loss
  }
}

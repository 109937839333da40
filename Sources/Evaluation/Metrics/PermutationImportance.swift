internal import Compute
package import Datasets

/// The importance of each part of the image for a model: the accuracy lost if that part is taken from another, randomly
/// chosen image (Breiman, "Random forests", 2001; Fisher, Rudin and Dominici, "All models are wrong, but many are
/// useful", 2019).
///
/// Blocks of pixels are exchanged rather than single pixels: neighboring pixels carry almost the same information, so
/// that every single pixel seems unimportant. An exchanged block has typical content that does not match the rest of
/// the image. A drop close to or below 0 means that this model does not need the block, not that the block contains no
/// information.
package struct PermutationImportance: Sendable, Equatable, Codable {
  package let shape: ImageShape
  /// The side of a block in pixels; blocks at the right and bottom edges may be smaller.
  package let blockSize: Int
  package let repeats: Int
  /// The accuracy on the unchanged images.
  package let accuracy: ProportionInterval
  /// (rows, columns) of blocks, row-major: the accuracy minus the mean accuracy over the repetitions, as in
  /// scikit-learn's `permutation_importance`.
  package let drops: [Double]
  /// (rows, columns) The standard deviation of the drop over the repetitions; 0 for one repetition.
  package let deviations: [Double]

  package var rows: Int { (shape.height + blockSize - 1) / blockSize }
  package var columns: Int { (shape.width + blockSize - 1) / blockSize }

  /// The model predicts `1 + blocks * repeats` times; a few hundred images are enough.
  ///
  /// - Parameters:
  ///   - images: at least one, with true labels; preferably not training images of the model
  ///   - blockSize: at least 1
  ///   - repeats: the number of permutations per block, at least 1; determined by the seed, the block and the
  ///     repetition
  ///   - probabilities: returns the model's predictions for images: (images, classCount)
  /// - Throws: ``EvaluationError`` if the model returns invalid probabilities; errors of `probabilities`
  package init(
    of images: LabeledImages, classCount: Int, blockSize: Int, repeats: Int = 3, seed: UInt64 = 1,
    probabilities: (LabeledImages) throws -> [Float]
  ) throws {
    precondition(images.count > 0 && blockSize > 0 && repeats > 0, "images, blocks and repetitions are positive")
    (shape, self.blockSize, self.repeats) = (images.shape, blockSize, repeats)
    func accuracy(_ images: LabeledImages) throws -> ProportionInterval {
      try Predictions(probabilities: probabilities(images), labels: images.labels, classCount: classCount).accuracy
    }
    let whole = try accuracy(images)
    let columns = (images.shape.width + blockSize - 1) / blockSize
    let blocks = columns * ((images.shape.height + blockSize - 1) / blockSize)
    var (drops, deviations) = ([Double](), [Double]())
    for block in 0..<blocks {
      let (row, column) = block.quotientAndRemainder(dividingBy: columns)
      let found = try (0..<repeats).map { turn in
        var random = RandomSequence(seed: seed, .permutation, UInt32(block), UInt32(turn))
        var sources = Array(0..<images.count)
        random.shuffle(&sources)
        let exchanged = images.exchangingBlock(row: row, column: column, size: blockSize, from: sources)
        return whole.fraction - (try accuracy(exchanged).fraction)
      }
      let mean = found.reduce(0, +) / Double(repeats)
      drops.append(mean)
      deviations.append((found.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(repeats)).squareRoot())
    }
    (self.accuracy, self.drops, self.deviations) = (whole, drops, deviations)
  }

  /// (height, width) The drop of each pixel's block.
  package var pixels: [Double] {
    (0..<shape.height).flatMap { y in
      (0..<shape.width).map { x in drops[y / blockSize * columns + x / blockSize] }
    }
  }
}

extension LabeledImages {
  /// Returns the images with one block of each image `i` (all channels) taken from image `sources[i]`.
  fileprivate func exchangingBlock(row: Int, column: Int, size: Int, from sources: [Int]) -> LabeledImages {
    var exchanged = pixels
    let left = column * size * shape.channels
    let width = min(size * shape.channels, shape.width * shape.channels - left)
    for (image, source) in sources.enumerated() where source != image {
      for y in row * size..<min((row + 1) * size, shape.height) {
        let start = y * shape.width * shape.channels + left
        let (to, from) = (image * shape.count + start, source * shape.count + start)
        exchanged.replaceSubrange(to..<to + width, with: pixels[from..<from + width])
      }
    }
    return LabeledImages(shape: shape, pixels: exchanged, labels: labels)
  }
}

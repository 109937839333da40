internal import Compute
package import Datasets

/// How much a model needs each part of the picture: the accuracy it loses if that part comes from another image, chosen at random
/// (Breiman, "Random forests", 2001; Fisher, Rudin and Dominici, "All models are wrong, but many are useful", 2019).
///
/// Whole blocks of neighbouring pixels are exchanged, not single pixels: neighbours tell nearly the same, so a model that loses
/// only one reads it off the next, and every pixel alone looks unimportant. A block that is exchanged keeps its usual contents, but
/// no longer fits the rest of the picture. A drop near or below 0 says that this model does without the block, not that nothing can
/// be seen there.
package struct PermutationImportance: Sendable, Equatable, Codable {
  package let shape: ImageShape
  /// Pixels along a side of a block; those at the right and lower edge may be smaller.
  package let blockSize: Int
  package let repeats: Int
  /// Of the images as they are.
  package let accuracy: ProportionInterval
  /// (rows, columns) of blocks, row-major: accuracy less the mean accuracy over the repeats, as scikit-learn's
  /// `permutation_importance`.
  package let drops: [Double]
  /// (rows, columns): the standard deviation of the drop over the repeats; 0 for one repeat.
  package let deviations: [Double]

  package var rows: Int { (shape.height + blockSize - 1) / blockSize }
  package var columns: Int { (shape.width + blockSize - 1) / blockSize }

  /// The model predicts `1 + blocks * repeats` times; a few hundred images are enough for a picture.
  ///
  /// - Parameters:
  ///   - images: with their true labels; at least one, and better not those that the model was fitted on
  ///   - blockSize: at least 1
  ///   - repeats: permutations per block, at least 1. Which ones follows from the seed, block and repeat alone.
  ///   - probabilities: what the model says of images: (images, classCount)
  /// - Throws: ``EvaluationError`` if the model gives no probabilities; what `probabilities` throws.
  package init(
    of images: LabeledImages, classCount: Int, blockSize: Int, repeats: Int = 3, seed: UInt64 = 1,
    probabilities: (LabeledImages) throws -> [Float]
  ) throws {
    precondition(images.count > 0 && blockSize > 0 && repeats > 0, "nothing to permute")
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
        return whole.share - (try accuracy(exchanged).share)
      }
      let mean = found.reduce(0, +) / Double(repeats)
      drops.append(mean)
      deviations.append((found.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(repeats)).squareRoot())
    }
    (self.accuracy, self.drops, self.deviations) = (whole, drops, deviations)
  }

  /// (height, width): each pixel with the drop of its block.
  package var pixels: [Double] {
    (0..<shape.height).flatMap { y in
      (0..<shape.width).map { x in drops[y / blockSize * columns + x / blockSize] }
    }
  }
}

extension LabeledImages {
  /// The images, with one block of each image `i` (all channels) taken from image `sources[i]`.
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

package import Compute
package import Datasets
internal import KernelInterface

/// Classifies versions of some images of which parts were changed, as for a permutation importance.
///
/// A tree reads few pixels of an image. Only if it has read a part that was changed, it classifies the image again;
/// otherwise the image stays in the leaf of the original. The probabilities have the same bits as those of the model.
package struct VariantPredictor {
  private let trees: [Tree]
  private let classCount: Int
  private let originals: LabeledImages
  /// (trees, originals) The leaf of each image, and the parts that the tree reads on the way to it.
  private let leaves: [UInt32]
  private let readParts: [ImageParts]
  /// The part of each byte of an image.
  private let parts: [ImageParts]

  /// - Parameters:
  ///   - originals: images of the model's shape
  ///   - partSize: the side in pixels of the square parts that the images are divided into
  package init(of forest: Forest, originals: LabeledImages, partSize: Int, on context: ComputeContext) {
    self.init(forest.trees, classCount: forest.classCount, originals: originals, partSize: partSize, on: context)
  }

  /// - Parameters:
  ///   - originals: images of the model's shape
  ///   - partSize: the side in pixels of the square parts that the images are divided into
  package init(of tree: DecisionTree, originals: LabeledImages, partSize: Int, on context: ComputeContext) {
    self.init([tree.tree], classCount: tree.classCount, originals: originals, partSize: partSize, on: context)
  }

  private init(
    _ trees: [Tree], classCount: Int, originals: LabeledImages, partSize: Int, on context: ComputeContext
  ) {
    (self.trees, self.classCount, self.originals) = (trees, classCount, originals)
    let shape = originals.shape
    let columns = (shape.width + partSize - 1) / partSize
    let parts = (0..<shape.count).map { byte in
      let (y, x) = (byte / shape.channels).quotientAndRemainder(dividingBy: shape.width)
      return ImageParts(part: y / partSize * columns + x / partSize)
    }
    let count = originals.count
    var leaves = [UInt32](repeating: 0, count: trees.count * count)
    var readParts = [ImageParts](repeating: ImageParts(), count: trees.count * count)
    leaves.withUnsafeMutableBufferPointer { leaves in
      readParts.withUnsafeMutableBufferPointer { readParts in
        context.team.forEach(trees.count) { tree, _ in
          for image in 0..<count {
            let path = trees[tree].leaf(of: originals.pixels(of: image), parts)
            (leaves[tree * count + image], readParts[tree * count + image]) = path
          }
        }
      }
    }
    (self.parts, self.leaves, self.readParts) = (parts, leaves, readParts)
  }

  /// Returns class probabilities: (variants, classCount), row-major.
  ///
  /// - Parameter variants: one for each original, of the same shape
  package func probabilities(for variants: LabeledImages, on context: ComputeContext) -> [Float] {
    precondition(variants.shape == originals.shape && variants.count == originals.count, "one variant of each original")
    var probabilities = [Float](repeating: 0, count: variants.count * classCount)
    // Few, because there are a few hundred images for all threads.
    let blockSize = 16
    probabilities.withUnsafeMutableBufferPointer { probabilities in
      guard let sums = probabilities.baseAddress else { return }
      context.team.forEach((variants.count + blockSize - 1) / blockSize) { block, _ in
        let images = block * blockSize..<min((block + 1) * blockSize, variants.count)
        add(images, of: variants, to: sums, kernels: context.kernels)
        for index in images.lowerBound * classCount..<images.upperBound * classCount {
          sums[index] /= Float(trees.count)
        }
      }
    }
    return probabilities
  }

  /// Adds the probabilities by all trees, in their order.
  ///
  /// - Parameter sums: (variants, classCount)
  private func add(
    _ images: Range<Int>, of variants: LabeledImages, to sums: UnsafeMutablePointer<Float>,
    kernels: any KernelSet.Type
  ) {
    let changed = images.map(changedParts(variants))
    withUnsafeTemporaryAllocation(of: UInt32.self, capacity: 4 * images.count) { memory in
      let all = memory.baseAddress!
      let (leaves, again) = (all + images.count, all + 2 * images.count)
      let newLeaves = again + images.count
      for (place, image) in images.enumerated() { all[place] = UInt32(image) }
      for (number, tree) in trees.enumerated() {
        var count = 0
        for (place, image) in images.enumerated() {
          leaves[place] = self.leaves[number * variants.count + image]
          if readParts[number * variants.count + image].isDisjoint(with: changed[place]) { continue }
          again[count] = UInt32(image)
          count += 1
        }
        tree.findLeaves(of: variants, again, count: count, newLeaves, kernels: kernels)
        for index in 0..<count { leaves[Int(again[index]) - images.lowerBound] = newLeaves[index] }
        tree.addProbabilities(ofLeaves: leaves, of: all, count: images.count, to: sums, classCount: classCount)
      }
    }
  }

  /// Returns the parts in which an image differs from its original.
  private func changedParts(_ variants: LabeledImages) -> (_ image: Int) -> ImageParts {
    { image in
      var changed = ImageParts()
      let (variant, original) = (variants.pixels(of: image), originals.pixels(of: image))
      for (part, (new, old)) in zip(parts, zip(variant, original)) where new != old { changed.formUnion(part) }
      return changed
    }
  }
}

/// A set of parts of an image. If there are more than 64, some share a bit, and a tree classifies some images in vain.
private struct ImageParts: OptionSet {
  var rawValue: UInt64 = 0

  init() {}
  init(rawValue: UInt64) { self.rawValue = rawValue }
  init(part: Int) { rawValue = 1 << UInt64(part % 64) }
}

extension Tree {
  /// Returns the leaf of an image, and the parts of the image that are read on the way to it.
  ///
  /// - Parameters:
  ///   - pixels: one image
  ///   - parts: the part of each byte
  fileprivate func leaf(of pixels: ArraySlice<UInt8>, _ parts: [ImageParts]) -> (UInt32, ImageParts) {
    var read = ImageParts()
    var place = 0
    while !nodes[place].isLeaf {
      let node = nodes[place]
      read.formUnion(parts[node.feature])
      place = pixels[pixels.startIndex + node.feature] <= node.threshold ? place + 1 : Int(node.link)
    }
    return (nodes[place].link, read)
  }
}

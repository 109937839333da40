internal import KernelInterface

extension Tree {
  /// A node on the path of an image from the root to its leaf.
  package struct PathNode: Sendable, Equatable {
    /// A node's comparison of a byte of the image with a threshold: images with `value <= threshold` go left.
    package struct Comparison: Sendable, Equatable {
      /// The byte of the image: (row * width + column) * channels + channel.
      package let feature: Int
      package let threshold: UInt8
      package let value: UInt8

      package var goesLeft: Bool { value <= threshold }
    }

    /// The index of the node in pre-order.
    package let node: Int
    /// nil in the leaf.
    package let comparison: Comparison?
    /// (classCount), the weight of each class's training images in the node; an image weighs as often as the bootstrap
    /// sampled it.
    package let weights: [Int]
  }

  /// Returns the nodes on the path of an image, from the root to its leaf.
  ///
  /// - Parameter pixels: an image of the shape that the tree was grown on
  package func path(of pixels: ArraySlice<UInt8>, classCount: Int) -> [PathNode] {
    var path: [PathNode] = []
    var index = 0
    while true {
      let node = nodes[index]
      let weights = classWeights(below: index, classCount: classCount)
      guard !node.isLeaf else { return path + [PathNode(node: index, comparison: nil, weights: weights)] }
      let comparison = PathNode.Comparison(
        feature: node.feature, threshold: node.threshold, value: pixels[pixels.startIndex + node.feature])
      path.append(PathNode(node: index, comparison: comparison, weights: weights))
      index = comparison.goesLeft ? index + 1 : Int(node.link)
    }
  }

  /// Returns the class weights of a node: the sum over its leaves, which have consecutive numbers.
  private func classWeights(below index: Int, classCount: Int) -> [Int] {
    var (leftmost, rightmost) = (index, index)
    while !nodes[leftmost].isLeaf { leftmost += 1 }
    while !nodes[rightmost].isLeaf { rightmost = Int(nodes[rightmost].link) }
    let entries = leafStarts[Int(nodes[leftmost].link)]..<leafStarts[Int(nodes[rightmost].link) + 1]
    var weights = [Int](repeating: 0, count: classCount)
    for entry in classWeights[Int(entries.lowerBound)..<Int(entries.upperBound)] {
      weights[Int(entry.label)] += Int(entry.weight)
    }
    return weights
  }
}

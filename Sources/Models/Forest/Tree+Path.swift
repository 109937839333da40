internal import KernelInterface

extension Tree {
  /// A node that an image passes on its way from the root to a leaf.
  package struct PathNode: Sendable, Equatable {
    /// What a node asks of an image: images with `value <= threshold` go left.
    package struct Comparison: Sendable, Equatable {
      /// A byte of the image: (row * width + column) * channels + channel
      package let feature: Int
      package let threshold: UInt8
      package let value: UInt8

      package var goesLeft: Bool { value <= threshold }
    }

    /// Its place in pre-order.
    package let node: Int
    /// nil in the leaf.
    package let comparison: Comparison?
    /// By label: what the training images in the node weigh, each as often as it was drawn.
    package let weights: [Int]
  }

  /// The nodes that an image passes, the root first, the leaf last.
  ///
  /// - Parameter pixels: of an image of the shape that the tree was grown on
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

  /// The class weights of a node: of all leaves from its leftmost to its rightmost one, because leaves are numbered in pre-order.
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

package import Compute
package import Datasets

extension Tree {
  /// The leaf that an image falls into. `pixels` has a byte for every feature.
  func leaf(for pixels: UnsafePointer<UInt8>, nodes: UnsafePointer<Node>) -> Int {
    var index = 0
    while true {
      let node = nodes[index]
      if node.isLeaf { return Int(node.link) }
      index = pixels[node.feature] <= node.threshold ? index + 1 : Int(node.link)
    }
  }

  /// Adds the class shares in the leaves that some images fall into.
  ///
  /// - Parameters:
  ///   - pixels: (imageCount, featureCount)
  ///   - skipped: (imageCount), nonzero for images to leave out; nil to leave out none.
  ///   - shares: (imageCount, classCount)
  func addShares(
    for pixels: UnsafePointer<UInt8>, imageCount: Int, featureCount: Int,
    skipping skipped: UnsafePointer<UInt16>? = nil,
    to shares: UnsafeMutablePointer<Float>, classCount: Int
  ) {
    nodes.withUnsafeBufferPointer { nodes in
      for image in 0..<imageCount where skipped?[image] ?? 0 == 0 {
        let leaf = leaf(for: pixels + image * featureCount, nodes: nodes.baseAddress!)
        let weights = weights(ofLeaf: leaf)
        let whole = Float(weights.reduce(0) { $0 + $1.weight })
        for entry in weights { shares[image * classCount + Int(entry.label)] += Float(entry.weight) / whole }
      }
    }
  }

  /// Means of class shares over trees, added up in the trees' order: (images, classCount).
  static func meanShares(
    of trees: [Tree], for images: LabeledImages, classCount: Int, on team: ThreadTeam, progress: (FitProgress) -> Bool
  ) throws -> [Float] {
    let featureCount = images.shape.count
    var shares = [Float](repeating: 0, count: images.count * classCount)
    // So many images stay in the cache while all trees judge them.
    let block = 64
    let tally = TeamTally(total: images.count, unit: .images)
    shares.withUnsafeMutableBufferPointer { shares in
      images.pixels.withUnsafeBufferPointer { pixels in
        team.forEach((images.count + block - 1) / block) { index, thread in
          if tally.isStopped { return }
          let first = index * block
          let count = min(block, images.count - first)
          let target = shares.baseAddress! + first * classCount
          for tree in trees {
            tree.addShares(
              for: pixels.baseAddress! + first * featureCount, imageCount: count, featureCount: featureCount,
              to: target,
              classCount: classCount)
          }
          for index in 0..<count * classCount { target[index] /= Float(trees.count) }
          tally.add(count, thread: thread, progress)
        }
      }
    }
    try tally.checkStopped()
    return shares
  }
}

extension Forest {
  package func probabilities(
    for images: LabeledImages, on context: ComputeContext, progress: (FitProgress) -> Bool
  ) throws -> [Float] {
    precondition(images.shape == imageShape, "a forest for images of \(imageShape) cannot judge \(images.shape)")
    return try Tree.meanShares(of: trees, for: images, classCount: classCount, on: context.team, progress: progress)
  }
}

extension DecisionTree {
  package func probabilities(
    for images: LabeledImages, on context: ComputeContext, progress: (FitProgress) -> Bool
  ) throws -> [Float] {
    precondition(images.shape == imageShape, "a tree for images of \(imageShape) cannot judge \(images.shape)")
    return try Tree.meanShares(of: [tree], for: images, classCount: classCount, on: context.team, progress: progress)
  }
}

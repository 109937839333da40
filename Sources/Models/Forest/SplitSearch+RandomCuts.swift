internal import Compute
internal import KernelInterface

extension SplitSearch {
  /// Draws one cut for each of up to 32 features, and returns the best of them.
  ///
  /// - Parameter position: the position of the first feature in the order of sampling, which determines the cuts
  func searchRandomCuts(
    of node: NodeSamples, _ features: UnsafeBufferPointer<UInt32>, position: Int
  ) -> SearchResult {
    copyValues(of: node, features)
    let laneNode = LaneNode(
      samples: node.samples, count: node.count, labels: node.labels, labelCount: node.labelCount,
      labelWeights: node.weights, minSamplesLeaf: rules.settings.minSamplesLeaf)
    let cut = bestRandomCut(laneNode, features, words: sampleWords(position: position))
    var found = SearchResult()
    found.hasVaryingFeature = cut.varyingLanes != 0
    if cut.lane >= 0 { found.add(NodeSplit(score: cut.score, feature: features[cut.lane], value: cut.value)) }
    return found
  }

  /// Copies the features' values to the lanes of the window.
  private func copyValues(of node: NodeSamples, _ features: UnsafeBufferPointer<UInt32>) {
    if rules.usesAllFeatures {
      kernels.copyLanes(
        samples: node.samples, count: node.count, rows: table.rows.pointer + Int(features[0]),
        rowStride: table.rowStride, lanes: window.pointer)
      return
    }
    if node.count <= rules.rowLimit {
      kernels.selectLanes(
        samples: node.samples, count: node.count, rows: table.rows.pointer, rowStride: table.rowStride,
        features: features.baseAddress!, featureCount: features.count, lanes: window.pointer)
      return
    }
    // The lanes of a block stay in the first-level cache while they are written.
    let block = 512
    for first in stride(from: 0, to: node.count, by: block) {
      kernels.gatherLanes(
        samples: node.samples + first, count: min(block, node.count - first), columns: node.columns,
        columnStride: node.columnStride, features: features.baseAddress!, featureCount: features.count,
        lanes: window.pointer + first * Self.laneCount)
    }
  }

  /// Returns the random words of the candidates from a position on.
  private func sampleWords(position: Int) -> UnsafePointer<UInt32> {
    let seed = rules.settings.seed
    kernels.randomWords(
      key: (UInt32(truncatingIfNeeded: seed), UInt32(seed >> 32)),
      counter: (key.low, key.high, Philox.Purpose.randomCut.rawValue), batch: UInt32(position / Self.laneCount),
      words: cutWords.pointer)
    return UnsafePointer(cutWords.pointer + position % Self.laneCount)
  }

  private func bestRandomCut(
    _ node: LaneNode, _ features: UnsafeBufferPointer<UInt32>, words: UnsafePointer<UInt32>
  ) -> LaneCut {
    guard let entropy = rules.entropy else {
      return kernels.bestRandomGiniCut(
        lanes: window.pointer, features: features.baseAddress!, featureCount: features.count, words: words, node: node)
    }
    return kernels.bestRandomEntropyCut(
      lanes: window.pointer, features: features.baseAddress!, featureCount: features.count, words: words, node: node,
      terms: entropy.fine.pointer)
  }
}

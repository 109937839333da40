internal import Compute
internal import KernelInterface

extension SplitSearch {
  /// Draws one cut for each of up to 32 features, and returns the best of them.
  ///
  /// - Parameter words: (features), from ``sampleWords(position:)``
  func bestRandomCut(
    of node: NodeSamples, _ features: UnsafeBufferPointer<UInt32>, words: UnsafePointer<UInt32>
  ) -> LaneCut {
    copyValues(of: node, features)
    let laneNode = LaneNode(
      samples: node.samples, count: node.count, labels: node.labels, labelCount: node.labelCount,
      labelWeights: node.weights, minSamplesLeaf: rules.settings.minSamplesLeaf)
    guard let entropy = rules.entropy else {
      return kernels.bestRandomGiniCut(
        lanes: window.pointer, features: features.baseAddress!, featureCount: features.count, words: words,
        node: laneNode)
    }
    return kernels.bestRandomEntropyCut(
      lanes: window.pointer, features: features.baseAddress!, featureCount: features.count, words: words,
      node: laneNode, terms: entropy.fine.pointer)
  }

  /// Returns the same cut as ``bestRandomCut(of:_:words:)``, from columns.
  func bestRandomCut(
    _ groupedNode: GroupedNode, of node: NodeSamples, _ features: UnsafeBufferPointer<UInt32>,
    words: UnsafePointer<UInt32>
  ) -> LaneCut {
    guard let entropy = rules.entropy else {
      return kernels.bestRandomGiniCut(
        columns: node.columns, columnStride: node.columnStride, features: features.baseAddress!,
        featureCount: features.count, words: words, node: groupedNode, scratch: histogramScratch.pointer)
    }
    return kernels.bestRandomEntropyCut(
      columns: node.columns, columnStride: node.columnStride, features: features.baseAddress!,
      featureCount: features.count, words: words, node: groupedNode, terms: entropy.fine.pointer,
      scratch: histogramScratch.pointer)
  }

  /// Returns the node as groups of rows; nil if samples do not all weigh 1, or if groups are too small to be faster.
  func groupedNode(_ node: NodeSamples) -> GroupedNode? {
    guard node.weight == node.count, !node.readsRows else { return nil }
    let count = kernels.groupRows(
      samples: node.samples, count: node.count, limit: node.count / RowGroups.minSize, masks: groups.masks.pointer,
      firstRows: groups.firstRows.pointer, labelEnds: groups.labelEnds.pointer)
    guard count != nil else { return nil }
    return GroupedNode(
      masks: groups.masks.pointer, firstRows: groups.firstRows.pointer, labelEnds: groups.labelEnds.pointer,
      labels: node.labels, labelCount: node.labelCount, labelWeights: node.weights,
      minSamplesLeaf: rules.settings.minSamplesLeaf)
  }

  /// Copies the features' values to the lanes of the window.
  private func copyValues(of node: NodeSamples, _ features: UnsafeBufferPointer<UInt32>) {
    if rules.usesAllFeatures {
      kernels.copyLanes(
        samples: node.samples, count: node.count, rows: table.rows.pointer + Int(features[0]),
        rowStride: table.rowStride, lanes: window.pointer)
      return
    }
    if node.readsRows {
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

  /// Returns the random words of the candidates from a position on in the order of sampling. They determine the cuts.
  func sampleWords(position: Int) -> UnsafePointer<UInt32> {
    let seed = rules.settings.seed
    kernels.randomWords(
      key: (UInt32(truncatingIfNeeded: seed), UInt32(seed >> 32)),
      counter: (key.low, key.high, Philox.Purpose.randomCut.rawValue), batch: UInt32(position / Self.laneCount),
      words: cutWords.pointer)
    return UnsafePointer(cutWords.pointer + position % Self.laneCount)
  }
}

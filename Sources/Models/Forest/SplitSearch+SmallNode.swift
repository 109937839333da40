internal import Compute
internal import KernelInterface

extension SplitSearch {
  /// Returns the node in the form that the kernels for small nodes read; nil if it is not small.
  func smallNode(_ node: NodeSamples) -> SmallNode? {
    guard node.weight <= SmallNode.weightLimit, node.labelCount <= SmallNode.labelLimit, !hasHeavySamples else {
      return nil
    }
    for rank in 0..<node.labelCount {
      let label = Int(node.labels[rank])
      ranks.pointer[label] = UInt8(rank)
      rankWeights.pointer[rank] = UInt16(node.weights[label])
    }
    for index in 0..<node.count {
      let sample = node.samples[index]
      codes.pointer[index] = ranks.pointer[sample.label] &* 16 &+ UInt8(truncatingIfNeeded: sample.weight)
    }
    return SmallNode(
      codes: codes.pointer, count: node.count, labelWeights: rankWeights.pointer, labelCount: node.labelCount,
      minSamplesLeaf: rules.settings.minSamplesLeaf)
  }

  /// Searches up to 32 features of a small node by sorting.
  func search(_ smallNode: SmallNode, of node: NodeSamples, _ features: UnsafeBufferPointer<UInt32>) -> SearchResult {
    SearchResult(bestCut(smallNode, of: node, features), features)
  }

  private func bestCut(
    _ smallNode: SmallNode, of node: NodeSamples, _ features: UnsafeBufferPointer<UInt32>
  ) -> LaneCut {
    if rules.usesAllFeatures {
      kernels.copyLanes(
        samples: node.samples, count: node.count, rows: table.rows.pointer + Int(features[0]),
        rowStride: table.rowStride,
        lanes: window.pointer)
    } else {
      kernels.gatherLanes(
        samples: node.samples, count: node.count, columns: node.columns, columnStride: node.columnStride,
        features: features.baseAddress!, featureCount: features.count, lanes: window.pointer)
    }
    guard let entropy = rules.entropy else {
      return kernels.bestGiniCut(
        lanes: window.pointer, features: features.baseAddress!, featureCount: features.count, node: smallNode,
        scratch: sortScratch.pointer)
    }
    return kernels.bestEntropyCut(
      lanes: window.pointer, features: features.baseAddress!, featureCount: features.count, node: smallNode,
      terms: entropy.coarse.pointer, scratch: sortScratch.pointer)
  }
}

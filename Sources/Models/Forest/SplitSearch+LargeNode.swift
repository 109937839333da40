internal import Compute
internal import KernelInterface

extension SplitSearch {
  /// Searches up to 32 features of a large node with histograms.
  func search(_ node: NodeSamples, _ features: UnsafeBufferPointer<UInt32>) -> SearchResult {
    // If all features are searched, windows of them are copied from the rows; otherwise, columns are read in place.
    let isWindowed = node.readsRows
    if isWindowed {
      kernels.transpose(
        samples: node.samples, count: node.count, rows: table.rows.pointer + Int(features[0]),
        rowStride: table.rowStride, width: Self.laneCount, columns: window.pointer, columnStride: Self.windowLimit)
    }
    var found = SearchResult()
    for first in stride(from: 0, to: features.count, by: 4) {
      let last = min(first + 3, features.count - 1)
      clearHistograms(node)
      countValues(of: node, features, from: first, isWindowed: isWindowed)
      for position in first...last {
        let feature = features[position]
        let firstValue = node.column(feature)[node.samples[0].row]
        if holdsAllWeight(rotated(firstValue), histogram(position - first), node) { continue }
        found.hasVaryingFeature = true
        if rules.settings.minSamplesLeaf > 1 { countSamples(node, node.column(feature)) }
        let cut = bestCut(node, histogram(position - first))
        if cut.score > -.infinity { found.add(NodeSplit(score: cut.score, feature: feature, value: cut.value)) }
      }
    }
    return found
  }

  /// Counts the values of four features. After the last feature, it is counted again, in histograms without use.
  private func countValues(
    of node: NodeSamples, _ features: UnsafeBufferPointer<UInt32>, from first: Int, isWindowed: Bool
  ) {
    withUnsafeTemporaryAllocation(of: UnsafePointer<UInt8>.self, capacity: 4) { columns in
      for offset in 0..<4 {
        let position = min(first + offset, features.count - 1)
        columns[offset] = isWindowed ? windowValues(position) : node.column(features[position])
      }
      let columns = UnsafePointer(columns.baseAddress!)
      if isWindowed {
        kernels.countValues(
          samples: node.samples, count: node.count, values: columns, histograms: histogram(0),
          stride: table.classCount * 256)
      } else {
        kernels.countValues(
          samples: node.samples, count: node.count, columns: columns, histograms: histogram(0),
          stride: table.classCount * 256)
      }
    }
  }

  private func windowValues(_ position: Int) -> UnsafePointer<UInt8> {
    UnsafePointer(window.pointer + position * Self.windowLimit)
  }

  /// Returns one of the four histograms.
  private func histogram(_ index: Int) -> UnsafeMutablePointer<UInt32> {
    histograms.pointer + index * table.classCount * 256
  }

  private func clearHistograms(_ node: NodeSamples) {
    for rank in 0..<node.labelCount {
      let row = Int(node.labels[rank]) * 256
      for index in 0..<4 { (histogram(index) + row).update(repeating: 0, count: 256) }
    }
  }

  /// Counts the samples of each value, regardless of their weights.
  private func countSamples(_ node: NodeSamples, _ column: UnsafePointer<UInt8>) {
    valueCounts.pointer.update(repeating: 0, count: 256)
    for index in 0..<node.count { valueCounts.pointer[rotated(column[node.samples[index].row])] += 1 }
  }

  /// Returns the bin of a value in a histogram (see ``ForestKernels``).
  private func rotated(_ value: UInt8) -> Int { Int(value >> 4 | value << 4) }

  private func holdsAllWeight(_ bin: Int, _ histogram: UnsafePointer<UInt32>, _ node: NodeSamples) -> Bool {
    var weight: UInt32 = 0
    for rank in 0..<node.labelCount { weight += histogram[Int(node.labels[rank]) * 256 + bin] }
    return weight == node.weight
  }

  private func bestCut(_ node: NodeSamples, _ histogram: UnsafePointer<UInt32>) -> FeatureCut {
    let histogramNode = HistogramNode(
      labels: node.labels, labelCount: node.labelCount, labelWeights: node.weights, count: node.count,
      minSamplesLeaf: rules.settings.minSamplesLeaf, valueCounts: valueCounts.pointer)
    guard let entropy = rules.entropy else {
      return kernels.bestGiniCut(histogram: histogram, node: histogramNode, scratch: histogramScratch.pointer)
    }
    return kernels.bestEntropyCut(
      histogram: histogram, node: histogramNode, terms: entropy.fine.pointer, scratch: histogramScratch.pointer)
  }
}

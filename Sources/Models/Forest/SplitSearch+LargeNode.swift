internal import Compute
internal import KernelInterface

extension SplitSearch {
  /// Searches up to 32 features of a large node with histograms.
  ///
  /// - Parameter floor: a score; lower ones need not be found
  func search(_ node: NodeSamples, _ features: UnsafeBufferPointer<UInt32>, floor: Double) -> SearchResult {
    // If all features are searched, windows of them are copied from the rows; otherwise, columns are read in place.
    let isWindowed = node.readsRows
    if isWindowed {
      kernels.transpose(
        samples: node.samples, count: node.count, rows: table.rows.pointer + Int(features[0]),
        rowStride: table.rowStride, width: Self.laneCount, columns: window.pointer, columnStride: Self.windowLimit)
    }
    var found = SearchResult()
    var floor = floor
    for first in stride(from: 0, to: features.count, by: 4) {
      let last = min(first + 3, features.count - 1)
      clearHistograms(node)
      countValues(of: node, features, from: first, isWindowed: isWindowed)
      for position in first...last {
        let feature = features[position]
        let histogram = histogram(position - first, of: node)
        let firstValue = isWindowed ? windowValues(position)[0] : node.column(feature)[node.samples[0].row]
        if holdsAllWeight(Int(firstValue), histogram, node) { continue }
        found.hasVaryingFeature = true
        if rules.settings.minSamplesLeaf > 1 { countSamples(node, feature, inWindow: isWindowed ? position : nil) }
        let cut = bestCut(node, histogram, floor: floor)
        if cut.score > -.infinity {
          found.add(NodeSplit(score: cut.score, feature: feature, value: cut.value))
          floor = cut.score
        }
      }
    }
    return found
  }

  /// Counts the values of four features. After the last feature, it is counted again, in histograms without use.
  private func countValues(
    of node: NodeSamples, _ features: UnsafeBufferPointer<UInt32>, from first: Int, isWindowed: Bool
  ) {
    withUnsafeTemporaryAllocation(of: UnsafePointer<UInt8>.self, capacity: 8) { memory in
      // Columns that have few values of a node in each cache line are fetched from memory while others are counted.
      let fetchesNext = first + 4 < features.count && node.count * 8 < node.columnStride
      for offset in 0..<8 {
        let position = min(first + offset, features.count - 1)
        memory[offset] = isWindowed ? windowValues(position) : node.column(features[position])
      }
      let columns = UnsafePointer(memory.baseAddress!)
      if isWindowed {
        kernels.countValues(
          samples: node.samples, count: node.count, values: columns, histograms: histograms.pointer,
          bins: node.bins)
      } else {
        kernels.countValues(
          samples: node.samples, count: node.count, columns: columns,
          following: fetchesNext ? columns + 4 : nil, histograms: histograms.pointer, bins: node.bins)
      }
    }
  }

  private func windowValues(_ position: Int) -> UnsafePointer<UInt8> {
    UnsafePointer(window.pointer + position * Self.windowLimit)
  }

  /// Returns one of the four histograms.
  private func histogram(_ index: Int, of node: NodeSamples) -> UnsafeMutableRawPointer {
    UnsafeMutableRawPointer(histograms.pointer + index * 256 * node.bins.size)
  }

  private func clearHistograms(_ node: NodeSamples) {
    let size = 4 * 256 * node.bins.size
    for rank in 0..<node.labelCount {
      (histograms.pointer + Int(node.labels[rank]) * size).update(repeating: 0, count: size)
    }
  }

  /// Counts the samples of each value, regardless of their weights.
  ///
  /// - Parameter position: the feature's position in the window; nil if columns are read
  private func countSamples(_ node: NodeSamples, _ feature: UInt32, inWindow position: Int?) {
    valueCounts.pointer.update(repeating: 0, count: 256)
    if let values = position.map(windowValues) {
      for index in 0..<node.count { valueCounts.pointer[Int(values[index])] += 1 }
    } else {
      let column = node.column(feature)
      for index in 0..<node.count { valueCounts.pointer[Int(column[node.samples[index].row])] += 1 }
    }
  }

  private func holdsAllWeight(_ bin: Int, _ histogram: UnsafeRawPointer, _ node: NodeSamples) -> Bool {
    var weight: UInt32 = 0
    for rank in 0..<node.labelCount {
      let place = Int(node.labels[rank]) * 1024 + bin
      switch node.bins {
      case .narrow: weight += UInt32(histogram.load(fromByteOffset: 2 * place, as: UInt16.self))
      case .wide: weight += histogram.load(fromByteOffset: 4 * place, as: UInt32.self)
      }
    }
    return weight == node.weight
  }

  private func bestCut(_ node: NodeSamples, _ histogram: UnsafeRawPointer, floor: Double) -> FeatureCut {
    let histogramNode = HistogramNode(
      bins: node.bins, labels: node.labels, labelCount: node.labelCount, labelWeights: node.weights, count: node.count,
      minSamplesLeaf: rules.settings.minSamplesLeaf, valueCounts: valueCounts.pointer)
    guard let entropy = rules.entropy else {
      return kernels.bestGiniCut(
        histogram: histogram, node: histogramNode, floor: floor, scratch: histogramScratch.pointer)
    }
    return kernels.bestEntropyCut(
      histogram: histogram, node: histogramNode, floor: floor, terms: entropy.fine.pointer,
      scratch: histogramScratch.pointer)
  }
}

extension NodeSamples {
  fileprivate var bins: HistogramBins { weight <= UInt16.max ? .narrow : .wide }
}

extension HistogramBins {
  /// The size of a bin in bytes.
  var size: Int { self == .narrow ? 2 : 4 }
}

internal import CInstructions
package import KernelInterface

extension SIMDKernels {
  package static var hasFastRowGroups: Bool { atelier_has_fast_row_groups() != 0 }

  package static func groupRows(
    samples: UnsafePointer<TreeSample>, count: Int, limit: Int, masks: UnsafeMutablePointer<UInt64>,
    firstRows: UnsafeMutablePointer<UInt32>, labelEnds: UnsafeMutablePointer<UInt32>
  ) -> Int? {
    var groupCount = 0
    var labelCount = 0
    var index = 0
    while index < count {
      let label = samples[index].label
      while index < count && samples[index].label == label {
        if groupCount == limit { return nil }
        let firstRow = samples[index].row & ~63
        var mask: UInt64 = 0
        while index < count && samples[index].label == label && samples[index].row & ~63 == firstRow {
          mask |= 1 &<< UInt64(truncatingIfNeeded: samples[index].row)
          index &+= 1
        }
        masks[groupCount] = mask
        firstRows[groupCount] = UInt32(truncatingIfNeeded: firstRow)
        groupCount &+= 1
      }
      labelEnds[labelCount] = UInt32(truncatingIfNeeded: groupCount)
      labelCount &+= 1
    }
    return groupCount
  }

  package static func bestRandomGiniCut(
    columns: UnsafePointer<UInt8>, columnStride: Int, features: UnsafePointer<UInt32>, featureCount: Int,
    words: UnsafePointer<UInt32>, node: GroupedNode, scratch: UnsafeMutablePointer<SIMD16<UInt32>>
  ) -> LaneCut {
    let cuts = countRandomCuts(columns, columnStride, features, featureCount, words, node, leftWeights: scratch)
    let sums = GiniSums(labels: node.labels, labelCount: node.labelCount, labelWeights: node.labelWeights)
    return bestLane(cuts, scores(node, UnsafePointer(scratch), sums), features, featureCount)
  }

  package static func bestRandomEntropyCut(
    columns: UnsafePointer<UInt8>, columnStride: Int, features: UnsafePointer<UInt32>, featureCount: Int,
    words: UnsafePointer<UInt32>, node: GroupedNode, terms: UnsafePointer<Int64>,
    scratch: UnsafeMutablePointer<SIMD16<UInt32>>
  ) -> LaneCut {
    let cuts = countRandomCuts(columns, columnStride, features, featureCount, words, node, leftWeights: scratch)
    return bestLane(cuts, scores(node, UnsafePointer(scratch), EntropySums(terms: terms)), features, featureCount)
  }

  /// Draws a cut for each feature, and counts the samples on its left side.
  ///
  /// - Parameter leftWeights: (node.labelCount, 2), overwritten: the samples of a label that go left, for each feature
  @inline(__always)
  private static func countRandomCuts(
    _ columns: UnsafePointer<UInt8>, _ columnStride: Int, _ features: UnsafePointer<UInt32>, _ featureCount: Int,
    _ words: UnsafePointer<UInt32>, _ node: GroupedNode, leftWeights: UnsafeMutablePointer<SIMD16<UInt32>>
  ) -> RandomCuts {
    let counts = UnsafeMutableRawPointer(leftWeights).assumingMemoryBound(to: UInt32.self)
    counts.update(repeating: 0, count: 32 &* node.labelCount)
    let groupCount = Int(node.labelEnds[node.labelCount &- 1])
    var cuts = RandomCuts()
    for lane in 0..<featureCount {
      let column = columns + Int(features[lane]) &* columnStride
      let ends = atelier_ends_of_groups(column, node.masks, node.firstRows, groupCount)
      let (least, range) = (ends & 255, ends >> 8 &- ends & 255)
      let cut = UInt8(truncatingIfNeeded: least &+ (words[lane] >> 8 &* range) >> 24)
      cuts.values[lane] = cut
      // The cuts of constant features have no right side. Left sides are not counted.
      if range == 0 { continue }
      cuts.varyingLanes |= 1 &<< UInt32(truncatingIfNeeded: lane)
      var first = 0
      for rank in 0..<node.labelCount {
        let end = Int(node.labelEnds[rank])
        counts[32 &* rank &+ lane] = atelier_count_at_most(
          column, node.masks + first, node.firstRows + first, end &- first, cut)
        first = end
      }
    }
    return cuts
  }

  @inline(__always)
  private static func scores(
    _ node: GroupedNode, _ leftWeights: UnsafePointer<SIMD16<UInt32>>, _ emptySums: some CutSums
  ) -> LaneScores {
    var (low, high) = (emptySums, emptySums)
    // A sum that starts with zeros crashes the compiler (Swift 6.3.1).
    var left = LaneHalves(low: leftWeights[0], high: leftWeights[1])
    var nodeWeight: UInt32 = 0
    for rank in 0..<node.labelCount {
      let weight = node.labelWeights[Int(node.labels[rank])]
      let labelLeft = LaneHalves(low: leftWeights[2 &* rank], high: leftWeights[2 &* rank &+ 1])
      if rank > 0 { left.add(labelLeft) }
      low.add(labelLeft.low, of: weight)
      high.add(labelLeft.high, of: weight)
      nodeWeight &+= weight
    }
    let limits = LeafLimits(minSamples: node.minSamplesLeaf, count: Int(nodeWeight))
    return LaneScores(
      low: scores(low, left: left.low, nodeWeight: nodeWeight, leftSamples: left.low, limits),
      high: scores(high, left: left.high, nodeWeight: nodeWeight, leftSamples: left.high, limits))
  }
}

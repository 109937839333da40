internal import CInstructions
package import KernelInterface

extension SIMDKernels {
  package static func bestRandomGiniCut(
    lanes: UnsafePointer<UInt8>, features: UnsafePointer<UInt32>, featureCount: Int, words: UnsafePointer<UInt32>,
    node: LaneNode
  ) -> LaneCut {
    let sums = GiniSums(labels: node.labels, labelCount: node.labelCount, labelWeights: node.labelWeights)
    return bestRandomCut(
      lanes: lanes, features: features, featureCount: featureCount, words: words, node: node, of: sums)
  }

  package static func bestRandomEntropyCut(
    lanes: UnsafePointer<UInt8>, features: UnsafePointer<UInt32>, featureCount: Int, words: UnsafePointer<UInt32>,
    node: LaneNode, terms: UnsafePointer<Int64>
  ) -> LaneCut {
    bestRandomCut(
      lanes: lanes, features: features, featureCount: featureCount, words: words, node: node,
      of: EntropySums(terms: terms))
  }

  @inline(__always)
  private static func bestRandomCut(
    lanes: UnsafePointer<UInt8>, features: UnsafePointer<UInt32>, featureCount: Int, words: UnsafePointer<UInt32>,
    node: LaneNode, of emptySums: some CutSums
  ) -> LaneCut {
    let values = UnsafeRawPointer(lanes).assumingMemoryBound(to: SIMD32<UInt8>.self)
    var least = values[0]
    var greatest = values[0]
    for index in 1..<node.count {
      least = atelier_min_u8(least, values[index])
      greatest = atelier_max_u8(greatest, values[index])
    }
    let cuts = atelier_random_between_u8(least, greatest, words)
    let (low, high) = scores(values, cuts, node, emptySums)
    var cut = LaneCut()
    var bestFeature = UInt32.max
    for lane in 0..<featureCount {
      let score = lane < 16 ? low[lane] : high[lane &- 16]
      if score > cut.score || score == cut.score && score > -.infinity && features[lane] < bestFeature {
        (cut.score, cut.lane, bestFeature) = (score, lane, features[lane])
      }
      if least[lane] != greatest[lane] { cut.varyingLanes |= 1 << UInt32(truncatingIfNeeded: lane) }
    }
    if cut.lane >= 0 { cut.value = cuts[cut.lane] }
    return cut
  }

  /// Returns the scores of the lanes' cuts; minus infinity for a cut that leaves too few samples on a side.
  @inline(__always)
  private static func scores(
    _ values: UnsafePointer<SIMD32<UInt8>>, _ cuts: SIMD32<UInt8>, _ node: LaneNode, _ emptySums: some CutSums
  ) -> (low: SIMD16<Double>, high: SIMD16<Double>) {
    var (low, high) = (emptySums, emptySums)
    var left = LaneHalves()
    var nodeWeight: UInt32 = 0
    var index = 0
    for rank in 0..<node.labelCount {
      let label = Int(node.labels[rank])
      let labelLeft = leftWeights(values, cuts, node, label: label, from: &index)
      left.add(labelLeft)
      low.add(labelLeft.low, of: node.labelWeights[label])
      high.add(labelLeft.high, of: node.labelWeights[label])
      nodeWeight &+= node.labelWeights[label]
    }
    let samples = node.minSamplesLeaf > 1 ? leftCounts(values, cuts, count: node.count) : nil
    return (
      scores(low, left: left.low, nodeWeight: nodeWeight, leftSamples: samples?.low, node),
      scores(high, left: left.high, nodeWeight: nodeWeight, leftSamples: samples?.high, node)
    )
  }

  /// Returns the weight on the left side of each lane's cut of the samples of a label.
  ///
  /// - Parameter index: the first of these samples; afterwards, the first one of the next label
  @inline(__always)
  private static func leftWeights(
    _ values: UnsafePointer<SIMD32<UInt8>>, _ cuts: SIMD32<UInt8>, _ node: LaneNode, label: Int, from index: inout Int
  ) -> LaneHalves {
    var sums = LaneHalves()
    while index < node.count && node.samples[index].label == label {
      // Sums of a block fit in 16 bits.
      var block = SIMD32<UInt16>()
      var weight: UInt32 = 0
      while index < node.count {
        let sample = node.samples[index]
        weight &+= sample.weight
        if sample.label != label || weight > UInt32(UInt16.max) { break }
        block = atelier_add_if_at_most_u8(block, values[index], cuts, UInt16(truncatingIfNeeded: sample.weight))
        index &+= 1
      }
      sums.add(LaneHalves(block))
    }
    return sums
  }

  /// Returns the number of samples on the left side of each lane's cut, regardless of their weights.
  @inline(__always)
  private static func leftCounts(
    _ values: UnsafePointer<SIMD32<UInt8>>, _ cuts: SIMD32<UInt8>, count: Int
  ) -> LaneHalves {
    var counts = LaneHalves()
    for first in stride(from: 0, to: count, by: Int(UInt16.max)) {
      var block = SIMD32<UInt16>()
      for index in first..<min(first &+ Int(UInt16.max), count) {
        block = atelier_add_if_at_most_u8(block, values[index], cuts, 1)
      }
      counts.add(LaneHalves(block))
    }
    return counts
  }

  /// Returns the scores of 16 cuts.
  ///
  /// - Parameter leftSamples: the number of samples on the left side; nil if one is enough
  @inline(__always)
  private static func scores(
    _ sums: some CutSums, left: SIMD16<UInt32>, nodeWeight: UInt32, leftSamples: SIMD16<UInt32>?, _ node: LaneNode
  ) -> SIMD16<Double> {
    let leftWeight = atelier_double_from_u32(left)
    let rightWeight = Double(nodeWeight) - leftWeight
    var isAllowed = leftWeight .> 0 .& (rightWeight .> 0)
    if let leftSamples {
      let samples = atelier_double_from_u32(leftSamples)
      let minSamples = Double(node.minSamplesLeaf)
      let leavesEnough = samples .>= minSamples .& (Double(node.count) - samples .>= minSamples)
      isAllowed .&= leavesEnough
    }
    let scores = sums.score(left: left, right: nodeWeight &- left, leftWeight: leftWeight, rightWeight: rightWeight)
    var allowed = SIMD16<Double>(repeating: -.infinity)
    allowed.replace(with: scores, where: isAllowed)
    return allowed
  }
}

/// Integers in 32 lanes, as two vectors of 16.
private struct LaneHalves {
  var low = SIMD16<UInt32>()
  var high = SIMD16<UInt32>()

  @inline(__always)
  init() {}

  @inline(__always)
  init(_ lanes: SIMD32<UInt16>) {
    low = unsafeBitCast(atelier_i32_from_low_u16(lanes), to: SIMD16<UInt32>.self)
    high = unsafeBitCast(atelier_i32_from_high_u16(lanes), to: SIMD16<UInt32>.self)
  }

  @inline(__always)
  mutating func add(_ other: LaneHalves) {
    low &+= other.low
    high &+= other.high
  }
}

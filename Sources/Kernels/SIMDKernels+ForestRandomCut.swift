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
    let (least, greatest) = (atelier_least_u8(lanes, node.count), atelier_greatest_u8(lanes, node.count))
    let isFeature = UInt32.max >> UInt32(truncatingIfNeeded: 32 &- featureCount)
    let cuts = RandomCuts(
      values: atelier_random_between_u8(least, greatest, words),
      varyingLanes: atelier_differing_lanes_u8(least, greatest) & isFeature)
    return bestLane(cuts, scores(values, cuts.values, node, emptySums), features, featureCount)
  }

  /// Returns the cut with the best score; of equal scores, the one of the lowest feature.
  @inline(__always)
  static func bestLane(
    _ cuts: RandomCuts, _ scores: LaneScores, _ features: UnsafePointer<UInt32>, _ featureCount: Int
  ) -> LaneCut {
    var cut = LaneCut()
    cut.varyingLanes = cuts.varyingLanes
    var bestFeature = UInt32.max
    // In memory, since vectors would be stored again for each lane.
    withUnsafeTemporaryAllocation(of: Double.self, capacity: 32) { memory in
      let target = UnsafeMutableRawPointer(memory.baseAddress!)
      target.storeBytes(of: scores.low, as: SIMD16<Double>.self)
      target.storeBytes(of: scores.high, toByteOffset: 128, as: SIMD16<Double>.self)
      // The cuts of constant features have no right side.
      var remaining = cuts.varyingLanes
      while remaining != 0 {
        let lane = remaining.trailingZeroBitCount
        remaining &= remaining &- 1
        let score = memory[lane]
        if score > cut.score || score == cut.score && score > -.infinity && features[lane] < bestFeature {
          (cut.score, cut.lane, bestFeature) = (score, lane, features[lane])
        }
      }
    }
    if cut.lane >= 0 { cut.value = cuts.values[cut.lane] }
    return cut
  }

  /// Returns the scores of the lanes' cuts; minus infinity for a cut that leaves too few samples on a side.
  @inline(__always)
  private static func scores(
    _ values: UnsafePointer<SIMD32<UInt8>>, _ cuts: SIMD32<UInt8>, _ node: LaneNode, _ emptySums: some CutSums
  ) -> LaneScores {
    var (low, high) = (emptySums, emptySums)
    var left = LaneHalves()
    var nodeWeight: UInt32 = 0
    for rank in 0..<node.labelCount { nodeWeight &+= node.labelWeights[Int(node.labels[rank])] }
    let weighsOne = nodeWeight == UInt32(truncatingIfNeeded: node.count)
    var index = 0
    for rank in 0..<node.labelCount {
      let label = Int(node.labels[rank])
      let labelLeft =
        weighsOne
        ? leftCounts(values, cuts, from: &index, count: Int(node.labelWeights[label]))
        : leftWeights(values, cuts, node, label: label, from: &index)
      left.add(labelLeft)
      low.add(labelLeft.low, of: node.labelWeights[label])
      high.add(labelLeft.high, of: node.labelWeights[label])
    }
    var first = 0
    let samples =
      node.minSamplesLeaf > 1 && !weighsOne ? leftCounts(values, cuts, from: &first, count: node.count) : left
    let limits = LeafLimits(minSamples: node.minSamplesLeaf, count: node.count)
    return LaneScores(
      low: scores(low, left: left.low, nodeWeight: nodeWeight, leftSamples: samples.low, limits),
      high: scores(high, left: left.high, nodeWeight: nodeWeight, leftSamples: samples.high, limits))
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

  @inline(__always)
  private static func bytes(_ values: UnsafePointer<SIMD32<UInt8>>) -> UnsafePointer<UInt8> {
    UnsafeRawPointer(values).assumingMemoryBound(to: UInt8.self)
  }

  /// Returns the number of samples on the left side of each lane's cut, regardless of their weights.
  ///
  /// - Parameter index: the first of `count` samples; afterwards, the one after the last
  @inline(__always)
  private static func leftCounts(
    _ values: UnsafePointer<SIMD32<UInt8>>, _ cuts: SIMD32<UInt8>, from index: inout Int, count: Int
  ) -> LaneHalves {
    var counts = LaneHalves()
    let end = index &+ count
    while index < end {
      // Counts of a block fit in 8 bits.
      let size = min(255, end &- index)
      counts.add(LaneHalves(atelier_u16_from_u8(atelier_count_at_most_u8(bytes(values + index), size, cuts))))
      index &+= size
    }
    return counts
  }

  /// Returns the scores of 16 cuts; minus infinity for a cut that leaves too few samples on a side.
  ///
  /// - Parameter leftSamples: the number of samples on the left side
  @inline(__always)
  static func scores(
    _ sums: some CutSums, left: SIMD16<UInt32>, nodeWeight: UInt32, leftSamples: SIMD16<UInt32>, _ limits: LeafLimits
  ) -> SIMD16<Double> {
    let leftWeight = atelier_double_from_u32(left)
    let rightWeight = Double(nodeWeight) - leftWeight
    var isAllowed = leftWeight .> 0 .& (rightWeight .> 0)
    if limits.minSamples > 1 {
      let samples = atelier_double_from_u32(leftSamples)
      let minSamples = Double(limits.minSamples)
      let leavesEnough = samples .>= minSamples .& (Double(limits.count) - samples .>= minSamples)
      isAllowed .&= leavesEnough
    }
    let scores = sums.score(left: left, right: nodeWeight &- left, leftWeight: leftWeight, rightWeight: rightWeight)
    var allowed = SIMD16<Double>(repeating: -.infinity)
    allowed.replace(with: scores, where: isAllowed)
    return allowed
  }
}

/// One random cut in each of 32 lanes.
struct RandomCuts {
  var values = SIMD32<UInt8>()
  /// Bit k is set if lane k has two different values in the node.
  var varyingLanes: UInt32 = 0
}

/// The scores of 32 lanes.
struct LaneScores {
  let low: SIMD16<Double>
  let high: SIMD16<Double>
}

/// The minimum number of samples on each side of a cut, and the number of samples on both sides.
struct LeafLimits {
  let minSamples: Int
  let count: Int
}

/// Integers in 32 lanes, as two vectors of 16.
struct LaneHalves {
  var low = SIMD16<UInt32>()
  var high = SIMD16<UInt32>()

  @inline(__always)
  init() {}

  @inline(__always)
  init(low: SIMD16<UInt32>, high: SIMD16<UInt32>) { (self.low, self.high) = (low, high) }

  @inline(__always)
  init(_ lanes: SIMD32<UInt16>) {
    low = atelier_u32_from_low_u16(lanes)
    high = atelier_u32_from_high_u16(lanes)
  }

  @inline(__always)
  mutating func add(_ other: LaneHalves) {
    low &+= other.low
    high &+= other.high
  }
}

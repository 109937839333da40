internal import CInstructions
package import KernelInterface

extension SIMDKernels {
  package static func bestGiniCut(
    lanes: UnsafePointer<UInt8>, features: UnsafePointer<UInt32>, featureCount: Int, node: SmallNode,
    scratch: UnsafeMutablePointer<SIMD32<UInt16>>
  ) -> LaneCut {
    let keys = sortedKeys(lanes: lanes, node: node, scratch: scratch)
    let (best, bestIndex) = bestScores(
      keys: keys, node: node, scratch: scratch + node.count, of: SmallGiniSums(node: node))
    var cut = bestLane(best, bestIndex, keys: keys, features: features, featureCount: featureCount, node: node)
    // The score is the bits of a float.
    if cut.lane >= 0 { cut.score = Double(Float(bitPattern: UInt32(cut.score))) }
    return cut
  }

  package static func bestEntropyCut(
    lanes: UnsafePointer<UInt8>, features: UnsafePointer<UInt32>, featureCount: Int, node: SmallNode,
    terms: UnsafePointer<Int32>, scratch: UnsafeMutablePointer<SIMD32<UInt16>>
  ) -> LaneCut {
    let keys = sortedKeys(lanes: lanes, node: node, scratch: scratch)
    let sums = SmallEntropySums(node: node, terms: terms)
    let (best, bestIndex) = bestScores(keys: keys, node: node, scratch: scratch + node.count, of: sums)
    return bestLane(best, bestIndex, keys: keys, features: features, featureCount: featureCount, node: node)
  }

  /// Sorts the samples by value, in every lane at once.
  ///
  /// A key is a value (upper byte) and the code of its sample (lower byte). The sort is Batcher's merge exchange
  /// (Knuth, The Art of Computer Programming 3, 5.2.2, algorithm M).
  @inline(__always)
  private static func sortedKeys(
    lanes: UnsafePointer<UInt8>, node: SmallNode, scratch keys: UnsafeMutablePointer<SIMD32<UInt16>>
  ) -> UnsafePointer<SIMD32<UInt16>> {
    let count = node.count
    let values = UnsafeRawPointer(lanes).assumingMemoryBound(to: SIMD32<UInt8>.self)
    for index in 0..<count {
      keys[index] = atelier_u16_from_bytes(values[index], node.codes[index])
    }
    if count < 2 { return UnsafePointer(keys) }
    let top = 1 << (Int.bitWidth - 1 - (count &- 1).leadingZeroBitCount)
    var p = top
    while p > 0 {
      var q = top
      var r = 0
      var distance = p
      while true {
        for index in 0..<max(count &- distance, 0) where index & p == r {
          let a = keys[index]
          let b = keys[index &+ distance]
          keys[index] = atelier_min_u16(a, b)
          keys[index &+ distance] = atelier_max_u16(a, b)
        }
        if q == p { break }
        distance = q &- p
        q &>>= 1
        r = p
      }
      p &>>= 1
    }
    return UnsafePointer(keys)
  }

  /// Returns the best score of each lane, and the index of the last key that goes left.
  @inline(__always)
  private static func bestScores(
    keys: UnsafePointer<SIMD32<UInt16>>, node: SmallNode, scratch leftWeights: UnsafeMutablePointer<SIMD32<UInt16>>,
    of emptySums: some SmallNodeSums
  ) -> (best: Halves, bestIndex: Halves) {
    var sums = emptySums
    let worst = SIMD16<Int32>(repeating: .min)
    var best = Halves(low: worst, high: worst)
    var bestIndex = Halves(low: SIMD16(), high: SIMD16())
    for rank in 0..<node.labelCount { leftWeights[rank] = SIMD32() }
    for index in 0..<max(node.count &- 1, 0) {
      let key = keys[index]
      let weight = atelier_and_u16(key, SIMD32(repeating: 15))
      let rankBits = atelier_and_u16(key, SIMD32(repeating: 240))
      var labelLeft = SIMD32<UInt16>()
      var labelWeight = SIMD32<UInt16>()
      for rank in 0..<node.labelCount {
        let bits = SIMD32(repeating: UInt16(truncatingIfNeeded: rank) &* 16)
        let left = leftWeights[rank]
        labelLeft = atelier_if_equal_u16(rankBits, bits, left, labelLeft)
        labelWeight = atelier_if_equal_u16(rankBits, bits, SIMD32(repeating: node.labelWeights[rank]), labelWeight)
        leftWeights[rank] = left &+ atelier_if_equal_u16(rankBits, bits, weight, SIMD32())
      }
      sums.moveLeft(weight, labelLeft: labelLeft, labelRight: labelWeight &- labelLeft)
      if index &+ 1 < node.minSamplesLeaf || node.count &- index &- 1 < node.minSamplesLeaf { continue }
      let difference = Halves(atelier_xor_u16(key, keys[index &+ 1]))
      let scores = sums.scores
      let low = atelier_if_greater_i32(difference.low, SIMD16(repeating: 255), scores.low, worst)
      let high = atelier_if_greater_i32(difference.high, SIMD16(repeating: 255), scores.high, worst)
      let position = SIMD16(repeating: Int32(truncatingIfNeeded: index))
      bestIndex.low = atelier_if_greater_i32(low, best.low, position, bestIndex.low)
      bestIndex.high = atelier_if_greater_i32(high, best.high, position, bestIndex.high)
      best.low = atelier_if_greater_i32(low, best.low, low, best.low)
      best.high = atelier_if_greater_i32(high, best.high, high, best.high)
    }
    return (best, bestIndex)
  }

  /// Returns the cut of the lane with the best score; of equal scores, the lane with the lowest feature.
  @inline(__always)
  private static func bestLane(
    _ best: Halves, _ bestIndex: Halves, keys: UnsafePointer<SIMD32<UInt16>>, features: UnsafePointer<UInt32>,
    featureCount: Int, node: SmallNode
  ) -> LaneCut {
    var cut = LaneCut()
    cut.varyingLanes =
      atelier_greater_lanes_u16(atelier_xor_u16(keys[0], keys[max(node.count &- 1, 0)]), SIMD32(repeating: 255))
      & UInt32.max >> UInt32(truncatingIfNeeded: 32 &- featureCount)
    var bestScore = Int32.min
    var bestFeature = UInt32.max
    // In memory, since vectors would be stored again for each lane.
    withUnsafeTemporaryAllocation(of: Int32.self, capacity: 32) { scores in
      let target = UnsafeMutableRawPointer(scores.baseAddress!)
      target.storeBytes(of: best.low, as: SIMD16<Int32>.self)
      target.storeBytes(of: best.high, toByteOffset: 64, as: SIMD16<Int32>.self)
      // Constant features have no cuts.
      var remaining = cut.varyingLanes
      while remaining != 0 {
        let lane = remaining.trailingZeroBitCount
        remaining &= remaining &- 1
        let score = scores[lane]
        if score > bestScore || score == bestScore && score > .min && features[lane] < bestFeature {
          (bestScore, bestFeature, cut.lane) = (score, features[lane], lane)
        }
      }
    }
    if cut.lane >= 0 {
      cut.score = Double(bestScore)
      cut.value = UInt8(truncatingIfNeeded: keys[Int(bestIndex[cut.lane])][cut.lane] >> 8)
    }
    return cut
  }
}

/// 32 lanes as two vectors of 16.
private struct Halves {
  var low: SIMD16<Int32>
  var high: SIMD16<Int32>

  @inline(__always)
  init(low: SIMD16<Int32>, high: SIMD16<Int32>) { (self.low, self.high) = (low, high) }

  @inline(__always)
  init(_ lanes: SIMD32<UInt16>) {
    self.init(low: atelier_i32_from_low_u16(lanes), high: atelier_i32_from_high_u16(lanes))
  }

  subscript(lane: Int) -> Int32 {
    @inline(__always) get { lane < 16 ? low[lane] : high[lane &- 16] }
  }
}

/// The sums of a criterion while samples move to the left side, in 32 lanes.
private protocol SmallNodeSums {
  /// Moves one sample of each lane to the left side.
  ///
  /// - Parameters:
  ///   - labelLeft: the weight of its label on the left before the move
  ///   - labelRight: the weight of its label on the right before the move
  mutating func moveLeft(_ weight: SIMD32<UInt16>, labelLeft: SIMD32<UInt16>, labelRight: SIMD32<UInt16>)

  /// The scores of the cut after the last moved sample, as integers in the same order as the scores.
  var scores: Halves { get }
}

/// Sums of squares in 32 bits, and quotients of integers below 2^24.
private struct SmallGiniSums: SmallNodeSums {
  private var leftSquares = Halves(low: SIMD16(), high: SIMD16())
  private var rightSquares: Halves
  private var leftWeight = SIMD32<UInt16>()
  private var rightWeight: SIMD32<UInt16>

  @inline(__always)
  init(node: SmallNode) {
    var weight: UInt16 = 0
    var squares: Int32 = 0
    for rank in 0..<node.labelCount {
      weight &+= node.labelWeights[rank]
      squares &+= Int32(node.labelWeights[rank]) &* Int32(node.labelWeights[rank])
    }
    rightWeight = SIMD32(repeating: weight)
    rightSquares = Halves(low: SIMD16(repeating: squares), high: SIMD16(repeating: squares))
  }

  @inline(__always)
  mutating func moveLeft(_ weight: SIMD32<UInt16>, labelLeft: SIMD32<UInt16>, labelRight: SIMD32<UInt16>) {
    // (L + w)^2 - L^2 = w (2 L + w), which is below 15 * (2 * 406 + 15).
    let gained = Halves(weight &* (labelLeft &+ labelLeft &+ weight))
    let lost = Halves(weight &* (labelRight &+ labelRight &- weight))
    leftSquares.low &+= gained.low
    leftSquares.high &+= gained.high
    rightSquares.low &-= lost.low
    rightSquares.high &-= lost.high
    leftWeight &+= weight
    rightWeight &-= weight
  }

  var scores: Halves {
    @inline(__always) get {
      let left = Halves(leftWeight)
      let right = Halves(rightWeight)
      return Halves(
        low: quotients(leftSquares.low, rightSquares.low, left.low, right.low),
        high: quotients(leftSquares.high, rightSquares.high, left.high, right.high))
    }
  }

  /// Returns the bits of the quotients: positive floats have the same order as their bits.
  @inline(__always)
  private func quotients(
    _ leftSquares: SIMD16<Int32>, _ rightSquares: SIMD16<Int32>, _ left: SIMD16<Int32>, _ right: SIMD16<Int32>
  ) -> SIMD16<Int32> {
    atelier_quotient_bits(leftSquares &* right &+ rightSquares &* left, left &* right)
  }
}

/// Sums of n log2 n: weight times entropy is n log2 n of the side minus the sum of its labels' n log2 n.
private struct SmallEntropySums: SmallNodeSums {
  private let terms: UnsafePointer<Int32>
  private var sum: Halves
  private var leftWeight = SIMD32<UInt16>()
  private var rightWeight = SIMD32<UInt16>()

  @inline(__always)
  init(node: SmallNode, terms: UnsafePointer<Int32>) {
    self.terms = terms
    var weight: UInt16 = 0
    var whole: Int32 = 0
    for rank in 0..<node.labelCount {
      weight &+= node.labelWeights[rank]
      whole &+= terms[Int(node.labelWeights[rank])]
    }
    rightWeight = SIMD32(repeating: weight)
    sum = Halves(low: SIMD16(repeating: whole), high: SIMD16(repeating: whole))
  }

  @inline(__always)
  mutating func moveLeft(_ weight: SIMD32<UInt16>, labelLeft: SIMD32<UInt16>, labelRight: SIMD32<UInt16>) {
    let left = Halves(labelLeft)
    let right = Halves(labelRight)
    let newLeft = Halves(labelLeft &+ weight)
    let newRight = Halves(labelRight &- weight)
    sum.low &+= term(newLeft.low) &- term(left.low) &+ term(newRight.low) &- term(right.low)
    sum.high &+= term(newLeft.high) &- term(left.high) &+ term(newRight.high) &- term(right.high)
    leftWeight &+= weight
    rightWeight &-= weight
  }

  var scores: Halves {
    @inline(__always) get {
      let left = Halves(leftWeight)
      let right = Halves(rightWeight)
      return Halves(
        low: sum.low &- term(left.low) &- term(right.low), high: sum.high &- term(left.high) &- term(right.high))
    }
  }

  @inline(__always)
  private func term(_ weight: SIMD16<Int32>) -> SIMD16<Int32> { atelier_gather_i32(terms, weight) }
}

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
    var weight = 0
    for rank in 0..<node.labelCount { weight &+= Int(node.labelWeights[rank]) }
    let (best, bestIndex) =
      weight == node.count
      ? bestUnitScores(keys: keys, node: node, terms: terms, scratch: scratch + node.count)
      : bestScores(
        keys: keys, node: node, scratch: scratch + node.count, of: SmallEntropySums(node: node, terms: terms))
    return bestLane(best, bestIndex, keys: keys, features: features, featureCount: featureCount, node: node)
  }

  /// Sorts the samples by value, in every lane at once. A key is a value (upper byte) and the code of its sample (lower
  /// byte).
  @inline(__always)
  private static func sortedKeys(
    lanes: UnsafePointer<UInt8>, node: SmallNode, scratch keys: UnsafeMutablePointer<SIMD32<UInt16>>
  ) -> UnsafePointer<SIMD32<UInt16>> {
    let values = UnsafeRawPointer(lanes).assumingMemoryBound(to: SIMD32<UInt8>.self)
    for index in 0..<node.count {
      keys[index] = atelier_u16_from_rotated_bytes(values[index], node.codes[index])
    }
    atelier_sort_lanes_u16(keys, node.count)
    return UnsafePointer(keys)
  }

  /// Returns the best scores by entropy of a node whose samples weigh 1.
  @inline(__always)
  private static func bestUnitScores(
    keys: UnsafePointer<SIMD32<UInt16>>, node: SmallNode, terms: UnsafePointer<Int32>,
    scratch: UnsafeMutablePointer<SIMD32<UInt16>>
  ) -> (best: Halves, bestIndex: Halves) {
    withUnsafeTemporaryAllocation(byteCount: 4 * UnitEntropySums.differenceLimit, alignment: 64) { memory in
      let differences = memory.baseAddress!.assumingMemoryBound(to: Int32.self)
      return bestScores(
        keys: keys, node: node, scratch: scratch,
        of: UnitEntropySums(node: node, terms: terms, differences: differences))
    }
  }

  /// Returns the best score of each lane, and the index of the last key that goes left.
  @inline(__always)
  private static func bestScores(
    keys: UnsafePointer<SIMD32<UInt16>>, node: SmallNode, scratch leftWeights: UnsafeMutablePointer<SIMD32<UInt16>>,
    of emptySums: some SmallNodeSums
  ) -> (best: Halves, bestIndex: Halves) {
    var sums = emptySums
    let worst = SIMD16<Int32>(repeating: .min)
    var best = Halves(even: worst, odd: worst)
    var bestIndex = Halves(even: SIMD16(), odd: SIMD16())
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
      let even = atelier_if_greater_i32(difference.even, SIMD16(repeating: 255), scores.even, worst)
      let odd = atelier_if_greater_i32(difference.odd, SIMD16(repeating: 255), scores.odd, worst)
      let position = SIMD16(repeating: Int32(truncatingIfNeeded: index))
      bestIndex.even = atelier_if_greater_i32(even, best.even, position, bestIndex.even)
      bestIndex.odd = atelier_if_greater_i32(odd, best.odd, position, bestIndex.odd)
      best.even = atelier_if_greater_i32(even, best.even, even, best.even)
      best.odd = atelier_if_greater_i32(odd, best.odd, odd, best.odd)
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
      target.storeBytes(of: best.even, as: SIMD16<Int32>.self)
      target.storeBytes(of: best.odd, toByteOffset: 64, as: SIMD16<Int32>.self)
      // Constant features have no cuts.
      var remaining = cut.varyingLanes
      while remaining != 0 {
        let lane = remaining.trailingZeroBitCount
        remaining &= remaining &- 1
        let score = scores[lane % 2 * 16 + lane / 2]
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

/// 32 lanes as two vectors of 16: splitting into even and odd lanes takes no shuffle.
private struct Halves {
  var even: SIMD16<Int32>
  var odd: SIMD16<Int32>

  @inline(__always)
  init(even: SIMD16<Int32>, odd: SIMD16<Int32>) { (self.even, self.odd) = (even, odd) }

  @inline(__always)
  init(_ lanes: SIMD32<UInt16>) {
    self.init(even: atelier_i32_from_even_u16(lanes), odd: atelier_i32_from_odd_u16(lanes))
  }

  subscript(lane: Int) -> Int32 {
    @inline(__always) get { lane % 2 == 0 ? even[lane / 2] : odd[lane / 2] }
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
  private var leftSquares = Halves(even: SIMD16(), odd: SIMD16())
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
    rightSquares = Halves(even: SIMD16(repeating: squares), odd: SIMD16(repeating: squares))
  }

  @inline(__always)
  mutating func moveLeft(_ weight: SIMD32<UInt16>, labelLeft: SIMD32<UInt16>, labelRight: SIMD32<UInt16>) {
    // (L + w)^2 - L^2 = w (2 L + w), which is below 15 * (2 * 406 + 15).
    let gained = Halves(weight &* (labelLeft &+ labelLeft &+ weight))
    let lost = Halves(weight &* (labelRight &+ labelRight &- weight))
    leftSquares.even &+= gained.even
    leftSquares.odd &+= gained.odd
    rightSquares.even &-= lost.even
    rightSquares.odd &-= lost.odd
    leftWeight &+= weight
    rightWeight &-= weight
  }

  var scores: Halves {
    @inline(__always) get {
      let left = Halves(leftWeight)
      let right = Halves(rightWeight)
      return Halves(
        even: quotients(leftSquares.even, rightSquares.even, left.even, right.even),
        odd: quotients(leftSquares.odd, rightSquares.odd, left.odd, right.odd))
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
    sum = Halves(even: SIMD16(repeating: whole), odd: SIMD16(repeating: whole))
  }

  @inline(__always)
  mutating func moveLeft(_ weight: SIMD32<UInt16>, labelLeft: SIMD32<UInt16>, labelRight: SIMD32<UInt16>) {
    let left = Halves(labelLeft)
    let right = Halves(labelRight)
    let newLeft = Halves(labelLeft &+ weight)
    let newRight = Halves(labelRight &- weight)
    sum.even &+= term(newLeft.even) &- term(left.even) &+ term(newRight.even) &- term(right.even)
    sum.odd &+= term(newLeft.odd) &- term(left.odd) &+ term(newRight.odd) &- term(right.odd)
    leftWeight &+= weight
    rightWeight &-= weight
  }

  var scores: Halves {
    @inline(__always) get {
      let left = Halves(leftWeight)
      let right = Halves(rightWeight)
      return Halves(
        even: sum.even &- term(left.even) &- term(right.even), odd: sum.odd &- term(left.odd) &- term(right.odd))
    }
  }

  @inline(__always)
  private func term(_ weight: SIMD16<Int32>) -> SIMD16<Int32> { atelier_gather_i32(terms, weight) }
}

/// The same sums where every sample weighs 1: a term changes by a difference of successive terms, and the weights of
/// both sides are the same in all lanes.
private struct UnitEntropySums: SmallNodeSums {
  private let terms: UnsafePointer<Int32>
  private let differences: UnsafePointer<Int32>
  private var differenceCount = 0
  private var leftWeight = 0
  private var rightWeight: Int
  private var sum: Halves

  /// A multiple of 64, above the number of differences of a small node.
  static var differenceLimit: Int { 448 }

  /// - Parameter differences: (differenceLimit), aligned to 64 bytes, overwritten
  @inline(__always)
  init(node: SmallNode, terms: UnsafePointer<Int32>, differences: UnsafeMutablePointer<Int32>) {
    (self.terms, self.differences) = (terms, UnsafePointer(differences))
    rightWeight = node.count
    var whole: Int32 = 0
    for rank in 0..<node.labelCount {
      let weight = Int(node.labelWeights[rank])
      differenceCount = weight > differenceCount ? weight : differenceCount
      whole &+= terms[weight]
    }
    sum = Halves(even: SIMD16(repeating: whole), odd: SIMD16(repeating: whole))
    atelier_prepare_differences(terms, differenceCount, differences)
  }

  @inline(__always)
  mutating func moveLeft(_ weight: SIMD32<UInt16>, labelLeft: SIMD32<UInt16>, labelRight: SIMD32<UInt16>) {
    let gained = difference(labelLeft)
    let lost = difference(labelRight &- weight)
    sum.even &+= gained.even &- lost.even
    sum.odd &+= gained.odd &- lost.odd
    leftWeight &+= 1
    rightWeight &-= 1
  }

  /// Returns the term of each weight plus one, minus that of the weight.
  @inline(__always)
  private func difference(_ weight: SIMD32<UInt16>) -> Halves {
    var halves = Halves(even: SIMD16(), odd: SIMD16())
    atelier_differences(differences, differenceCount, weight, &halves)
    return halves
  }

  var scores: Halves {
    @inline(__always) get {
      let sides = SIMD16(repeating: terms[leftWeight] &+ terms[rightWeight])
      return Halves(even: sum.even &- sides, odd: sum.odd &- sides)
    }
  }
}

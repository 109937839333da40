internal import CInstructions
package import KernelInterface

extension SIMDKernels {
  package static func countValues(
    samples: UnsafePointer<TreeSample>, count: Int, columns: UnsafePointer<UnsafePointer<UInt8>>,
    histograms: UnsafeMutablePointer<UInt32>, stride: Int
  ) {
    countValues(samples, count, columns, histograms, stride) { samples[$0].row }
  }

  package static func countValues(
    samples: UnsafePointer<TreeSample>, count: Int, values: UnsafePointer<UnsafePointer<UInt8>>,
    histograms: UnsafeMutablePointer<UInt32>, stride: Int
  ) {
    countValues(samples, count, values, histograms, stride) { $0 }
  }

  /// - Parameter place: the place of a sample's values in the columns
  @inline(__always)
  private static func countValues(
    _ samples: UnsafePointer<TreeSample>, _ count: Int, _ columns: UnsafePointer<UnsafePointer<UInt8>>,
    _ histograms: UnsafeMutablePointer<UInt32>, _ stride: Int, place: (_ index: Int) -> Int
  ) {
    let (a, b, c, d) = (columns[0], columns[1], columns[2], columns[3])
    let (first, second) = (histograms, histograms + stride)
    let (third, fourth) = (second + stride, second + 2 &* stride)
    for index in 0..<count {
      let sample = samples[index]
      let weight = sample.weight
      let place = place(index)
      first[bin(sample, a[place])] &+= weight
      second[bin(sample, b[place])] &+= weight
      third[bin(sample, c[place])] &+= weight
      fourth[bin(sample, d[place])] &+= weight
    }
  }

  @inline(__always)
  private static func bin(_ sample: TreeSample, _ value: UInt8) -> Int {
    Int(UInt16(truncatingIfNeeded: sample.bits) | UInt16(value >> 4 | value << 4))
  }

  package static func bestGiniCut(
    histogram: UnsafePointer<UInt32>, node: HistogramNode, scratch: UnsafeMutablePointer<SIMD16<UInt32>>
  ) -> FeatureCut {
    bestCut(
      histogram: histogram, node: node, scratch: scratch,
      of: GiniSums(labels: node.labels, labelCount: node.labelCount, labelWeights: node.labelWeights))
  }

  package static func bestEntropyCut(
    histogram: UnsafePointer<UInt32>, node: HistogramNode, terms: UnsafePointer<Int64>,
    scratch: UnsafeMutablePointer<SIMD16<UInt32>>
  ) -> FeatureCut {
    bestCut(histogram: histogram, node: node, scratch: scratch, of: EntropySums(terms: terms))
  }

  /// Tries the cuts at the values 16 k..<16 k + 16 in lane k, one after the other.
  @inline(__always)
  private static func bestCut(
    histogram: UnsafePointer<UInt32>, node: HistogramNode, scratch: UnsafeMutablePointer<SIMD16<UInt32>>,
    of emptySums: some CutSums
  ) -> FeatureCut {
    var nodeWeight: UInt32 = 0
    for rank in 0..<node.labelCount {
      let label = Int(node.labels[rank])
      nodeWeight &+= node.labelWeights[label]
      scratch[rank] = sumsBelowLanes(vectors(histogram + label &* 256))
    }
    let limitsSamples = node.minSamplesLeaf > 1
    let minSamples = Double(node.minSamplesLeaf)
    var leftSamples = limitsSamples ? sumsBelowLanes(vectors(node.valueCounts)) : SIMD16<UInt32>()
    var best = SIMD16<Double>(repeating: -.infinity)
    var bestStep = SIMD16<Double>()
    for step in 0..<16 {
      var sums = emptySums
      var left = SIMD16<UInt32>()
      for rank in 0..<node.labelCount {
        let label = Int(node.labels[rank])
        let labelLeft = scratch[rank] &+ vectors(histogram + label &* 256)[step]
        scratch[rank] = labelLeft
        left &+= labelLeft
        sums.add(labelLeft, of: node.labelWeights[label])
      }
      let leftWeight = atelier_double_from_u32(left)
      let rightWeight = Double(nodeWeight) - leftWeight
      var isBetter = leftWeight .> 0 .& (rightWeight .> 0)
      if limitsSamples {
        leftSamples &+= vectors(node.valueCounts)[step]
        let samples = atelier_double_from_u32(leftSamples)
        let leavesEnough = samples .>= minSamples .& (Double(node.count) - samples .>= minSamples)
        isBetter .&= leavesEnough
      }
      let score = sums.score(left: left, right: nodeWeight &- left, leftWeight: leftWeight, rightWeight: rightWeight)
      isBetter .&= score .> best
      best.replace(with: score, where: isBetter)
      bestStep.replace(with: Double(step), where: isBetter)
    }
    var cut = FeatureCut(score: -.infinity, value: 0)
    for lane in 0..<16 where best[lane] > cut.score {
      cut = FeatureCut(score: best[lane], value: UInt8(truncatingIfNeeded: lane &* 16 &+ Int(bestStep[lane])))
    }
    return cut
  }

  /// Returns, for each lane, the sum of all 16 vectors over the lower lanes.
  @inline(__always)
  private static func sumsBelowLanes(_ vectors: UnsafePointer<SIMD16<UInt32>>) -> SIMD16<UInt32> {
    var sums = vectors[0]
    for step in 1..<16 { sums &+= vectors[step] }
    var below = SIMD16<UInt32>()
    var sum: UInt32 = 0
    for lane in 0..<16 {
      below[lane] = sum
      sum &+= sums[lane]
    }
    return below
  }

  @inline(__always)
  private static func vectors(_ bins: UnsafePointer<UInt32>) -> UnsafePointer<SIMD16<UInt32>> {
    UnsafeRawPointer(bins).assumingMemoryBound(to: SIMD16<UInt32>.self)
  }
}

/// The sums of a criterion over the labels, for 16 cuts at once.
protocol CutSums {
  /// Adds a label.
  ///
  /// - Parameters:
  ///   - labelLeft: the label's weight on the left side of each cut
  ///   - labelWeight: its weight on both sides
  mutating func add(_ labelLeft: SIMD16<UInt32>, of labelWeight: UInt32)

  func score(
    left: SIMD16<UInt32>, right: SIMD16<UInt32>, leftWeight: SIMD16<Double>, rightWeight: SIMD16<Double>
  ) -> SIMD16<Double>
}

/// Sums of squares on both sides, in integers until the final quotient.
struct GiniSums: CutSums {
  private var nodeSquares = 0.0
  private var leftSquares = SIMD16<Double>()
  private var products = SIMD16<Double>()

  @inline(__always)
  init(labels: UnsafePointer<UInt8>, labelCount: Int, labelWeights: UnsafePointer<UInt32>) {
    for rank in 0..<labelCount {
      let weight = Double(labelWeights[Int(labels[rank])])
      nodeSquares += weight * weight
    }
  }

  @inline(__always)
  mutating func add(_ labelLeft: SIMD16<UInt32>, of labelWeight: UInt32) {
    let left = atelier_double_from_u32(labelLeft)
    leftSquares += left * left
    products += left * Double(labelWeight)
  }

  @inline(__always)
  func score(
    left: SIMD16<UInt32>, right: SIMD16<UInt32>, leftWeight: SIMD16<Double>, rightWeight: SIMD16<Double>
  ) -> SIMD16<Double> {
    // The sum of (T - L)^2 is the sum of T^2 - 2 T L + L^2.
    let rightSquares = nodeSquares - 2 * products + leftSquares
    return (leftSquares * rightWeight + rightSquares * leftWeight) / (leftWeight * rightWeight)
  }
}

/// Sums of n log2 n: weight times entropy is n log2 n of the side minus the sum of its labels' n log2 n.
struct EntropySums: CutSums {
  private let terms: UnsafePointer<Int64>
  private var sum = SIMD16<Int64>()

  @inline(__always)
  init(terms: UnsafePointer<Int64>) { self.terms = terms }

  @inline(__always)
  mutating func add(_ labelLeft: SIMD16<UInt32>, of labelWeight: UInt32) {
    sum &+= atelier_gather_i64(terms, labelLeft) &+ atelier_gather_i64(terms, labelWeight &- labelLeft)
  }

  @inline(__always)
  func score(
    left: SIMD16<UInt32>, right: SIMD16<UInt32>, leftWeight: SIMD16<Double>, rightWeight: SIMD16<Double>
  ) -> SIMD16<Double> {
    atelier_double_from_i64(sum &- atelier_gather_i64(terms, left) &- atelier_gather_i64(terms, right))
  }
}

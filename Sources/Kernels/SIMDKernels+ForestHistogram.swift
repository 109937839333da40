internal import CInstructions
package import KernelInterface

extension SIMDKernels {
  package static func countValues(
    samples: UnsafePointer<TreeSample>, count: Int, columns: UnsafePointer<UnsafePointer<UInt8>>,
    following: UnsafePointer<UnsafePointer<UInt8>>?, histograms: UnsafeMutableRawPointer, bins: HistogramBins
  ) {
    guard let following else {
      return countValues(samples, count, columns, histograms, bins) { samples[$0].row }
    }
    let (a, b, c, d) = (following[0], following[1], following[2], following[3])
    countValues(samples, count, columns, histograms, bins) { index in
      let row = samples[index].row
      atelier_prefetch_second_level(a + row)
      atelier_prefetch_second_level(b + row)
      atelier_prefetch_second_level(c + row)
      atelier_prefetch_second_level(d + row)
      return row
    }
  }

  package static func countValues(
    samples: UnsafePointer<TreeSample>, count: Int, values: UnsafePointer<UnsafePointer<UInt8>>,
    histograms: UnsafeMutableRawPointer, bins: HistogramBins
  ) {
    countValues(samples, count, values, histograms, bins) { $0 }
  }

  @inline(__always)
  private static func countValues(
    _ samples: UnsafePointer<TreeSample>, _ count: Int, _ columns: UnsafePointer<UnsafePointer<UInt8>>,
    _ histograms: UnsafeMutableRawPointer, _ bins: HistogramBins, place: (_ index: Int) -> Int
  ) {
    switch bins {
    case .narrow:
      countValues(samples, count, columns, histograms.assumingMemoryBound(to: UInt16.self), place: place)
    case .wide:
      countValues(samples, count, columns, histograms.assumingMemoryBound(to: UInt32.self), place: place)
    }
  }

  /// - Parameter place: the place of a sample's values in the columns
  @inline(__always)
  private static func countValues<Bin: HistogramBin>(
    _ samples: UnsafePointer<TreeSample>, _ count: Int, _ columns: UnsafePointer<UnsafePointer<UInt8>>,
    _ histograms: UnsafeMutablePointer<Bin>, place: (_ index: Int) -> Int
  ) {
    let (a, b, c, d) = (columns[0], columns[1], columns[2], columns[3])
    for index in 0..<count {
      let sample = samples[index]
      let weight = sample.weight
      let place = place(index)
      let bins = histograms + sample.label &* 1024
      Bin.add(weight, to: bins + Int(a[place]))
      Bin.add(weight, to: bins + 256 + Int(b[place]))
      Bin.add(weight, to: bins + 512 + Int(c[place]))
      Bin.add(weight, to: bins + 768 + Int(d[place]))
    }
  }

  package static func bestGiniCut(
    histogram: UnsafeRawPointer, node: HistogramNode, floor: Double, scratch: UnsafeMutablePointer<SIMD16<UInt32>>
  ) -> FeatureCut {
    bestCut(
      histogram: histogram, node: node, floor: floor, scratch: scratch,
      of: GiniSums(labels: node.labels, labelCount: node.labelCount, labelWeights: node.labelWeights),
      estimates: GiniEstimates(node))
  }

  package static func bestEntropyCut(
    histogram: UnsafeRawPointer, node: HistogramNode, floor: Double, terms: UnsafePointer<Int64>,
    scratch: UnsafeMutablePointer<SIMD16<UInt32>>
  ) -> FeatureCut {
    bestCut(
      histogram: histogram, node: node, floor: floor, scratch: scratch, of: EntropySums(terms: terms),
      estimates: EntropyEstimates(node))
  }

  @inline(__always)
  private static func bestCut(
    histogram: UnsafeRawPointer, node: HistogramNode, floor: Double, scratch: UnsafeMutablePointer<SIMD16<UInt32>>,
    of emptySums: some CutSums, estimates: some CutEstimates
  ) -> FeatureCut {
    switch node.bins {
    case .narrow:
      bestCut(histogram.assumingMemoryBound(to: UInt16.self), node, floor, scratch, emptySums, estimates)
    case .wide:
      bestCut(histogram.assumingMemoryBound(to: UInt32.self), node, floor, scratch, emptySums, estimates)
    }
  }

  /// Tries the cuts at the values 16 k..<16 k + 16 in lane k, one after the other. The scores of 16 cuts are computed
  /// only if their estimates allow that one of them is not below the best score so far.
  @inline(__always)
  private static func bestCut<Bin: HistogramBin>(
    _ histogram: UnsafePointer<Bin>, _ node: HistogramNode, _ floor: Double,
    _ scratch: UnsafeMutablePointer<SIMD16<UInt32>>, _ emptySums: some CutSums, _ noEstimates: some CutEstimates
  ) -> FeatureCut {
    for rank in 0..<node.labelCount {
      scratch[rank] = sumsBelowLanes(histogram + Int(node.labels[rank]) &* 1024)
    }
    let limitsSamples = node.minSamplesLeaf > 1
    let counts = UnsafeRawPointer(node.valueCounts).assumingMemoryBound(to: UInt32.self)
    var leftSamples = limitsSamples ? sumsBelowLanes(counts) : SIMD16<UInt32>()
    var best = SIMD16<Double>(repeating: -.infinity)
    var bestStep = SIMD16<Double>()
    var floor = floor
    for step in 0..<16 {
      var estimates = noEstimates
      for rank in 0..<node.labelCount {
        let label = Int(node.labels[rank])
        let labelLeft = scratch[rank] &+ Bin.vector(histogram + label &* 1024, step)
        scratch[rank] = labelLeft
        estimates.add(labelLeft, of: node.labelWeights[label])
      }
      if limitsSamples { leftSamples &+= UInt32.vector(counts, step) }
      if !estimates.mayReach(floor) { continue }
      let scores = scores(scratch, node, emptySums, leftSamples: leftSamples)
      let isBetter = scores .> best
      best.replace(with: scores, where: isBetter)
      bestStep.replace(with: Double(step), where: isBetter)
      for lane in 0..<16 where best[lane] > floor { floor = best[lane] }
    }
    var cut = FeatureCut(score: -.infinity, value: 0)
    for lane in 0..<16 where best[lane] > cut.score && best[lane] >= floor {
      cut = FeatureCut(score: best[lane], value: UInt8(truncatingIfNeeded: lane &* 16 &+ Int(bestStep[lane])))
    }
    return cut
  }

  /// Returns the scores of 16 cuts; minus infinity for a cut that leaves too few samples on a side.
  ///
  /// - Parameter labelsLeft: (node.labelCount), the weight of each label on the left side
  @inline(__always)
  private static func scores(
    _ labelsLeft: UnsafePointer<SIMD16<UInt32>>, _ node: HistogramNode, _ emptySums: some CutSums,
    leftSamples: SIMD16<UInt32>
  ) -> SIMD16<Double> {
    var sums = emptySums
    var left = SIMD16<UInt32>()
    var nodeWeight: UInt32 = 0
    for rank in 0..<node.labelCount {
      let labelWeight = node.labelWeights[Int(node.labels[rank])]
      nodeWeight &+= labelWeight
      left &+= labelsLeft[rank]
      sums.add(labelsLeft[rank], of: labelWeight)
    }
    let leftWeight = atelier_double_from_u32(left)
    let rightWeight = Double(nodeWeight) - leftWeight
    var isCut = leftWeight .> 0 .& (rightWeight .> 0)
    if node.minSamplesLeaf > 1 {
      let samples = atelier_double_from_u32(leftSamples)
      let minSamples = Double(node.minSamplesLeaf)
      isCut .&= samples .>= minSamples .& (Double(node.count) - samples .>= minSamples)
    }
    var scores = SIMD16<Double>(repeating: -.infinity)
    scores.replace(
      with: sums.score(left: left, right: nodeWeight &- left, leftWeight: leftWeight, rightWeight: rightWeight),
      where: isCut)
    return scores
  }

  /// Returns, for each lane, the sum of all 16 vectors over the lower lanes.
  @inline(__always)
  private static func sumsBelowLanes<Bin: HistogramBin>(_ bins: UnsafePointer<Bin>) -> SIMD16<UInt32> {
    atelier_sum_of_lower_lanes_u32(Bin.sum(bins))
  }
}

/// A bin of a histogram. (Its functions are not generic, so that the standard library's are not compiled for these
/// instructions.)
private protocol HistogramBin: BitwiseCopyable {
  static func add(_ weight: UInt32, to bin: UnsafeMutablePointer<Self>)
  /// Returns the 16 bins from `16 * step` on.
  static func vector(_ bins: UnsafePointer<Self>, _ step: Int) -> SIMD16<UInt32>
  /// Returns the sum of the 16 vectors of a histogram.
  static func sum(_ bins: UnsafePointer<Self>) -> SIMD16<UInt32>
}

extension UInt16: HistogramBin {
  @inline(__always)
  fileprivate static func add(_ weight: UInt32, to bin: UnsafeMutablePointer<UInt16>) {
    bin.pointee &+= UInt16(truncatingIfNeeded: weight)
  }

  @inline(__always)
  fileprivate static func vector(_ bins: UnsafePointer<UInt16>, _ step: Int) -> SIMD16<UInt32> {
    atelier_u32_from_u16(UnsafeRawPointer(bins).assumingMemoryBound(to: SIMD16<UInt16>.self)[step])
  }

  @inline(__always)
  fileprivate static func sum(_ bins: UnsafePointer<UInt16>) -> SIMD16<UInt32> {
    // The sums of a node with narrow bins fit in 16 bits.
    let pairs = UnsafeRawPointer(bins).assumingMemoryBound(to: SIMD32<UInt16>.self)
    var sums = pairs[0]
    for pair in 1..<8 { sums &+= pairs[pair] }
    return atelier_sum_of_halves_u16(sums)
  }
}

extension UInt32: HistogramBin {
  @inline(__always)
  fileprivate static func add(_ weight: UInt32, to bin: UnsafeMutablePointer<UInt32>) { bin.pointee &+= weight }

  @inline(__always)
  fileprivate static func vector(_ bins: UnsafePointer<UInt32>, _ step: Int) -> SIMD16<UInt32> {
    UnsafeRawPointer(bins).assumingMemoryBound(to: SIMD16<UInt32>.self)[step]
  }

  @inline(__always)
  fileprivate static func sum(_ bins: UnsafePointer<UInt32>) -> SIMD16<UInt32> {
    var sums = vector(bins, 0)
    for step in 1..<16 { sums &+= vector(bins, step) }
    return sums
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

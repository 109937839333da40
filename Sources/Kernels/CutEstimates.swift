internal import CInstructions
internal import KernelInterface

/// Estimates of the scores of 16 cuts, in single precision. Only cuts that may be the best one by their estimates need
/// the exact sums.
protocol CutEstimates {
  /// Adds a label.
  ///
  /// - Parameters:
  ///   - labelLeft: the label's weight on the left side of each cut
  ///   - labelWeight: its weight on both sides
  mutating func add(_ labelLeft: SIMD16<UInt32>, of labelWeight: UInt32)

  /// Whether some cut may have this score or a higher one.
  func mayReach(_ score: Double) -> Bool
}

/// Sums of squares on both sides.
///
/// All terms are positive, so each sum has a relative error below (labels + 2) * 2^-24, with at most 256 labels.
struct GiniEstimates: CutEstimates {
  private let nodeWeight: Float
  private var leftWeight = Lanes()
  private var leftSquares = Lanes()
  private var rightSquares = Lanes()

  @inline(__always)
  init(_ node: HistogramNode) { nodeWeight = Float(weight(of: node)) }

  @inline(__always)
  mutating func add(_ labelLeft: SIMD16<UInt32>, of labelWeight: UInt32) {
    let left = atelier_float_from_u32(labelLeft)
    leftWeight += left
    leftSquares = atelier_add_square_f32(leftSquares, left)
    rightSquares = atelier_add_square_f32(rightSquares, Float(labelWeight) - left)
  }

  @inline(__always)
  func mayReach(_ score: Double) -> Bool {
    let rightWeight = nodeWeight - leftWeight
    let dividend = (leftSquares * rightWeight + rightSquares * leftWeight) * (1 + 0x1p-14)
    return atelier_some_greater_f32(dividend, Float(score) * (leftWeight * rightWeight)) != 0
  }
}

/// Sums of n log2 n, in units of 1. The error of a term is below n * 2^-15, and that of adding it below (the node's
/// weight) * 2^-18.
struct EntropyEstimates: CutEstimates {
  private let nodeWeight: Float
  private let slack: Double
  private var leftWeight = Lanes()
  private var sum = Lanes()

  @inline(__always)
  init(_ node: HistogramNode) {
    let weight = weight(of: node)
    nodeWeight = Float(weight)
    slack = Double(weight) * (0x1p-13 + Double(node.labelCount) * 0x1p-16) + 1
  }

  @inline(__always)
  mutating func add(_ labelLeft: SIMD16<UInt32>, of labelWeight: UInt32) {
    let left = atelier_float_from_u32(labelLeft)
    leftWeight += left
    sum += atelier_times_log2_f32(left) + atelier_times_log2_f32(Float(labelWeight) - left)
  }

  @inline(__always)
  func mayReach(_ score: Double) -> Bool {
    let sides = atelier_times_log2_f32(leftWeight) + atelier_times_log2_f32(nodeWeight - leftWeight)
    let least = Float(score * 0x1p-30 - slack)
    return atelier_some_greater_f32(sum - sides, Lanes(repeating: least)) != 0
  }
}

@inline(__always)
private func weight(of node: HistogramNode) -> UInt32 {
  var weight: UInt32 = 0
  for rank in 0..<node.labelCount { weight &+= node.labelWeights[Int(node.labels[rank])] }
  return weight
}

internal import Compute
internal import KernelInterface

/// Tables of n log2 n in fixed-point numbers, so that entropies are sums of integers: exact, and the same in any order.
package final class EntropyTerms: Sendable {
  /// (weight limit + 1), in units of 2^-30.
  let fine: AlignedBuffer<Int64>
  /// (SmallNode.weightLimit + 1), in units of 2^-19, for small nodes, whose sums must fit in 32 bits.
  let coarse: AlignedBuffer<Int32>

  /// - Parameter weightLimit: the largest n, at most 2^26
  init(weightLimit: Int) {
    fine = AlignedBuffer(count: weightLimit + 1)
    coarse = AlignedBuffer(count: SmallNode.weightLimit + 1)
    for n in 1...max(weightLimit, SmallNode.weightLimit) {
      let term = Double(n) * Self.log2(n)
      if n <= weightLimit { fine.pointer[n] = Int64((term * 0x1p30).rounded()) }
      if n <= SmallNode.weightLimit { coarse.pointer[n] = Int32((term * 0x1p19).rounded()) }
    }
  }

  /// Returns the binary logarithm of a positive integer, by additions, multiplications and divisions only, which every
  /// processor rounds alike.
  package static func log2(_ n: Int) -> Double {
    var exponent = Int.bitWidth - 1 - n.leadingZeroBitCount
    var fraction = Double(n) / Double(1 << exponent)
    if fraction > 1.4142135623730951 {
      fraction /= 2
      exponent += 1
    }
    // ln m = 2 artanh s = 2 (s + s^3 / 3 + s^5 / 5 + ...), where |s| < 0.172, so 11 terms reach 2^-60.
    let s = (fraction - 1) / (fraction + 1)
    var series = 0.0
    for power in stride(from: 21, through: 1, by: -2) { series = series * s * s + 1 / Double(power) }
    return Double(exponent) + 2 * s * series * 1.4426950408889634
  }
}

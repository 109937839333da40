internal import KernelInterface

extension SIMDKernels {
  package static func softmax(
    classes: Int, count: Int, logits: UnsafePointer<Float>, probabilities: UnsafeMutablePointer<Float>
  ) -> Float {
    var largest = logits[0]
    for label in 1..<max(classes, 1) where logits[label] > largest { largest = logits[label] }

    let lane = SIMD16<Int32>(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15)
    var sums = Lanes()
    for place in stride(from: 0, to: count, by: 16) {
      let exists = lane .< SIMD16(repeating: Int32(truncatingIfNeeded: classes - place))
      let power = exponential(logits.lanes(at: place) - Lanes(repeating: largest))
      let kept = Lanes().replacing(with: power, where: exists)
      sums += kept
      probabilities.store(kept, at: place)
    }
    let eight = sums.lowHalf + sums.highHalf
    let four = eight.lowHalf + eight.highHalf
    let two = four.lowHalf + four.highHalf
    let sum = two.x + two.y
    let inverse = 1 / sum
    for place in stride(from: 0, to: count, by: 16) {
      probabilities.store(probabilities.lanes(at: place) * inverse, at: place)
    }
    return largest + logarithm(sum)
  }

  /// Returns e^x for x <= 0, with a relative error below 1e-7; e^-87 for x < -87.
  ///
  /// Cody and Waite's reduction to |r| <= log(2) / 2, then Taylor's polynomial of degree 7. libm's function would
  /// differ between systems.
  @inline(__always)
  private static func exponential(_ x: Lanes) -> Lanes {
    let x = x.replacing(with: -87, where: x .< -87)
    // Adding 1.5 * 2^23 rounds to an integer and leaves it in the low bits of the significand.
    let shift = Lanes(repeating: 0x1.8p23)
    let shifted = shift.addingProduct(x, Lanes(repeating: 1.442_695_04))
    let n = shifted - shift
    var r = x.addingProduct(n, Lanes(repeating: -0x1.62e4p-1))
    r = r.addingProduct(n, Lanes(repeating: -0x1.7f7d1cp-20))
    var power = Lanes(repeating: 1.0 / 5040)
    power = Lanes(repeating: 1.0 / 720).addingProduct(power, r)
    power = Lanes(repeating: 1.0 / 120).addingProduct(power, r)
    power = Lanes(repeating: 1.0 / 24).addingProduct(power, r)
    power = Lanes(repeating: 1.0 / 6).addingProduct(power, r)
    power = Lanes(repeating: 0.5).addingProduct(power, r)
    power = Lanes(repeating: 1).addingProduct(power, r)
    power = Lanes(repeating: 1).addingProduct(power, r)
    let exponent = unsafeBitCast(shifted, to: SIMD16<Int32>.self) &<< 23
    return unsafeBitCast(unsafeBitCast(power, to: SIMD16<Int32>.self) &+ exponent, to: Lanes.self)
  }

  /// Returns the natural logarithm of a positive, normal number, with a relative error below 1e-6:
  /// log(m 2^e) = e log(2) + 2 artanh((m - 1) / (m + 1)).
  @inline(__always)
  private static func logarithm(_ x: Float) -> Float {
    var exponent = Float(Int32(bitPattern: x.bitPattern >> 23) &- 127)
    var m = Float(bitPattern: x.bitPattern & 0x7f_ffff | 0x3f80_0000)
    if m > 1.414_213_6 {
      m *= 0.5
      exponent += 1
    }
    let s = (m - 1) / (m + 1)
    let square = s * s
    let series = 1 + square * (1.0 / 3 + square * (1.0 / 5 + square * (1.0 / 7 + square * (1.0 / 9))))
    return exponent * 0.693_147_2 + 2 * s * series
  }
}

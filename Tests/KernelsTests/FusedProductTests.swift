import CInstructions
import Compute
import Foundation
import Testing

/// This target is compiled for any processor, so its fused multiply-adds are those of the portable kernels.
@Suite struct FusedProductTests {
  /// Numbers of one kind, from 64 random bits.
  enum Kind: CaseIterable {
    case anyBits, ordinary, fewBits, subnormal, tiny, special, huge

    func number(_ words: SIMD4<UInt32>) -> Float {
      func number(exponents: ClosedRange<UInt32>, significand: UInt32) -> Float {
        let exponent = exponents.lowerBound + words.y % UInt32(exponents.count)
        return Float(bitPattern: words.x & 0x8000_0000 | exponent << 23 | significand & 0x7f_ffff)
      }
      switch self {
      case .anyBits: return Float(bitPattern: words.x)
      case .ordinary: return number(exponents: 107...147, significand: words.x)
      case .fewBits: return number(exponents: 97...157, significand: 1 << (words.z % 23) | 1 << (words.w % 23))
      case .subnormal: return number(exponents: 0...0, significand: words.x)
      case .tiny: return number(exponents: 0...70, significand: words.z % 2 == 0 ? words.x : 1 << (words.w % 23))
      case .huge: return number(exponents: 224...254, significand: words.x)
      case .special:
        let numbers: [Float] = [
          0, -0.0, .infinity, -.infinity, .nan, .leastNonzeroMagnitude, -.leastNonzeroMagnitude, 1, -1,
          .leastNormalMagnitude, .leastNormalMagnitude.nextDown, .greatestFiniteMagnitude, 1 + .ulpOfOne,
          1 - .ulpOfOne / 2, 0x1p24, 0x1p-75,
        ]
        return numbers[Int(words.x % 16)]
      }
    }
  }

  /// Expects the bits of the C library's `fmaf`, and returns whether rounding twice, to double and to float, would have
  /// given others.
  private func expectFused(_ sum: SIMD16<Float>, _ a: SIMD16<Float>, _ b: SIMD16<Float>) -> Bool {
    let result = atelier_add_product_f32x16(sum, a, b)
    var isHard = false
    for lane in 0..<16 {
      let expected = fmaf(a[lane], b[lane], sum[lane])
      let isEqual = result[lane].bitPattern == expected.bitPattern || result[lane].isNaN && expected.isNaN
      if !isEqual {
        Issue.record("\(a[lane]) * \(b[lane]) + \(sum[lane]) is \(expected), not \(result[lane])")
      }
      isHard = isHard || !expected.isNaN && Float(Double(a[lane]) * Double(b[lane]) + Double(sum[lane])) != expected
    }
    return isHard
  }

  @Test(arguments: Kind.allCases, Kind.allCases) func sumsOfRandomNumbersAreRoundedOnce(factors: Kind, addend: Kind) {
    for index in 0..<UInt32(2000) {
      var operands = [SIMD16<Float>(), SIMD16<Float>(), SIMD16<Float>()]
      for place in 0..<48 {
        let words = Philox.words(seed: 2, .test, index, UInt32(place))
        operands[place / 16][place % 16] = (place < 32 ? factors : addend).number(words)
      }
      _ = expectFused(operands[2], operands[0], operands[1])
    }
  }

  /// A product that is half a unit in the last place of the addend, or nearly so: also of subnormal addends.
  @Test func productsNearHalfAUnitAreRoundedOnce() {
    var hard = 0
    for index in 0..<UInt32(50_000) {
      var (sum, a, b) = (SIMD16<Float>(), SIMD16<Float>(), SIMD16<Float>())
      for lane in 0..<16 {
        let words = Philox.words(seed: 3, .test, index, UInt32(lane))
        let addend = Float(bitPattern: words.x & 0x8000_0000 | (words.y % 230) << 23 | words.x & 0x7f_ffff)
        sum[lane] = addend
        // half a unit times (1 + i ε) (1 + j ε)
        let split = Float(sign: .plus, exponent: Int(words.z % 20), significand: 1)
        a[lane] = split * (1 + Float(Int32(words.w % 5) - 2) * .ulpOfOne)
        b[lane] = addend.ulp / split * 0.5 * (1 + Float(Int32(words.w / 8 % 5) - 2) * .ulpOfOne)
        if words.w / 64 % 2 == 0 { b[lane] = -b[lane] }
      }
      if expectFused(sum, a, b) { hard += 1 }
    }
    #expect(hard > 1000, "too few sums that rounding twice gets wrong")
  }
}

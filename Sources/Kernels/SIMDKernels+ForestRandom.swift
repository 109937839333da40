extension SIMDKernels {
  package static func randomWords(
    key: (UInt32, UInt32), counter: (UInt32, UInt32, UInt32), batch: UInt32, words: UnsafeMutablePointer<UInt32>
  ) {
    // Philox4x32-10 as in `Compute`, for eight blocks at once. Words are in lanes of 64 bits, which hold their
    // products.
    let lowBits = SIMD8<UInt64>(repeating: 0xffff_ffff)
    var x = SIMD8<UInt64>(repeating: UInt64(counter.0))
    var y = SIMD8<UInt64>(repeating: UInt64(counter.1))
    var z = SIMD8<UInt64>(repeating: UInt64(batch) &* 8) &+ SIMD8(0, 1, 2, 3, 4, 5, 6, 7)
    var w = SIMD8<UInt64>(repeating: UInt64(counter.2))
    var key = key
    for _ in 0..<10 {
      let first = x &* SIMD8(repeating: 0xD251_1F53)
      let second = z &* SIMD8(repeating: 0xCD9E_8D57)
      x = (second &>> 32) ^ y ^ SIMD8(repeating: UInt64(key.0))
      y = second & lowBits
      z = (first &>> 32) ^ w ^ SIMD8(repeating: UInt64(key.1))
      w = first & lowBits
      key.0 &+= 0x9E37_79B9
      key.1 &+= 0xBB67_AE85
    }
    for lane in 0..<8 {
      words[lane] = UInt32(truncatingIfNeeded: x[lane])
      words[8 &+ lane] = UInt32(truncatingIfNeeded: y[lane])
      words[16 &+ lane] = UInt32(truncatingIfNeeded: z[lane])
      words[24 &+ lane] = UInt32(truncatingIfNeeded: w[lane])
    }
  }
}

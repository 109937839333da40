/// Counter-based random numbers: what is drawn, and not when, decides the number.
///
/// Philox4x32-10 of Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy as 1, 2, 3" (SC'11): a keyed bijection of
/// 128-bit counters. The seed is the key; the counter names the draw (its purpose and up to three indices). There is no state, so the order of
/// work, the number of threads and restarts cannot change a draw.
package enum Philox {
  /// What a number is drawn for. Two purposes never share a number. Raw values are part of the numerics: never reuse one.
  package enum Purpose: UInt32, Sendable {
    case initialWeights = 1
    case shuffle = 2
    case augmentation = 3
    case dropout = 4
    case bootstrap = 5
    case nodeKey = 6
    case featureSample = 7
    case split = 8
    case test = 9
    case search = 10
    case permutation = 13
    case attention = 16
    case exploration = 14
    case gradientCheck = 17
  }

  /// Four independent words for the draw (seed, purpose, a, b, c).
  package static func words(
    seed: UInt64, _ purpose: Purpose, _ a: UInt32, _ b: UInt32 = 0, _ c: UInt32 = 0
  ) -> SIMD4<UInt32> {
    block(counter: SIMD4(a, b, c, purpose.rawValue), key: SIMD2(UInt32(truncatingIfNeeded: seed), UInt32(seed >> 32)))
  }

  /// The bijection itself: ten rounds of Philox4x32.
  package static func block(counter: SIMD4<UInt32>, key: SIMD2<UInt32>) -> SIMD4<UInt32> {
    var c = counter
    var k = key
    for _ in 0..<10 {
      let first = c.x.multipliedFullWidth(by: 0xD251_1F53)
      let second = c.z.multipliedFullWidth(by: 0xCD9E_8D57)
      c = SIMD4(second.high ^ c.y ^ k.x, second.low, first.high ^ c.w ^ k.y, first.low)
      k.x &+= 0x9E37_79B9
      k.y &+= 0xBB67_AE85
    }
    return c
  }
}

/// A run of draws with the same purpose and the same two indices, counted by the third: for shuffles and the like.
package struct RandomSequence: Sendable {
  private let seed: UInt64
  private let purpose: Philox.Purpose
  private let a: UInt32
  private let b: UInt32
  private var drawn: UInt32 = 0
  private var words = SIMD4<UInt32>()

  package init(seed: UInt64, _ purpose: Philox.Purpose, _ a: UInt32 = 0, _ b: UInt32 = 0) {
    (self.seed, self.purpose, self.a, self.b) = (seed, purpose, a, b)
  }

  /// The next 32 random bits.
  package mutating func next() -> UInt32 {
    let lane = Int(drawn & 3)
    if lane == 0 { words = Philox.words(seed: seed, purpose, a, b, drawn >> 2) }
    drawn += 1
    return words[lane]
  }

  /// Uniform in 0..<bound, without bias (Lemire, "Fast random integer generation in an interval", 2019). `bound` is positive.
  package mutating func next(below bound: UInt32) -> UInt32 {
    let rejected = (0 &- bound) % bound
    while true {
      let product = next().multipliedFullWidth(by: bound)
      if product.low >= rejected { return product.high }
    }
  }

  /// Uniform in [0, 1), a multiple of 2^-24.
  package mutating func nextUniform() -> Float { Philox.uniform(next()) }

  /// `elements` in random order (Fisher and Yates).
  package mutating func shuffle(_ elements: inout [Int]) {
    guard elements.count > 1 else { return }
    for last in stride(from: elements.count - 1, to: 0, by: -1) {
      elements.swapAt(last, Int(next(below: UInt32(last + 1))))
    }
  }
}

extension Philox {
  /// A word as a number in [0, 1): its upper 24 bits, so that every value is exact.
  package static func uniform(_ word: UInt32) -> Float { Float(word >> 8) * 0x1p-24 }
}

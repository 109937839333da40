/// Counter-based random numbers: a number depends on what it is used for, not on when it is computed.
///
/// Philox4x32-10 of Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy as 1, 2, 3" (SC'11): a keyed
/// bijection of 128-bit counters. The key is the seed; the counter consists of a purpose and three indices. There is no
/// state, so the order of work, the number of threads and restarts cannot change a number.
package enum Philox {
  /// The purpose of a random number, which is the last word of its counter. Different purposes never share a counter;
  /// uses of the same purpose differ in their indices, given in parentheses as (a, b, c).
  ///
  /// Raw values are part of the numerics: never change one, and never reuse one that was removed.
  package enum Purpose: UInt32, Sendable {
    /// Initial weights of a network (tensor, element / 4).
    case initialWeights = 1
    /// The order of the training images in an epoch (epoch, 0, position).
    case shuffle = 2
    /// Augmentation of a training image (epoch, image, 0 for the flip and shift or 1 for the erased rectangle).
    case augmentation = 3
    /// Dropped inputs of a dense layer (64 epoch + layer, image, input / 4).
    case dropout = 4
    /// Bootstrap of a tree (tree, 0, position).
    case bootstrap = 5
    /// Keys of tree nodes: (tree, 0, 1) for a root, (parent's key, 0) for children.
    case nodeKey = 6
    /// Features sampled at a tree node (node's key, position).
    case featureSample = 7
    /// Hold-out sets, validation sets and folds (class, 0, position).
    case split = 8
    /// Data of tests.
    case test = 9
    /// Configurations of a random search (configuration, parameter, 0).
    case search = 10
    /// Permutation importance (block, repetition, position).
    case permutation = 13
    /// Samples of the data exploration and of explanations (use, class, position).
    case exploration = 14
    /// Attention maps: baselines and removed pixels (use, image, position).
    case attention = 16
    /// Shards whose gradients several members compute (round, 0, position).
    case gradientCheck = 17
    /// Random cuts of a tree node (node's key, position of the feature in the order of sampling).
    case randomCut = 20
  }

  /// Returns four independent random words for (seed, purpose, a, b, c).
  package static func words(
    seed: UInt64, _ purpose: Purpose, _ a: UInt32, _ b: UInt32 = 0, _ c: UInt32 = 0
  ) -> SIMD4<UInt32> {
    block(counter: SIMD4(a, b, c, purpose.rawValue), key: SIMD2(UInt32(truncatingIfNeeded: seed), UInt32(seed >> 32)))
  }

  /// Computes the bijection: ten rounds of Philox4x32.
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

/// A sequence of random numbers with one purpose and two fixed indices; the third index counts the numbers.
package struct RandomSequence: Sendable {
  private let seed: UInt64
  private let purpose: Philox.Purpose
  private let a: UInt32
  private let b: UInt32
  private var count: UInt32 = 0
  private var words = SIMD4<UInt32>()

  package init(seed: UInt64, _ purpose: Philox.Purpose, _ a: UInt32 = 0, _ b: UInt32 = 0) {
    (self.seed, self.purpose, self.a, self.b) = (seed, purpose, a, b)
  }

  /// Returns the next 32 random bits.
  package mutating func next() -> UInt32 {
    let lane = Int(count & 3)
    if lane == 0 { words = Philox.words(seed: seed, purpose, a, b, count >> 2) }
    count += 1
    return words[lane]
  }

  /// Returns a uniform integer in 0..<bound, without bias (Lemire, "Fast random integer generation in an interval",
  /// 2019). `bound` is positive.
  package mutating func next(below bound: UInt32) -> UInt32 {
    let rejected = (0 &- bound) % bound
    while true {
      let product = next().multipliedFullWidth(by: bound)
      if product.low >= rejected { return product.high }
    }
  }

  /// Returns a uniform number in [0, 1), a multiple of 2^-24.
  package mutating func nextUniform() -> Float { Philox.uniform(next()) }

  /// Puts `elements` in random order (Fisher and Yates).
  package mutating func shuffle(_ elements: inout [Int]) {
    guard elements.count > 1 else { return }
    for last in stride(from: elements.count - 1, to: 0, by: -1) {
      elements.swapAt(last, Int(next(below: UInt32(last + 1))))
    }
  }
}

extension Philox {
  /// Returns a word as a number in [0, 1): its upper 24 bits, so that every value is exact.
  package static func uniform(_ word: UInt32) -> Float { Float(word >> 8) * 0x1p-24 }
}

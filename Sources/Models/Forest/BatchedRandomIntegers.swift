internal import Compute
internal import KernelInterface

/// Random integers for one purpose and two indices, computed 32 at a time.
///
/// Integer i comes from word i / 8 % 4 of the block of ``Philox`` with the indices (a, b, 8 (i / 32) + i % 8).
struct BatchedRandomIntegers: ~Copyable {
  private let kernels: any KernelSet.Type
  private let key: (UInt32, UInt32)
  private let purpose: Philox.Purpose
  private let words = AlignedBuffer<UInt32>(count: 32)
  private var indices: (UInt32, UInt32) = (0, 0)
  private var count = 0

  init(seed: UInt64, _ purpose: Philox.Purpose, kernels: any KernelSet.Type) {
    (self.kernels, self.purpose) = (kernels, purpose)
    key = (UInt32(truncatingIfNeeded: seed), UInt32(seed >> 32))
  }

  /// Starts the sequence for the indices `a` and `b`.
  mutating func begin(_ a: UInt32, _ b: UInt32) { (indices, count) = ((a, b), 0) }

  /// Returns the next integer in 0..<bound: uniform, except for a bias below bound / 2^32.
  mutating func next(below bound: Int) -> Int {
    let place = count & 31
    if place == 0 {
      kernels.randomWords(
        key: key, counter: (indices.0, indices.1, purpose.rawValue), batch: UInt32(count >> 5),
        words: words.pointer)
    }
    count += 1
    return Int(words.pointer[place].multipliedFullWidth(by: UInt32(bound)).high)
  }
}

/// Returns how often the bootstrap of a tree samples each image. There are as many samples as images, each keyed by
/// (seed, tree, number of the sample).
func bootstrapWeights(imageCount: Int, tree: Int, seed: UInt64, kernels: any KernelSet.Type) -> [UInt16] {
  var weights = [UInt16](repeating: 0, count: imageCount)
  var integers = BatchedRandomIntegers(seed: seed, .bootstrap, kernels: kernels)
  integers.begin(UInt32(tree), 0)
  for _ in 0..<imageCount { weights[integers.next(below: imageCount)] += 1 }
  return weights
}

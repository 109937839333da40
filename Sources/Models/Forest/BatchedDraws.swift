internal import Compute
internal import KernelInterface

/// Random integers for one purpose and two indices, made 32 at a time.
///
/// Draw i is a word of ``Philox`` with the counter (a, b, c): word i / 8 % 4 at c = 8 (i / 32) + i % 8.
struct BatchedDraws: ~Copyable {
  private let kernels: any KernelSet.Type
  private let key: (UInt32, UInt32)
  private let purpose: Philox.Purpose
  private let words = AlignedBuffer<UInt32>(count: 32)
  private var indices: (UInt32, UInt32) = (0, 0)
  private var drawnCount = 0

  init(seed: UInt64, _ purpose: Philox.Purpose, kernels: any KernelSet.Type) {
    (self.kernels, self.purpose) = (kernels, purpose)
    key = (UInt32(truncatingIfNeeded: seed), UInt32(seed >> 32))
  }

  /// Begins the draws of other indices.
  mutating func begin(_ a: UInt32, _ b: UInt32) { (indices, drawnCount) = ((a, b), 0) }

  /// The next draw, in 0 ..< bound: uniform but for a bias below bound / 2^32.
  mutating func next(below bound: Int) -> Int {
    let place = drawnCount & 31
    if place == 0 {
      kernels.randomWords(
        key: key, counter: (indices.0, indices.1, purpose.rawValue), batch: UInt32(drawnCount >> 5),
        words: words.pointer)
    }
    drawnCount += 1
    return Int(words.pointer[place].multipliedFullWidth(by: UInt32(bound)).high)
  }
}

/// How often the bootstrap of a tree draws each image: as many draws as images, each keyed by (seed, tree, draw).
func bootstrapWeights(imageCount: Int, tree: Int, seed: UInt64, kernels: any KernelSet.Type) -> [UInt16] {
  var weights = [UInt16](repeating: 0, count: imageCount)
  var draws = BatchedDraws(seed: seed, .bootstrap, kernels: kernels)
  draws.begin(UInt32(tree), 0)
  for _ in 0..<imageCount { weights[draws.next(below: imageCount)] += 1 }
  return weights
}

internal import Compute

/// How often the bootstrap of a tree draws each image: as many draws as images, each keyed by (seed, tree, draw).
///
/// Uniform but for a bias below imageCount / 2^32.
func bootstrapWeights(imageCount: Int, tree: Int, seed: UInt64) -> [UInt16] {
  var weights = [UInt16](repeating: 0, count: imageCount)
  var words = SIMD4<UInt32>()
  for draw in 0..<imageCount {
    if draw & 3 == 0 { words = Philox.words(seed: seed, .bootstrap, UInt32(tree), UInt32(draw >> 2)) }
    weights[Int(words[draw & 3].multipliedFullWidth(by: UInt32(imageCount)).high)] += 1
  }
  return weights
}

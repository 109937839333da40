import Compute
import Datasets
import Models

/// Returns random integer i of `BatchedRandomIntegers`: word i / 8 % 4 of the block with the index 8 (i / 32) + i % 8.
func batchedInteger(_ i: Int, below bound: Int, seed: UInt64, _ purpose: Philox.Purpose, _ a: UInt32, _ b: UInt32)
  -> Int
{
  let words = Philox.words(seed: seed, purpose, a, b, UInt32(i / 32 * 8 + i % 8))
  return Int((UInt64(words[i / 8 % 4]) * UInt64(bound)) >> 32)
}

/// A tree grown by a plain algorithm: recursion, a list of rows for each node, and new counts for every cut of every
/// candidate feature.
///
/// It uses the same random numbers and the same rule for ties: of equal scores, the lowest feature, then the lowest
/// cut. With random cuts, each candidate feature has one cut.
struct ReferenceTree {
  var feature: [Int32] = []
  var threshold: [UInt8] = []
  var right: [UInt32] = []
  /// The classes and weights of each leaf.
  var leaves: [[(label: UInt8, weight: UInt32)]] = []

  private let images: LabeledImages
  private let classCount: Int
  private let settings: TreeSettings
  private var weights: [Int]

  init(_ images: LabeledImages, classCount: Int, settings: TreeSettings, number: Int = 0, bootstrap: Bool = false) {
    (self.images, self.classCount, self.settings) = (images, classCount, settings)
    weights = [Int](repeating: bootstrap ? 0 : 1, count: images.count)
    if bootstrap {
      for sample in 0..<images.count {
        weights[batchedInteger(sample, below: images.count, seed: settings.seed, .bootstrap, UInt32(number), 0)] += 1
      }
    }
    let root = Philox.words(seed: settings.seed, .nodeKey, UInt32(number), 0, 1)
    grow(images.labels.indices.filter { weights[$0] > 0 }, depth: 0, key: (root.x, root.y))
  }

  private mutating func grow(_ rows: [Int], depth: Int, key: (UInt32, UInt32)) {
    let isLeaf =
      Set(rows.map { images.labels[$0] }).count == 1 || rows.count < settings.minSamplesSplit
      || depth == settings.maxDepth
    guard !isLeaf, let split = bestSplit(rows, key: key) else {
      feature.append(-1)
      threshold.append(0)
      right.append(0)
      leaves.append(
        labelWeights(rows).enumerated().filter { $0.element > 0 }.map { (UInt8($0.offset), UInt32($0.element)) })
      return
    }
    let node = feature.count
    feature.append(Int32(split.feature))
    threshold.append(UInt8(settings.splitter == .random ? split.value : (split.value + split.next) / 2))
    right.append(0)
    let words = Philox.words(seed: settings.seed, .nodeKey, key.0, key.1, 0)
    for side in 0...1 {
      if side == 1 { right[node] = UInt32(feature.count) }
      grow(
        rows.filter { (value($0, split.feature) > split.value) == (side == 1) }, depth: depth + 1,
        key: side == 0 ? (words.x, words.y) : (words.z, words.w))
    }
  }

  private func bestSplit(_ rows: [Int], key: (UInt32, UInt32)) -> (feature: Int, value: Int, next: Int)? {
    var best: (score: Double, feature: Int, value: Int, next: Int)?
    for (position, feature) in candidates(rows, key: key).enumerated().sorted(by: { $0.element < $1.element }) {
      let values = Set(rows.map { value($0, feature) }).sorted()
      let cuts =
        settings.splitter == .random
        ? randomCut(values, key: key, position: position).map { [($0, 0)] } ?? []
        : Array(zip(values, values.dropFirst()))
      for (value, next) in cuts {
        let left = rows.filter { self.value($0, feature) <= value }
        let right = rows.filter { self.value($0, feature) > value }
        if min(left.count, right.count) < settings.minSamplesLeaf { continue }
        let score = score(labelWeights(left), labelWeights(right))
        if best == nil || score > best!.score { best = (score, feature, value, next) }
      }
    }
    return best.map { ($0.feature, $0.value, $0.next) }
  }

  /// Returns the random cut of the feature that is sampled at this position; nil if it is constant.
  private func randomCut(_ values: [Int], key: (UInt32, UInt32), position: Int) -> Int? {
    guard values.count > 1 else { return nil }
    let block = UInt32(position / 32 * 8 + position % 8)
    let words = Philox.words(seed: settings.seed, .randomCut, key.0, key.1, block)
    return values[0] + Int(words[position / 8 % 4] >> 8) * (values.last! - values[0]) / (1 << 24)
  }

  /// Returns the sampled features: as many as the settings say, and more until one is not constant.
  private func candidates(_ rows: [Int], key: (UInt32, UInt32)) -> [Int] {
    let featureCount = images.shape.count
    let wanted = settings.maxFeatures.count(of: featureCount)
    if wanted == featureCount { return Array(0..<featureCount) }
    var left = Array(0..<featureCount)
    var sampled: [Int] = []
    while !left.isEmpty, sampled.count < wanted || sampled.allSatisfy({ isConstant(rows, $0) }) {
      let offset = batchedInteger(sampled.count, below: left.count, seed: settings.seed, .featureSample, key.0, key.1)
      sampled.append(left[offset])
      left[offset] = left[0]
      left.removeFirst()
    }
    return sampled
  }

  /// Returns an integer for entropy; for Gini impurity a quotient of integers, in small nodes in single precision.
  private func score(_ left: [Int], _ right: [Int]) -> Double {
    let (leftWeight, rightWeight) = (left.reduce(0, +), right.reduce(0, +))
    let isSmall =
      settings.splitter == .best && leftWeight + rightWeight <= 406
      && zip(left, right).count { $0 + $1 > 0 } <= 16
    switch settings.criterion {
    case .gini:
      let squares = (left.reduce(0) { $0 + $1 * $1 }, right.reduce(0) { $0 + $1 * $1 })
      let (dividend, divisor) = (squares.0 * rightWeight + squares.1 * leftWeight, leftWeight * rightWeight)
      return isSmall ? Double(Float(dividend) / Float(divisor)) : Double(dividend) / Double(divisor)
    case .entropy:
      let unit = isSmall ? 0x1p19 : 0x1p30
      func term(_ n: Int) -> Int { n == 0 ? 0 : Int((Double(n) * EntropyTerms.log2(n) * unit).rounded()) }
      return Double((left + right).reduce(0) { $0 + term($1) } - term(leftWeight) - term(rightWeight))
    }
  }

  private func value(_ row: Int, _ feature: Int) -> Int { Int(images.pixels[row * images.shape.count + feature]) }

  private func isConstant(_ rows: [Int], _ feature: Int) -> Bool { Set(rows.map { value($0, feature) }).count < 2 }

  private func labelWeights(_ rows: [Int]) -> [Int] {
    var sums = [Int](repeating: 0, count: classCount)
    for row in rows { sums[Int(images.labels[row])] += weights[row] }
    return sums
  }
}

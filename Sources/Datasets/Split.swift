internal import Compute

/// Stratified splits of a set of images.
package enum Split {
  /// Holds out a random sample of `fraction` (0...1) of each class, rounded, and never a whole class.
  /// - Returns: ascending indices; both parts together are 0..<labels.count
  package static func holdOut(labels: [UInt8], fraction: Double, seed: UInt64) -> (kept: [Int], heldOut: [Int]) {
    precondition(0...1 ~= fraction, "the fraction must be from 0 to 1")
    var isHeldOut = [Bool](repeating: false, count: labels.count)
    for members in shuffledClasses(labels, seed: seed) {
      let count = Int((Double(members.count) * fraction).rounded())
      for index in members.prefix(min(count, max(members.count - 1, 0))) { isHeldOut[index] = true }
    }
    return (labels.indices.filter { !isHeldOut[$0] }, labels.indices.filter { isHeldOut[$0] })
  }

  /// Distributes each class over `count` folds at random.
  /// - Returns: the ascending indices of each fold; all folds together are 0..<labels.count
  package static func folds(labels: [UInt8], count: Int, seed: UInt64) -> [[Int]] {
    precondition(count >= 2, "cross-validation needs at least two folds")
    var folds = [[Int]](repeating: [], count: count)
    // Each class continues at the fold after the last, so that the sizes of the folds differ by at most one.
    var next = 0
    for members in shuffledClasses(labels, seed: seed) {
      for index in members {
        folds[next % count].append(index)
        next += 1
      }
    }
    return folds.map { $0.sorted() }
  }

  /// Returns the indices of each class in random order.
  private static func shuffledClasses(_ labels: [UInt8], seed: UInt64) -> [[Int]] {
    var classes = [[Int]](repeating: [], count: 256)
    for (index, label) in labels.enumerated() { classes[Int(label)].append(index) }
    for label in classes.indices {
      var random = RandomSequence(seed: seed, .split, UInt32(label))
      random.shuffle(&classes[label])
    }
    return classes
  }
}

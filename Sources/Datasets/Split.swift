internal import Compute

/// Divisions of a set of images that keep each class's share.
package enum Split {
  /// Holds out `fraction` (0...1) of each class, at random; rounded, and never a whole class. Indices ascend; both parts together are 0..<labels.count.
  package static func holdOut(labels: [UInt8], fraction: Double, seed: UInt64) -> (kept: [Int], heldOut: [Int]) {
    precondition(0...1 ~= fraction, "a fraction is from 0 to 1")
    var isHeldOut = [Bool](repeating: false, count: labels.count)
    for members in shuffledClasses(labels, seed: seed) {
      let count = Int((Double(members.count) * fraction).rounded())
      for index in members.prefix(min(count, max(members.count - 1, 0))) { isHeldOut[index] = true }
    }
    return (labels.indices.filter { !isHeldOut[$0] }, labels.indices.filter { isHeldOut[$0] })
  }

  /// Deals each class out over `count` folds, at random. Indices of each fold ascend; all folds together are 0..<labels.count.
  package static func folds(labels: [UInt8], count: Int, seed: UInt64) -> [[Int]] {
    precondition(count >= 2, "cross-validation needs two folds or more")
    var folds = [[Int]](repeating: [], count: count)
    // Dealing goes on where the class before ended, so that the folds' sizes differ by one at most.
    var next = 0
    for members in shuffledClasses(labels, seed: seed) {
      for index in members {
        folds[next % count].append(index)
        next += 1
      }
    }
    return folds.map { $0.sorted() }
  }

  /// The indices of each class, in random order.
  private static func shuffledClasses(_ labels: [UInt8], seed: UInt64) -> [[Int]] {
    var classes = [[Int]](repeating: [], count: 256)
    for (index, label) in labels.enumerated() { classes[Int(label)].append(index) }
    for label in classes.indices {
      var draws = RandomSequence(seed: seed, .split, UInt32(label))
      draws.shuffle(&classes[label])
    }
    return classes
  }
}

internal import Compute

/// Random choices that depend on the seed and on what is drawn, and on nothing else.
enum KeyedSample {
  enum Use: UInt32 {
    case classSample, scatter, searchedTrain, searchedTest, holdOut
    case judged, rightExample, wrongExample, averaged, checked, permuted
  }

  /// Up to `count` of `elements`, each at most once, in random order: fewer are the front of more.
  static func draw(_ count: Int, of elements: [Int], seed: UInt64, _ use: Use, label: Int = 0) -> [Int] {
    var shuffled = elements
    var draws = RandomSequence(seed: seed, .exploration, use.rawValue, UInt32(label))
    draws.shuffle(&shuffled)
    return Array(shuffled.prefix(count))
  }
}

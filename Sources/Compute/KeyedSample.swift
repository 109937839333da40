/// Random samples that depend only on the seed and on their purpose.
package enum KeyedSample {
  package enum Use: UInt32 {
    case classSample, scatter, searchedTrain, searchedTest, holdOut
    case evaluated, correctExample, incorrectExample, averaged, checked, permuted
  }

  /// Samples up to `count` elements without replacement, in random order. A smaller sample is a prefix of a larger one.
  package static func sample(
    _ count: Int, of elements: [Int], seed: UInt64, _ use: Use, label: Int = 0
  ) -> [Int] {
    var shuffled = elements
    var random = RandomSequence(seed: seed, .exploration, use.rawValue, UInt32(label))
    random.shuffle(&shuffled)
    return Array(shuffled.prefix(count))
  }
}

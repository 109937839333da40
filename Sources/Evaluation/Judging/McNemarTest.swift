/// Whether two models differ in accuracy, judged by the same images (McNemar, "Note on the sampling error of the difference between
/// correlated proportions or percentages", 1947; recommended for classifiers by Dietterich, "Approximate statistical tests for
/// comparing supervised classification learning algorithms", 1998).
///
/// Images that both models tell rightly, or both wrongly, say nothing about which one is better. If the models were equally good,
/// each of the *discordant* images would favour either like a thrown coin. The p-value is the probability that so many coins fall
/// at least as unevenly as they did (exact, two-sided). Two intervals that overlap do not show that models are equal; this test is
/// the sharper one, since the images are the same.
package struct McNemarTest: Sendable, Equatable, Codable {
  package let bothRight: Int
  package let onlyFirstRight: Int
  package let onlySecondRight: Int
  package let bothWrong: Int
  package let pValue: Double

  /// - Parameters: what two models say of the same images.
  package init(_ first: Predictions, _ second: Predictions) {
    precondition(first.labels == second.labels, "the models were not judged by the same images")
    var counts = [0, 0, 0, 0]
    for image in first.labels.indices {
      counts[(first.isCorrect(image) ? 0 : 2) + (second.isCorrect(image) ? 0 : 1)] += 1
    }
    (bothRight, onlyFirstRight, onlySecondRight, bothWrong) = (counts[0], counts[1], counts[2], counts[3])
    pValue = Self.pValue(onlyFirstRight, onlySecondRight)
  }

  /// min(1, 2 P(X <= min(first, second))) for X binomial with first + second throws of a fair coin.
  ///
  /// The terms C(n, k) / 2^n are taken relative to the largest one, from the middle outwards by C(n, k - 1) = C(n, k) k / (n - k +
  /// 1), and divided by their sum. So nothing overflows, and no logarithm is needed; values below 1e-308 become 0.
  package static func pValue(_ first: Int, _ second: Int) -> Double {
    let throwsOfTheCoin = first + second
    let least = min(first, second)
    let middle = throwsOfTheCoin / 2
    var term = 1.0
    var (lowerHalf, tail) = (0.0, 0.0)
    for k in stride(from: middle, through: 0, by: -1) {
      lowerHalf += term
      if k <= least { tail += term }
      term *= Double(k) / Double(throwsOfTheCoin - k + 1)
    }
    // The upper half mirrors the lower one; with an even number, the middle term belongs to both.
    let whole = 2 * lowerHalf - (throwsOfTheCoin.isMultiple(of: 2) ? 1 : 0)
    return min(1, 2 * tail / whole)
  }
}

/// Two of several models, compared.
package struct ModelComparison: Sendable, Equatable, Codable {
  /// Positions of the models, `first` below `second`.
  package let first: Int
  package let second: Int
  package let test: McNemarTest
  /// The p-value after Holm's correction over all pairs: if it is below 0.05, the models differ, and the chance that *any* such
  /// statement over these pairs is wrong is below 5 %.
  package let adjustedPValue: Double

  /// Every pair of models, in the order (0, 1), (0, 2) … (1, 2) …
  package static func pairs(of models: [Predictions]) -> [ModelComparison] {
    let pairs = models.indices.flatMap { first in models.indices.dropFirst(first + 1).map { (first, $0) } }
    let tests = pairs.map { McNemarTest(models[$0.0], models[$0.1]) }
    let adjusted = holm(tests.map(\.pValue))
    return pairs.indices.map {
      ModelComparison(first: pairs[$0].0, second: pairs[$0].1, test: tests[$0], adjustedPValue: adjusted[$0])
    }
  }

  /// Corrects p-values for their number (Holm, "A simple sequentially rejective multiple test procedure", 1979): the smallest of m
  /// is multiplied by m, the next by m - 1 and so on, each being at least the one before and at most 1.
  package static func holm(_ pValues: [Double]) -> [Double] {
    var adjusted = pValues
    var largest = 0.0
    for (rank, index) in pValues.indices.sorted(by: { (pValues[$0], $0) < (pValues[$1], $1) }).enumerated() {
      largest = max(largest, min(1, pValues[index] * Double(pValues.count - rank)))
      adjusted[index] = largest
    }
    return adjusted
  }
}

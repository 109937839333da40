/// A test of whether two models differ in accuracy on the same images (McNemar, "Note on the sampling error of the
/// difference between correlated proportions or percentages", 1947; recommended for classifiers by Dietterich,
/// "Approximate statistical tests for comparing supervised classification learning algorithms", 1998).
///
/// Images that both models classify correctly, or both incorrectly, carry no information about which model is better.
/// If the models were equally good, each of the *discordant* images would favor either model like a fair coin. The
/// p-value is the probability that as many coin tosses are at least as uneven (exact, two-sided). Overlapping intervals
/// of two accuracies do not show that the models are equally good; this test is more sensitive because it is paired.
package struct McNemarTest: Sendable, Equatable, Codable {
  package let bothCorrect: Int
  package let onlyFirstCorrect: Int
  package let onlySecondCorrect: Int
  package let bothIncorrect: Int
  package let pValue: Double

  /// - Parameters:
  ///   - first: predictions of one model
  ///   - second: predictions of the other model on the same images
  package init(_ first: Predictions, _ second: Predictions) {
    precondition(first.labels == second.labels, "the models were not evaluated on the same images")
    var counts = [0, 0, 0, 0]
    for image in first.labels.indices {
      counts[(first.isCorrect(image) ? 0 : 2) + (second.isCorrect(image) ? 0 : 1)] += 1
    }
    (bothCorrect, onlyFirstCorrect, onlySecondCorrect, bothIncorrect) = (counts[0], counts[1], counts[2], counts[3])
    pValue = Self.pValue(onlyFirstCorrect, onlySecondCorrect)
  }

  /// Returns min(1, 2 P(X <= min(first, second))) for binomial X with first + second tosses of a fair coin.
  ///
  /// The terms C(n, k) / 2^n are computed relative to the largest one, from the middle outward by C(n, k - 1) = C(n, k)
  /// k / (n - k + 1), and divided by their sum. This avoids overflow and logarithms; values below 1e-308 become 0.
  package static func pValue(_ first: Int, _ second: Int) -> Double {
    let tosses = first + second
    let least = min(first, second)
    let middle = tosses / 2
    var term = 1.0
    var (lowerHalf, tail) = (0.0, 0.0)
    for k in stride(from: middle, through: 0, by: -1) {
      lowerHalf += term
      if k <= least { tail += term }
      term *= Double(k) / Double(tosses - k + 1)
    }
    // The upper half mirrors the lower half; for an even number of tosses, they share the middle term.
    let whole = 2 * lowerHalf - (tosses.isMultiple(of: 2) ? 1 : 0)
    return min(1, 2 * tail / whole)
  }
}

/// The comparison of two of several models.
package struct ModelComparison: Sendable, Equatable, Codable {
  /// The indices of the models; `first` is below `second`.
  package let first: Int
  package let second: Int
  package let test: McNemarTest
  /// The p-value with Holm's correction for all pairs. If the pairs with a value below 0.05 are declared different, the
  /// probability that *any* of these statements is wrong is below 5 %.
  package let adjustedPValue: Double

  /// Compares every pair of models, in the order (0, 1), (0, 2) … (1, 2) …
  package static func pairs(of models: [Predictions]) -> [ModelComparison] {
    let pairs = models.indices.flatMap { first in models.indices.dropFirst(first + 1).map { (first, $0) } }
    let tests = pairs.map { McNemarTest(models[$0.0], models[$0.1]) }
    let adjusted = holm(tests.map(\.pValue))
    return pairs.indices.map {
      ModelComparison(first: pairs[$0].0, second: pairs[$0].1, test: tests[$0], adjustedPValue: adjusted[$0])
    }
  }

  /// Corrects p-values for multiple comparisons (Holm, "A simple sequentially rejective multiple test procedure",
  /// 1979): the smallest of m is multiplied by m, the next by m - 1 and so on; each is at least the previous one and at
  /// most 1.
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

/// A share that was counted, with the range in which the true share lies with 95 % confidence: the score interval of Wilson,
/// "Probable inference, the law of succession, and statistical inference" (1927).
///
/// Accuracy on n images is a sample: other n images would have given another number. The interval holds every true share p for
/// which the counted one is no more than z = 1.96 standard deviations, sqrt(p (1 - p) / n), away. Solved for p:
///
///     (p̂ + z²/2n ± z sqrt(p̂ (1 - p̂)/n + z²/4n²)) / (1 + z²/n)
///
/// It stays within 0 and 1, and is not empty where all or none succeeded, unlike the common p̂ ± z sqrt(p̂ (1 - p̂) / n).
package struct ProportionInterval: Sendable, Equatable, Codable {
  package let successes: Int
  package let count: Int
  package let lower: Double
  package let upper: Double

  /// The standard normal distribution has 95 % of its mass within this many standard deviations.
  static let z = 1.959963984540054

  /// - Parameters:
  ///   - successes: from 0 to `count`
  ///   - count: 0 gives the interval from 0 to 1: nothing is known
  package init(_ successes: Int, of count: Int) {
    precondition(0 <= successes && successes <= count, "more successes than trials")
    (self.successes, self.count) = (successes, count)
    guard count > 0 else {
      (lower, upper) = (0, 1)
      return
    }
    let n = Double(count)
    let share = Double(successes) / n
    let square = Self.z * Self.z
    let middle = share + square / (2 * n)
    let reach = Self.z * (share * (1 - share) / n + square / (4 * n * n)).squareRoot()
    // At the ends the formula gives 0 and 1 but for rounding.
    lower = successes == 0 ? 0 : (middle - reach) / (1 + square / n)
    upper = successes == count ? 1 : (middle + reach) / (1 + square / n)
  }

  /// What was counted; 0 of nothing.
  package var share: Double { count > 0 ? Double(successes) / Double(count) : 0 }

  /// How many trials, all of them successes, it takes for the lower end to reach `target`: n / (n + z²) >= target.
  /// - Parameter target: below 1
  static func trialsNeeded(forLower target: Double) -> Int {
    Int((target * z * z / (1 - target)).rounded(.up))
  }
}

/// A mean with the range in which the true mean lies with 95 % confidence: mean ± z s / sqrt(n), s being the standard deviation of
/// the values. Right for many values (central limit theorem); the range of one value is that value.
package struct MeanInterval: Sendable, Equatable, Codable {
  package let mean: Double
  package let lower: Double
  package let upper: Double

  /// - Parameter values: at least one
  package init(_ values: [Double]) {
    precondition(!values.isEmpty, "the mean of nothing")
    let count = Double(values.count)
    let mean = values.reduce(0, +) / count
    let squares = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
    let reach = values.count > 1 ? ProportionInterval.z * (squares / (count - 1) / count).squareRoot() : 0
    (self.mean, lower, upper) = (mean, mean - reach, mean + reach)
  }
}

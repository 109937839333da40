/// A proportion with its 95 % confidence interval: the score interval of Wilson, "Probable inference, the law of
/// succession, and statistical inference" (1927).
///
/// The accuracy on n images is a sample: n other images would give a different number. The interval contains every true
/// proportion p from which the observed one deviates by at most z = 1.96 standard deviations, sqrt(p (1 - p) / n).
/// Solved for p:
///
///     (p̂ + z²/2n ± z sqrt(p̂ (1 - p̂)/n + z²/4n²)) / (1 + z²/n)
///
/// Unlike the common p̂ ± z sqrt(p̂ (1 - p̂) / n), the interval stays within 0 and 1, and is not empty if all or none
/// are successes.
package struct ProportionInterval: Sendable, Equatable, Codable {
  package let successes: Int
  package let count: Int
  package let lower: Double
  package let upper: Double

  /// 95 % of the standard normal distribution lies within this many standard deviations.
  static let z = 1.959963984540054

  /// - Parameters:
  ///   - successes: from 0 to `count`
  ///   - count: 0 gives the interval from 0 to 1.
  package init(_ successes: Int, of count: Int) {
    precondition(0 <= successes && successes <= count, "successes are between 0 and the number of trials")
    (self.successes, self.count) = (successes, count)
    guard count > 0 else {
      (lower, upper) = (0, 1)
      return
    }
    let n = Double(count)
    let fraction = Double(successes) / n
    let square = Self.z * Self.z
    let middle = fraction + square / (2 * n)
    let reach = Self.z * (fraction * (1 - fraction) / n + square / (4 * n * n)).squareRoot()
    // At the ends, the formula gives 0 and 1 up to rounding.
    lower = successes == 0 ? 0 : (middle - reach) / (1 + square / n)
    upper = successes == count ? 1 : (middle + reach) / (1 + square / n)
  }

  /// The observed fraction; 0 if `count` is 0.
  package var fraction: Double { count > 0 ? Double(successes) / Double(count) : 0 }

  /// Returns the number of trials, all of them successes, for which the lower end reaches `target`: n / (n + z²) >=
  /// target.
  /// - Parameter target: below 1
  static func trialsNeeded(forLower target: Double) -> Int {
    Int((target * z * z / (1 - target)).rounded(.up))
  }
}

/// A mean with its 95 % confidence interval: mean ± z s / sqrt(n), where s is the standard deviation of the values.
/// Valid for many values (central limit theorem); the interval of one value is that value.
package struct MeanInterval: Sendable, Equatable, Codable {
  package let mean: Double
  package let lower: Double
  package let upper: Double

  /// - Parameter values: at least one
  package init(_ values: [Double]) {
    precondition(!values.isEmpty, "the mean of no values")
    let count = Double(values.count)
    let mean = values.reduce(0, +) / count
    let squares = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
    let reach = values.count > 1 ? ProportionInterval.z * (squares / (count - 1) / count).squareRoot() : 0
    (self.mean, lower, upper) = (mean, mean - reach, mean + reach)
  }
}

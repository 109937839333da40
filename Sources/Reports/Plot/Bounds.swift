/// The smallest and the largest of the finite values.
struct Bounds {
  /// Larger ones count as this, so that no difference of two is infinite.
  private static let largest = 1e150

  private(set) var range: ClosedRange<Double>?
  /// Of those above zero.
  private(set) var positive: ClosedRange<Double>?

  init(_ values: some Sequence<Double> = []) { include(values) }

  mutating func include(_ values: some Sequence<Double>) { for value in values { include(value) } }

  mutating func include(_ value: Double) {
    guard value.isFinite else { return }
    let value = min(max(value, -Self.largest), Self.largest)
    func widened(_ range: ClosedRange<Double>?) -> ClosedRange<Double> {
      range.map { min($0.lowerBound, value)...max($0.upperBound, value) } ?? value...value
    }
    range = widened(range)
    if value > 0 { positive = widened(positive) }
  }
}

extension ClosedRange<Double> {
  /// Where a value is between the bounds, as a number from 0 to 1 if it is between them. In the middle of a range of
  /// one value.
  func share(of value: Double) -> Double {
    lowerBound < upperBound ? value / (upperBound - lowerBound) - lowerBound / (upperBound - lowerBound) : 0.5
  }
}

/// The range of the finite values.
struct Bounds {
  /// Larger magnitudes are clamped to this value, so that differences stay finite.
  private static let largest = 1e150

  private(set) var range: ClosedRange<Double>?
  /// The range of the positive values.
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
  /// Returns the relative position of a value between the bounds: 0 at the lower bound, 1 at the upper bound; 0.5 if
  /// the bounds are equal.
  func fraction(of value: Double) -> Double {
    lowerBound < upperBound ? value / (upperBound - lowerBound) - lowerBound / (upperBound - lowerBound) : 0.5
  }
}

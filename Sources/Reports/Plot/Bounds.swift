/// The smallest and the largest of the finite values.
struct Bounds {
  private(set) var range: ClosedRange<Double>?

  init(_ values: some Sequence<Double> = []) { include(values) }

  mutating func include(_ values: some Sequence<Double>) { for value in values { include(value) } }

  mutating func include(_ value: Double) {
    guard value.isFinite else { return }
    range = range.map { min($0.lowerBound, value)...max($0.upperBound, value) } ?? value...value
  }
}

extension ClosedRange<Double> {
  /// Where a value is between the bounds, as a number from 0 to 1 if it is between them. In the middle of a range of
  /// one value.
  func share(of value: Double) -> Double {
    lowerBound < upperBound ? value / (upperBound - lowerBound) - lowerBound / (upperBound - lowerBound) : 0.5
  }
}

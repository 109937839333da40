extension AttentionCheck {
  /// How two curves compare.
  package enum Comparison: String, Sendable, Codable {
    case better, worse
    /// The 95 % intervals of their areas overlap, or there are none, as with a single image.
    case undecided
  }

  package func curve(of method: AttentionMethod) -> Curve? { curves.first { $0.method == method } }

  /// Whether a method's area is better than another's. The intervals are each taken by itself, though both are of the same images:
  /// that says "undecided" rather too often than too seldom.
  /// - Returns: nil if a method was not checked.
  package func compare(_ method: AttentionMethod, with other: AttentionMethod) -> Comparison? {
    guard let own = curve(of: method), let other = curve(of: other) else { return nil }
    guard let ownError = own.areaError, let otherError = other.areaError else { return .undecided }
    guard abs(own.area - other.area) > ProportionInterval.z * (ownError + otherError) else { return .undecided }
    return (own.area < other.area) == kind.lowerIsBetter ? .better : .worse
  }
}

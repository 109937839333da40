extension AttentionCheck {
  /// The relation between the curves of two methods.
  package enum Comparison: String, Sendable, Codable {
    case better, worse
    /// The 95 % intervals of the areas overlap, or do not exist, as for a single image.
    case undecided
  }

  package func curve(of method: AttentionMethod) -> Curve? { curves.first { $0.method == method } }

  /// Compares the areas of two methods. The intervals are computed separately, although both are of the same images, so
  /// the comparison is conservative.
  /// - Returns: nil if a method was not checked
  package func compare(_ method: AttentionMethod, with other: AttentionMethod) -> Comparison? {
    guard let own = curve(of: method), let other = curve(of: other) else { return nil }
    guard let ownError = own.areaError, let otherError = other.areaError else { return .undecided }
    guard abs(own.area - other.area) > ProportionInterval.z * (ownError + otherError) else { return .undecided }
    return (own.area < other.area) == kind.lowerIsBetter ? .better : .worse
  }
}

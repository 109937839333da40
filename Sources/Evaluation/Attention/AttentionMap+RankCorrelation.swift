extension AttentionMap {
  /// Returns Spearman's rank correlation of two maps of equal size, from -1 to 1; 0 if one of them is constant.
  package func rankCorrelation(with other: AttentionMap) -> Double {
    precondition(height == other.height && width == other.width, "maps differ in size")
    return Ranks(self).correlation(with: Ranks(other))
  }

  /// The ranks of a map's values, to compare it with several others.
  struct Ranks: Sendable {
    /// The rank of each value, from 0; equal values have the mean of their ranks.
    private let ranks: [Double]

    init(_ map: AttentionMap) {
      let values = map.values
      let order = AttentionMap.places(of: values, .ascending)
      var ranks = [Double](repeating: 0, count: values.count)
      var first = 0
      while first < order.count {
        var end = first + 1
        while end < order.count, values[order[end]] == values[order[first]] { end += 1 }
        for place in order[first..<end] { ranks[place] = Double(first + end - 1) / 2 }
        first = end
      }
      self.ranks = ranks
    }

    /// Returns Spearman's rank correlation with a map of equal size; see ``AttentionMap/rankCorrelation(with:)``.
    func correlation(with other: Ranks) -> Double {
      // Ranks with ties averaged have the mean (n - 1) / 2.
      let center = Double(ranks.count - 1) / 2
      var (product, leftSquare, rightSquare) = (0.0, 0.0, 0.0)
      for (first, second) in zip(ranks, other.ranks) {
        product += (first - center) * (second - center)
        leftSquare += (first - center) * (first - center)
        rightSquare += (second - center) * (second - center)
      }
      guard leftSquare > 0, rightSquare > 0 else { return 0 }
      return product / (leftSquare * rightSquare).squareRoot()
    }
  }

  enum SortOrder { case ascending, descending }

  /// Returns the positions of the values in this order; of equal values, the earlier position first.
  /// - Parameter values: non-negative
  static func places(of values: [Float], _ order: SortOrder) -> [Int] {
    // Non-negative numbers have the order of their bits, and integers are sorted faster. Adding 0 makes -0 positive.
    let keys = values.enumerated().map { place, value in
      let bits = (value + 0).bitPattern
      return UInt64(order == .ascending ? bits : ~bits) << 32 | UInt64(place)
    }
    return keys.sorted().map { Int(UInt32(truncatingIfNeeded: $0)) }
  }
}

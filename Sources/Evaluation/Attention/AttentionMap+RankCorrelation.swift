extension AttentionMap {
  /// Spearman's rank correlation of the values of two maps of one size, from -1 to 1; 0 if one of them is the same everywhere, for then it
  /// ranks nothing.
  package func rankCorrelation(with other: AttentionMap) -> Double {
    precondition(height == other.height && width == other.width, "maps differ in size")
    let (left, right) = (Self.ranks(values), Self.ranks(other.values))
    // Ranks with ties averaged have the mean (n - 1) / 2.
    let center = Double(values.count - 1) / 2
    var (product, leftSquare, rightSquare) = (0.0, 0.0, 0.0)
    for (first, second) in zip(left, right) {
      product += (first - center) * (second - center)
      leftSquare += (first - center) * (first - center)
      rightSquare += (second - center) * (second - center)
    }
    guard leftSquare > 0, rightSquare > 0 else { return 0 }
    return product / (leftSquare * rightSquare).squareRoot()
  }

  /// Each value's rank from 0; equal values share the mean of theirs.
  private static func ranks(_ values: [Float]) -> [Double] {
    let order = values.indices.sorted { values[$0] < values[$1] }
    var ranks = [Double](repeating: 0, count: values.count)
    var first = 0
    while first < order.count {
      var end = first + 1
      while end < order.count, values[order[end]] == values[order[first]] { end += 1 }
      for place in order[first..<end] { ranks[place] = Double(first + end - 1) / 2 }
      first = end
    }
    return ranks
  }
}

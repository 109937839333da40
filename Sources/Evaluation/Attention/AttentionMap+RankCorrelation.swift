extension AttentionMap {
  /// Returns Spearman's rank correlation of two maps of equal size, from -1 to 1; 0 if one of them is constant.
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

  /// The rank of each value, from 0; equal values have the mean of their ranks.
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

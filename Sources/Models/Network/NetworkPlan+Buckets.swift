extension NetworkPlan {
  /// The gradient's vector cut into buckets, in the order in which the way back through the network completes them: first the dense layers
  /// with all that stands behind them, then block after block. Together they are the whole vector.
  package var buckets: [Range<Int>] {
    var end = count
    let firsts = [dense[0].weights.offset] + blocks.reversed().map(\.weights.offset)
    return firsts.map { first in
      defer { end = first }
      return first..<end
    }
  }
}

extension NetworkPlan {
  /// The buckets of the gradient vector, in the order in which the backward pass completes them: first the dense layers
  /// with everything after them in the vector, then block after block. Together, they are the whole vector.
  package var buckets: [Range<Int>] {
    var end = count
    let firsts = [dense[0].weights.offset] + blocks.reversed().map(\.weights.offset)
    return firsts.map { first in
      defer { end = first }
      return first..<end
    }
  }
}

/// Two images that are the same, or nearly.
package struct ImagePair: Sendable, Equatable, Codable {
  package let first: Int
  package let second: Int
  package let firstLabel: Int
  package let secondLabel: Int
  /// Euclidean, between the images as vectors of bytes.
  package let distance: Double

  package var labelsAgree: Bool { firstLabel == secondLabel }
}

/// Pairs of images, the closest first.
package struct RankedPairs: Sendable, Equatable, Codable {
  package let count: Int
  /// Those whose labels differ, so that at least one is wrong or the classes overlap.
  package let conflictCount: Int
  /// The closest pairs; of equally close ones, those with lower numbers.
  package let pairs: [ImagePair]
  /// The closest of those whose labels differ.
  package let conflicts: [ImagePair]

  /// - Parameter listed: how many pairs each list keeps
  init(_ pairs: [ImagePair], listed: Int) {
    let ranked = pairs.sorted { ($0.distance, $0.first, $0.second) < ($1.distance, $1.first, $1.second) }
    let conflicts = ranked.filter { !$0.labelsAgree }
    (count, conflictCount) = (ranked.count, conflicts.count)
    (self.pairs, self.conflicts) = (Array(ranked.prefix(listed)), Array(conflicts.prefix(listed)))
  }
}

/// Pairs of images by the sets that they come from.
package struct PairsBySet: Sendable, Equatable, Codable {
  package let withinTrain: RankedPairs
  package let withinTest: RankedPairs
  /// `first` is a training image, `second` a test image: a model may know the answer by heart.
  package let across: RankedPairs
}

/// Two images that are duplicates or near duplicates.
package struct ImagePair: Sendable, Equatable, Codable {
  package let first: Int
  package let second: Int
  package let firstLabel: Int
  package let secondLabel: Int
  /// The Euclidean distance between the images as vectors of bytes.
  package let distance: Double

  package var hasEqualLabels: Bool { firstLabel == secondLabel }
}

/// Pairs of images in order of increasing distance.
package struct RankedPairs: Sendable, Equatable, Codable {
  package let count: Int
  /// The number of pairs with different labels: at least one label is wrong, or the classes overlap.
  package let conflictCount: Int
  /// The closest pairs; of equally close ones, those with lower indices.
  package let pairs: [ImagePair]
  /// The closest pairs with different labels.
  package let conflicts: [ImagePair]

  /// - Parameter listed: the maximum length of each list
  init(_ pairs: [ImagePair], listed: Int) {
    let ranked = pairs.sorted { ($0.distance, $0.first, $0.second) < ($1.distance, $1.first, $1.second) }
    let conflicts = ranked.filter { !$0.hasEqualLabels }
    (count, conflictCount) = (ranked.count, conflicts.count)
    (self.pairs, self.conflicts) = (Array(ranked.prefix(listed)), Array(conflicts.prefix(listed)))
  }
}

/// Pairs of images, by the sets that they belong to.
package struct PairsBySet: Sendable, Equatable, Codable {
  package let withinTrain: RankedPairs
  package let withinTest: RankedPairs
  /// `first` is a training image, `second` a test image, whose label a model may have memorized.
  package let across: RankedPairs
}

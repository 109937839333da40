internal import Models

/// Whether training images have the label of the images around them. Where they have not, the label may be wrong.
package struct NeighborAgreement: Sendable, Equatable, Codable {
  /// An image whose neighbours are mostly of another class.
  package struct Suspect: Sendable, Equatable, Codable {
    /// A training image.
    package let image: Int
    package let label: Int
    /// The share of its neighbours that have its label.
    package let agreement: Double
    /// The most frequent label of its neighbours; of equally frequent ones, the lowest.
    package let neighborsLabel: Int
    /// The share of its neighbours that have that label.
    package let neighborsShare: Double
    /// Its neighbours, nearest first.
    package let neighbors: [Int]
    /// The mean distance to them.
    package let meanDistance: Double
  }

  /// How many neighbours of each image were asked.
  package let neighbors: Int
  /// How many training images were judged.
  package let images: Int
  /// (neighbors + 1): images of which so many neighbours have their label.
  package let histogram: [Int]
  /// By label: images of which more neighbours have some other label than theirs.
  package let outvoted: [Int]
  /// The most suspect of the outvoted: fewest neighbours that agree first, then most neighbours that agree with each other, then nearest.
  package let suspects: [Suspect]

  /// - Parameter labels: of all training images
  init(_ search: NeighborSearch, labels: [UInt8], classCount: Int, listed: Int) {
    let asked = search.withinTrain.first?.count ?? 0
    var histogram = [Int](repeating: 0, count: asked + 1)
    var outvoted = [Int](repeating: 0, count: classCount)
    var suspects: [Suspect] = []
    for (image, neighbors) in zip(search.train, search.withinTrain) {
      var votes = [Int](repeating: 0, count: classCount)
      for neighbor in neighbors { votes[Int(labels[neighbor.row])] += 1 }
      let label = Int(labels[image])
      histogram[votes[label]] += 1
      let most = votes.max() ?? 0
      if votes[label] == most { continue }
      outvoted[label] += 1
      suspects.append(
        Suspect(
          image: image, label: label, agreement: Double(votes[label]) / Double(asked),
          neighborsLabel: votes.firstIndex(of: most)!, neighborsShare: Double(most) / Double(asked),
          neighbors: neighbors.map(\.row),
          meanDistance: neighbors.reduce(0) { $0 + $1.distance } / Double(asked)))
    }
    suspects.sort {
      ($0.agreement, $1.neighborsShare, $0.meanDistance, $0.image)
        < ($1.agreement, $0.neighborsShare, $1.meanDistance, $1.image)
    }
    (self.neighbors, images, self.histogram, self.outvoted) = (asked, search.train.count, histogram, outvoted)
    self.suspects = Array(suspects.prefix(listed))
  }
}

internal import Models

/// The agreement of the labels of training images with those of their neighbors. A disagreement may be a label error.
package struct NeighborAgreement: Sendable, Equatable, Codable {
  /// An image whose neighbors mostly belong to another class.
  package struct Suspect: Sendable, Equatable, Codable {
    /// The index of the training image.
    package let image: Int
    package let label: Int
    /// The fraction of the neighbors with the same label.
    package let agreement: Double
    /// The most frequent label of the neighbors; of equally frequent ones, the lowest.
    package let neighborsLabel: Int
    /// The fraction of the neighbors with that label.
    package let neighborsShare: Double
    /// The neighbors in order of increasing distance.
    package let neighbors: [Int]
    /// The mean distance to the neighbors.
    package let meanDistance: Double
  }

  /// The number of neighbors per image.
  package let neighbors: Int
  /// The number of training images examined.
  package let images: Int
  /// (neighbors + 1) The number of images with this many neighbors of the same label.
  package let histogram: [Int]
  /// The number of images with more neighbors of some other label than of their own, by label.
  package let outvoted: [Int]
  /// The most suspicious of these images: first those with the fewest agreeing neighbors, then with the most neighbors
  /// of one other label, then with the nearest neighbors.
  package let suspects: [Suspect]

  /// - Parameter labels: the labels of all training images
  init(_ search: NeighborSearch, labels: [UInt8], classCount: Int, listed: Int) {
    let count = search.withinTrain.first?.count ?? 0
    var histogram = [Int](repeating: 0, count: count + 1)
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
          image: image, label: label, agreement: Double(votes[label]) / Double(count),
          neighborsLabel: votes.firstIndex(of: most)!, neighborsShare: Double(most) / Double(count),
          neighbors: neighbors.map(\.row),
          meanDistance: neighbors.reduce(0) { $0 + $1.distance } / Double(count)))
    }
    suspects.sort {
      ($0.agreement, $1.neighborsShare, $0.meanDistance, $0.image)
        < ($1.agreement, $0.neighborsShare, $1.meanDistance, $1.image)
    }
    (self.neighbors, images, self.histogram, self.outvoted) = (count, search.train.count, histogram, outvoted)
    self.suspects = Array(suspects.prefix(listed))
  }
}

internal import Datasets
internal import Models

/// Images that occur more than once, exactly or nearly.
///
/// Two different images are *near* duplicates if their distance is at most ``nearFraction`` of the typical distance:
/// the median over the training images of the distance to the farthest of the searched neighbors. The limit thus adapts
/// to the data: to dark and bright, small and large images. It is based on the farthest neighbor because the nearest
/// ones may be copies themselves.
package struct Duplicates: Sendable, Equatable, Codable {
  /// Each image that is identical to an earlier one, paired with the first such image. Covers all images.
  package let exact: PairsBySet
  /// Pairs of searched images at a distance above 0, one of which is among the nearest neighbors of the other.
  package let near: PairsBySet
  /// Nil if there are fewer than two training images, or if most of them have only copies as neighbors; then there are
  /// no near duplicates.
  package let typicalDistance: Double?

  static let nearFraction = 0.25

  /// The maximum distance of near duplicates.
  package var nearLimit: Double? { typicalDistance.map { $0 * Self.nearFraction } }

  init(_ dataset: Dataset, search: NeighborSearch, settings: ExplorationSettings) {
    let (train, test, listed) = (dataset.train, dataset.test, settings.listed)
    let typical = Self.median(search.withinTrain.compactMap { $0.last?.distance })
    typicalDistance = typical == 0 ? nil : typical
    let limit = (typical ?? 0) * Self.nearFraction
    exact = Self.exactPairs(train, test, listed: listed)
    near = PairsBySet(
      withinTrain: RankedPairs(Self.near(search.train, search.withinTrain, train, limit), listed: listed),
      withinTest: RankedPairs(Self.near(search.test, search.withinTest, test, limit), listed: listed),
      across: RankedPairs(
        zip(search.test, search.across).flatMap { row, neighbors in
          neighbors.filter { $0.distance > 0 && $0.distance <= limit }.map {
            ImagePair($0.row, of: train, row, of: test, distance: $0.distance)
          }
        }, listed: listed))
  }

  private static func exactPairs(_ train: LabeledImages, _ test: LabeledImages, listed: Int) -> PairsBySet {
    let (trainSet, testSet) = (DistinctImages(train), DistinctImages(test))
    return PairsBySet(
      withinTrain: RankedPairs(
        trainSet.duplicates.map { ImagePair($0.first, of: train, $0.image, of: train, distance: 0) }, listed: listed),
      withinTest: RankedPairs(
        testSet.duplicates.map { ImagePair($0.first, of: test, $0.image, of: test, distance: 0) }, listed: listed),
      across: RankedPairs(
        (0..<test.count).compactMap { image in
          trainSet.first(equalTo: test.pixels(of: image)).map {
            ImagePair($0, of: train, image, of: test, distance: 0)
          }
        }, listed: listed))
  }

  /// Pairs within one set, each listed once.
  private static func near(
    _ rows: [Int], _ found: [[Neighbor]], _ images: LabeledImages, _ limit: Double
  ) -> [ImagePair] {
    let close = found.map { $0.filter { $0.distance > 0 && $0.distance <= limit } }
    let closeTo = Dictionary(uniqueKeysWithValues: zip(rows, close))
    return zip(rows, close).flatMap { row, neighbors in
      // If both images find each other, only the earlier one lists the pair.
      neighbors.filter { other in other.row > row || !closeTo[other.row]!.contains { $0.row == row } }.map {
        ImagePair(min(row, $0.row), of: images, max(row, $0.row), of: images, distance: $0.distance)
      }
    }
  }

  /// The median; of two middle values, the lower one.
  private static func median(_ values: [Double]) -> Double? {
    values.isEmpty ? nil : values.sorted()[(values.count - 1) / 2]
  }
}

extension ImagePair {
  fileprivate init(
    _ first: Int, of images: LabeledImages, _ second: Int, of otherImages: LabeledImages, distance: Double
  ) {
    self.init(
      first: first, second: second, firstLabel: Int(images.labels[first]),
      secondLabel: Int(otherImages.labels[second]), distance: distance)
  }
}

internal import Datasets
internal import Models

/// Images that occur more than once, byte for byte or nearly.
///
/// Two different images are *near* duplicates if their distance is at most ``nearShare`` of the typical distance: the median, over the
/// training images, of the distance to the farthest of the neighbours that were searched for. So the rule follows from the data: it means
/// the same for dark and bright, small and large images. It looks at the farthest of them because the nearest ones may be copies
/// themselves.
package struct Duplicates: Sendable, Equatable, Codable {
  /// Each image that is byte for byte the same as an earlier one, with the first that is. Always of all images.
  package let exact: PairsBySet
  /// Pairs at a distance above 0, of the images that were searched. One is among the nearest neighbours of the other.
  package let near: PairsBySet
  /// nil if there are fewer than two training images, or most have nothing but copies around them: nothing is near then.
  package let typicalDistance: Double?

  package static let nearShare = 0.25

  /// The distance up to which two images are near duplicates.
  package var nearLimit: Double? { typicalDistance.map { $0 * Self.nearShare } }

  init(_ dataset: Dataset, search: NeighborSearch, settings: ExplorationSettings) {
    let (train, test, listed) = (dataset.train, dataset.test, settings.listed)
    let typical = Self.median(search.withinTrain.compactMap { $0.last?.distance })
    typicalDistance = typical == 0 ? nil : typical
    let limit = (typical ?? 0) * Self.nearShare
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

  /// Pairs within a set, each once.
  private static func near(
    _ rows: [Int], _ found: [[Neighbor]], _ images: LabeledImages, _ limit: Double
  ) -> [ImagePair] {
    let close = found.map { $0.filter { $0.distance > 0 && $0.distance <= limit } }
    let closeTo = Dictionary(uniqueKeysWithValues: zip(rows, close))
    return zip(rows, close).flatMap { row, neighbors in
      // The later image of a pair leaves it to the earlier one, if that found it too.
      neighbors.filter { other in other.row > row || !closeTo[other.row]!.contains { $0.row == row } }.map {
        ImagePair(min(row, $0.row), of: images, max(row, $0.row), of: images, distance: $0.distance)
      }
    }
  }

  /// The middle value; of two, the lower.
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

import Datasets
import Evaluation
import Testing

@Suite struct DuplicatesTests {
  private struct Pair: Equatable {
    let first, second: Int
    let distance: Double
  }

  /// Finds the pairs of images closer than `limit` by brute force, the closest first.
  private func closePairs(_ first: LabeledImages, _ second: LabeledImages?, limit: Double) -> [Pair] {
    let others = second ?? first
    let pairs = (0..<first.count).flatMap { a in
      (0..<others.count).map { b in
        Pair(first: a, second: b, distance: distance(first.pixels(of: a), others.pixels(of: b)))
      }
    }
    return pairs.filter { $0.distance <= limit && (second != nil || $0.first < $0.second) }
      .sorted { ($0.distance, $0.first, $0.second) < ($1.distance, $1.first, $1.second) }
  }

  private func pairs(_ ranked: RankedPairs) -> [Pair] {
    ranked.pairs.map { Pair(first: $0.first, second: $0.second, distance: $0.distance) }
  }

  /// Images around few centers, so that some are close; the number of neighbors is large enough to find all pairs.
  private func clustered(_ count: Int, _ shape: ImageShape, key: UInt32) -> LabeledImages {
    let centers = coarseImages(6, shape, classes: 1, levels: 256)
    let noise = coarseImages(count, shape, classes: 2, levels: 3, key: key)
    let pixels = (0..<count).flatMap { image in
      zip(centers.pixels(of: image * image % 6), noise.pixels(of: image)).map {
        UInt8((Int($0) * 7 + Int($1) / 60) / 8)
      }
    }
    return LabeledImages(shape: shape, pixels: pixels, labels: noise.labels)
  }

  @Test(arguments: [ImageShape(height: 4, width: 3, channels: 1), .init(height: 2, width: 2, channels: 3)])
  func pairsMatchBruteForce(shape: ImageShape) throws {
    let (train, test) = (clustered(50, shape, key: 1), clustered(30, shape, key: 2))
    let found = try explore(dataset(train, test, classes: 2)) { ($0.neighbors, $0.listed) = (49, 10_000) }.duplicates
    // With all 49 others as neighbors, the typical distance is the median distance to the farthest image.
    let farthest = (0..<50).map { a in (0..<50).map { distance(train.pixels(of: a), train.pixels(of: $0)) }.max()! }
    #expect(found.typicalDistance == farthest.sorted()[24])
    let limit = try #require(found.nearLimit)
    #expect(limit == farthest.sorted()[24] / 4)
    for (ranked, expected) in [
      (found.near.withinTrain, closePairs(train, nil, limit: limit)),
      (found.near.withinTest, closePairs(test, nil, limit: limit)),
      (found.near.across, closePairs(train, test, limit: limit)),
    ] {
      let near = expected.filter { $0.distance > 0 }
      #expect(pairs(ranked) == near && ranked.count == near.count && !near.isEmpty)
      #expect(ranked.conflicts == ranked.pairs.filter { $0.firstLabel != $0.secondLabel })
      #expect(ranked.conflictCount == ranked.conflicts.count && ranked.conflictCount > 0)
    }
    for pair in found.near.across.pairs {
      #expect(pair.firstLabel == Int(train.labels[pair.first]) && pair.secondLabel == Int(test.labels[pair.second]))
    }
  }

  /// One neighbor per image. The nearest image to the third is the second, whose nearest image is the first.
  @Test func listsEachNearPairOnce() throws {
    let values: [UInt8] = [0, 1, 3, 60, 100, 140, 180, 220]
    let train = rowImages(values.map { [$0] }, labels: values.map { _ in 0 })
    let found = try explore(dataset(train, train.prefix(0), classes: 1)) { $0.neighbors = 1 }.duplicates
    #expect(found.typicalDistance == 40)
    #expect(
      pairs(found.near.withinTrain) == [
        Pair(first: 0, second: 1, distance: 1), Pair(first: 1, second: 2, distance: 2),
      ])
  }

  @Test func pairsOfASampleHaveDataSetIndices() throws {
    let shape = ImageShape(height: 3, width: 2, channels: 1)
    let (train, test) = (clustered(60, shape, key: 1), clustered(60, shape, key: 2))
    let found = try explore(dataset(train, test, classes: 2)) { ($0.neighbors, $0.searchedImages) = (39, 40) }
      .duplicates.near
    for (ranked, first, second) in [
      (found.withinTrain, train, train), (found.withinTest, test, test), (found.across, train, test),
    ] {
      #expect(!ranked.pairs.isEmpty && ranked.pairs.contains { max($0.first, $0.second) >= 40 })
      for pair in ranked.pairs {
        #expect(pair.distance == distance(first.pixels(of: pair.first), second.pixels(of: pair.second)))
        #expect(pair.firstLabel == Int(first.labels[pair.first]) && pair.secondLabel == Int(second.labels[pair.second]))
      }
    }
  }

  @Test func exactDuplicatesReferToTheFirstCopy() throws {
    let train = rowImages([[1, 2], [3, 4], [1, 2], [9, 9], [1, 2]], labels: [0, 1, 0, 1, 1])
    let test = rowImages([[9, 9], [5, 5], [1, 2], [5, 5]], labels: [1, 0, 1, 0])
    let found = try explore(dataset(train, test, classes: 2)).duplicates.exact
    func list(_ ranked: RankedPairs) -> [[Int]] { ranked.pairs.map { [$0.first, $0.second] } }
    #expect(list(found.withinTrain) == [[0, 2], [0, 4]] && list(found.withinTest) == [[1, 3]])
    #expect(list(found.across) == [[0, 2], [3, 0]])
    #expect(found.withinTrain.conflicts.map(\.second) == [4] && found.withinTrain.conflictCount == 1)
    #expect(found.across.conflicts.map(\.second) == [2])
    #expect((found.withinTrain.pairs + found.across.pairs).allSatisfy { $0.distance == 0 })
  }

  @Test func listsKeepTheClosestPairsAndCountAll() throws {
    let train = rowImages((0..<20).map { [UInt8($0 * $0 / 4)] } + [[255]], labels: [UInt8](repeating: 0, count: 21))
    let whole = try explore(dataset(train, train.prefix(1), classes: 1)) { $0.listed = 1000 }.duplicates
    let cut = try explore(dataset(train, train.prefix(1), classes: 1)) { $0.listed = 2 }.duplicates
    #expect(whole.near.withinTrain.pairs.count > 2 && cut.near.withinTrain.count == whole.near.withinTrain.count)
    #expect(cut.near.withinTrain.pairs == Array(whole.near.withinTrain.pairs.prefix(2)))
  }

  /// The rule adapts to the data: near duplicates do not depend on the brightness of the images.
  @Test func nearDuplicatesAreScaleInvariant() throws {
    let images = clustered(40, ImageShape(height: 3, width: 3, channels: 1), key: 3)
    let dark = LabeledImages(shape: images.shape, pixels: images.pixels.map { $0 / 2 }, labels: images.labels)
    let bright = LabeledImages(shape: images.shape, pixels: dark.pixels.map { $0 * 2 }, labels: images.labels)
    let found = try [dark, bright].map {
      try explore(dataset($0, $0.prefix(3), classes: 2)) { $0.neighbors = 30 }.duplicates.near.withinTrain
    }
    #expect(found[0].pairs.map { [$0.first, $0.second] } == found[1].pairs.map { [$0.first, $0.second] })
    #expect(!found[0].pairs.isEmpty && found[0].pairs.map { $0.distance * 2 } == found[1].pairs.map(\.distance))
  }

  @Test func identicalImagesAreNotNearDuplicates() throws {
    let same = rowImages([[UInt8]](repeating: [5, 5], count: 30), labels: [UInt8](repeating: 0, count: 30))
    let found = try explore(dataset(same, rowImages([[6, 5]], labels: [0]), classes: 1)).duplicates
    #expect(found.typicalDistance == nil && found.nearLimit == nil)
    #expect(found.exact.withinTrain.count == 29 && found.near.withinTrain.count == 0 && found.near.across.count == 0)
  }
}

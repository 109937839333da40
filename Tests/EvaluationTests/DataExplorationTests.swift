import Compute
import Datasets
import Evaluation
import Foundation
import Models
import Progress
import Testing

/// Values computed by NumPy and scikit-learn (Tests/Peers/fixtures/exploration.py).
private struct Fixture: Decodable {
  let shape: ImageShape
  let classes: Int
  let pixels, labels, testPixels, testLabels: [UInt8]
  let neighbors: [[Int]]
  let distances: [[Double]]
  let uniform, byDistance: [Float]
  let ratios, components, projected, means, deviations, meanDistances: [Double]
  let within, between: Double

  var dataset: Dataset {
    Dataset(
      name: "fixture", classNames: (0..<classes).map { "class \($0)" },
      train: LabeledImages(shape: shape, pixels: pixels, labels: labels),
      test: LabeledImages(shape: shape, pixels: testPixels, labels: testLabels))
  }
}

@Suite struct DataExplorationTests {
  private func areClose(_ found: [Float], _ expected: some Sequence<Double>, _ tolerance: Double = 1e-4) -> Bool {
    zip(found, expected).allSatisfy { abs(Double($0) - $1) < tolerance }
  }

  // MARK: NumPy and scikit-learn

  @Test(arguments: [0, 1]) func componentsMatchScikitLearn(index: Int) throws {
    let fixture = try readFixture("exploration", as: [Fixture].self)[index]
    let found = try explore(fixture.dataset) { $0.components = 3 }.components
    #expect(found.explainedVarianceRatios.count == fixture.ratios.count)
    #expect(zip(found.explainedVarianceRatios, fixture.ratios).allSatisfy { abs($0 - $1) < 1e-12 })
    #expect(found.components.count == 3 && found.scatter.map(\.image) == Array(0..<fixture.labels.count))
    let length = fixture.shape.count
    for (component, map) in found.components.enumerated() {
      let expected = fixture.components[component * length..<(component + 1) * length]
      // The sign of a component is arbitrary.
      let sign = zip(map.values, expected).reduce(0) { $0 + Double($1.0) * $1.1 } < 0 ? -1.0 : 1
      #expect(map.shape == fixture.shape && areClose(map.values, expected.map { sign * $0 }))
      if component > 1 { continue }
      for point in found.scatter {
        let place = Double(component == 0 ? point.x : point.y)
        #expect(abs(place - sign * fixture.projected[point.image * 2 + component]) < 1e-2)
        #expect(point.label == Int(fixture.labels[point.image]))
      }
    }
    let half = found.count(explaining: 0.5)
    #expect(fixture.ratios.prefix(half).reduce(0, +) >= 0.5 && fixture.ratios.prefix(half - 1).reduce(0, +) < 0.5)
    #expect(found.count(explaining: 1) <= length && found.count(explaining: 0) == 0)
  }

  @Test(arguments: [0, 1]) func meansDeviationsAndDistancesMatchNumPy(index: Int) throws {
    let fixture = try readFixture("exploration", as: [Fixture].self)[index]
    let found = try explore(fixture.dataset)
    let length = fixture.shape.count
    for label in 0..<fixture.classes {
      let range = label * length..<(label + 1) * length
      #expect(areClose(try #require(found.classes[label].mean).values, fixture.means[range]))
      #expect(areClose(try #require(found.classes[label].deviation).values, fixture.deviations[range]))
      let squares = fixture.deviations[range].reduce(0) { $0 + $1 * $1 }
      #expect(abs(try #require(found.spread.radii[label]) - squares.squareRoot()) < 1e-9)
    }
    let distances = found.spread.distances.joined().compactMap { $0 }
    #expect(distances.count == fixture.meanDistances.count)
    #expect(zip(distances, fixture.meanDistances).allSatisfy { abs($0 - $1) < 1e-9 })
    #expect(abs(found.spread.within - fixture.within) < 1e-8 && abs(found.spread.between - fixture.between) < 1e-8)
    #expect(
      abs(found.spread.betweenFraction - fixture.between / (fixture.within + fixture.between)) < 1e-12)
  }

  @Test(arguments: [0, 1]) func leaveOneOutProbabilitiesMatchScikitLearn(index: Int) throws {
    let fixture = try readFixture("exploration", as: [Fixture].self)[index]
    for (weights, expected) in [(Weighting.uniform, fixture.uniform), (.distance, fixture.byDistance)] {
      var settings = NeighborsSettings()
      (settings.neighbors, settings.weights) = (5, weights)
      let model = try NearestNeighbors.fit(
        fixture.dataset.train, classCount: fixture.classes, settings: settings, on: anyContext,
        progress: { _ in true })
      let others = try model.nearestOthers(5, on: anyContext, progress: { _ in true })
      #expect(others.map { $0.map(\.row) } == fixture.neighbors)
      for (found, expected) in zip(others, fixture.distances) {
        #expect(zip(found, expected).allSatisfy { abs($0.distance - $1) < 1e-9 })
      }
      let found = try model.leaveOneOutPredictions(on: anyContext, progress: { _ in true }).probabilities
      #expect(found.count == expected.count && zip(found, expected).allSatisfy { abs($0 - $1) < 1e-6 })
    }
  }

  @Test(arguments: [0, 1]) func suspectsHaveNeighborsWithAnotherLabel(index: Int) throws {
    let fixture = try readFixture("exploration", as: [Fixture].self)[index]
    let found = try explore(fixture.dataset) { ($0.neighbors, $0.listed) = (5, 1000) }.agreement
    let labels = fixture.labels.map { Int($0) }
    let votes = fixture.neighbors.map { neighbors in
      (0..<fixture.classes).map { label in neighbors.count { labels[$0] == label } }
    }
    #expect(found.neighbors == 5 && found.images == labels.count)
    #expect(found.histogram == (0...5).map { number in labels.indices.count { votes[$0][labels[$0]] == number } })
    let outvoted = labels.indices.filter { votes[$0][labels[$0]] < votes[$0].max()! }
    #expect(found.outvoted == (0..<fixture.classes).map { label in outvoted.count { labels[$0] == label } })
    #expect(found.suspects.map(\.image).sorted() == outvoted)
    for suspect in found.suspects {
      let votes = votes[suspect.image]
      #expect(suspect.agreement == Double(votes[suspect.label]) / 5 && suspect.label == labels[suspect.image])
      #expect(suspect.neighborsShare == Double(votes.max()!) / 5)
      #expect(suspect.neighborsLabel == votes.firstIndex(of: votes.max()!))
      #expect(suspect.neighbors == fixture.neighbors[suspect.image])
      #expect(abs(suspect.meanDistance - fixture.distances[suspect.image].reduce(0, +) / 5) < 1e-9)
    }
    for (one, next) in zip(found.suspects, found.suspects.dropFirst()) {
      #expect(
        (one.agreement, -one.neighborsShare, one.meanDistance)
          <= (next.agreement, -next.neighborsShare, next.meanDistance))
    }
  }

  // MARK: Pictures and histograms

  @Test func samplesAreDistinctAndSmallerSamplesArePrefixes() throws {
    let train = coarseImages(60, ImageShape(height: 2, width: 3, channels: 1), classes: 3)
    let data = dataset(train, train.prefix(5), classes: 4)
    let found = try explore(data) { $0.samplesPerClass = 8 }.classes
    let fewer = try explore(data) { $0.samplesPerClass = 3 }.classes
    let other = try explore(data) { ($0.samplesPerClass, $0.seed) = (8, 1) }.classes
    for label in 0..<4 {
      let samples = found[label].samples
      #expect(samples.count == (label < 3 ? 8 : 0) && Set(samples).count == samples.count)
      #expect(samples.allSatisfy { train.labels[$0] == label })
      #expect(fewer[label].samples == Array(samples.prefix(3)))
      #expect(label == 3 || other[label].samples != samples)
    }
    #expect(found[3].mean == nil && found[3].deviation == nil)
  }

  @Test func histogramsCountBytesByChannel() {
    let images = coarseImages(20, ImageShape(height: 3, width: 1, channels: 3), classes: 2, levels: 200)
    let histogram = PixelHistogram(images)
    for channel in 0..<3 {
      let bytes = images.pixels.indices.filter { $0 % 3 == channel }.map { images.pixels[$0] }
      #expect(histogram.counts[channel] == (0..<256).map { value in bytes.count { $0 == value } })
      #expect(histogram.zeroFractions[channel] == Double(bytes.count { $0 == 0 }) / 60)
    }
  }

  @Test func majorityAccuracyIsThatOfTheLargestClass() throws {
    func images(_ labels: [UInt8]) -> LabeledImages { rowImages(labels.map { [$0] }, labels: labels) }
    let balance = ClassBalance(
      DatasetSummary(dataset(images([0, 1, 1, 1, 2, 2]), images([1, 1, 2, 0, 0]), classes: 3)))
    #expect(balance.train == [1, 3, 2] && balance.test == [2, 2, 1])
    #expect(balance.largestToSmallest == 3 && balance.majorityAccuracy == 0.4)
    let empty = ClassBalance(DatasetSummary(dataset(images([0]), images([]), classes: 2)))
    #expect(empty.largestToSmallest == nil && empty.majorityAccuracy == nil)
  }

  /// 96 x 80 in color: pictures are means of 2 x 2 pixels, components of 5 x 5 pixels.
  @Test func downscalesLargeImagesByBlockMeans() throws {
    let shape = ImageShape(height: 96, width: 80, channels: 3)
    let image = coarseImages(1, shape, classes: 1, levels: 256)
    let found = try explore(dataset(image, image, classes: 1))
    let mean = try #require(found.classes[0].mean)
    #expect(mean.shape == ImageShape(height: 48, width: 40, channels: 3))
    for (row, column, channel) in [(0, 0, 0), (47, 39, 2), (10, 31, 1)] {
      let block = [(0, 0), (0, 1), (1, 0), (1, 1)].map {
        Int(image.pixels[((2 * row + $0.0) * 80 + 2 * column + $0.1) * 3 + channel])
      }
      #expect(mean.values[(row * 40 + column) * 3 + channel] == Float((block.reduce(0, +) + 2) / 4))
    }
    #expect(found.components.components[0].shape == ImageShape(height: 20, width: 16, channels: 3))
  }

  // MARK: Shapes and sizes

  @Test(arguments: [
    ImageShape(height: 1, width: 1, channels: 1), .init(height: 1, width: 1, channels: 3),
    .init(height: 7, width: 2, channels: 1), .init(height: 3, width: 5, channels: 3),
  ]) func explanationIsIndependentOfThreadCount(shape: ImageShape) throws {
    for count in [1, 2, 3, 17, 150] {
      let train = coarseImages(count, shape, classes: 3)
      let data = dataset(train, coarseImages(count / 2, shape, classes: 3, key: 1), classes: 3)
      let found = try (1...3).map { threads in
        try explore(data, on: ComputeContext(threads: threads, instructionSet: .available.max()!)) {
          $0.scatterImages = 40
        }
      }
      #expect(found[0] == found[1] && found[0] == found[2])
      #expect(try JSONDecoder().decode(DataExploration.self, from: JSONEncoder().encode(found[0])) == found[0])
      #expect(found[0].components.scatter.count == min(count, 40))
    }
  }

  @Test func exploresASingleImage() throws {
    let image = rowImages([[7, 9]], labels: [0])
    let found = try explore(dataset(image, image.prefix(0), classes: 1))
    #expect(found.classes[0].samples == [0])
    #expect(found.classes[0].mean?.values == [7, 9] && found.classes[0].deviation?.values == [0, 0])
    #expect(found.spread.distances == [[0]] && found.spread.radii == [0] && found.spread.betweenFraction == 0)
    #expect(found.components.explainedVarianceRatios == [0, 0])
    #expect(found.duplicates.typicalDistance == nil && found.duplicates.near.withinTrain.count == 0)
    #expect(found.agreement.neighbors == 0 && found.agreement.histogram == [1] && found.agreement.suspects.isEmpty)
  }

  @Test func searchingASampleEqualsExploringTheSample() throws {
    let shape = ImageShape(height: 2, width: 2, channels: 1)
    let train = coarseImages(80, shape, classes: 3, levels: 30)
    let data = dataset(train, coarseImages(40, shape, classes: 3, levels: 30, key: 1), classes: 3)
    let part = try explore(data) { ($0.searchedImages, $0.listed) = (20, 1000) }
    #expect(part.agreement.images == 20)
    let all = try explore(data) { $0.listed = 1000 }
    #expect(part.duplicates.exact == all.duplicates.exact, "exact duplicates are always searched in all images")
    #expect(
      part.agreement.suspects.allSatisfy { suspect in
        let own = train.pixels(of: suspect.image)
        let distances = suspect.neighbors.map { distance(own, train.pixels(of: $0)) }
        return abs(distances.reduce(0, +) / 10 - suspect.meanDistance) < 1e-9 && distances == distances.sorted()
      })
    #expect(!part.agreement.suspects.isEmpty)
    #expect(try explore(data) { ($0.searchedImages, $0.seed) = (20, 1) }.agreement != part.agreement)
  }

  @Test func reportsProgressAndCanBeStopped() throws {
    let images = coarseImages(300, ImageShape(height: 2, width: 2, channels: 1), classes: 2)
    let data = dataset(images, images.prefix(200), classes: 2)
    var reports: [FitProgress] = []
    _ = try DataExploration(data, on: anyContext) { progress in
      reports.append(progress)
      return true
    }
    #expect(reports.map(\.done) == reports.map(\.done).sorted() && reports.last?.done == 700)
    #expect(reports.allSatisfy { $0.total == 700 })
    #expect(throws: CancellationError.self) { try DataExploration(data, on: anyContext) { $0.done < 400 } }
  }

  @Test func rejectsInvalidSettings() {
    let image = rowImages([[1]], labels: [0])
    for change: (inout ExplorationSettings) -> Void in [
      { $0.neighbors = 0 }, { $0.listed = -1 }, { $0.searchedImages = 1 }, { $0.samplesPerClass = -1 },
    ] {
      #expect(throws: ModelError.self) { try explore(dataset(image, image, classes: 1), change) }
    }
  }
}

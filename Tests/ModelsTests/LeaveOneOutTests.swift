import Compute
import Datasets
import Models
import Testing

@Suite struct LeaveOneOutTests {
  private func fit(
    _ images: LabeledImages, neighbors: Int, _ metric: DistanceMetric = .euclidean, components: Int? = nil
  ) throws -> NearestNeighbors {
    var settings = NeighborsSettings()
    (settings.neighbors, settings.metric, settings.weights) = (neighbors, metric, .distance)
    settings.components = components
    return try NearestNeighbors.fit(
      images, classCount: 3, settings: settings, on: anyContext, progress: { _ in true })
  }

  private func coarse(_ count: Int, levels: UInt8) -> LabeledImages {
    let images = randomImages(count, ImageShape(height: 1, width: 2, channels: 3), classes: 3)
    return LabeledImages(shape: images.shape, pixels: images.pixels.map { $0 % levels }, labels: images.labels)
  }

  /// With two levels, most images have more duplicates than the number of neighbors.
  @Test(arguments: [DistanceMetric.euclidean, .manhattan], [UInt8(2), 200])
  func equalsModelsWithoutTheImage(metric: DistanceMetric, levels: UInt8) throws {
    let images = coarse(300, levels: levels)
    let model = try fit(images, neighbors: 4, metric)
    let others = try model.nearestOthers(4, on: anyContext, progress: { _ in true })
    let probabilities = try model.leaveOneOutPredictions(on: anyContext, progress: { _ in true }).probabilities
    for image in stride(from: 0, to: 300, by: 7) {
      let rest = (0..<300).filter { $0 != image }
      let alone = try fit(images.selecting(rest), neighbors: 4, metric)
      let expected = try alone.nearest(4, to: images.selecting([image]), on: anyContext, progress: { _ in true })[0]
      #expect(others[image] == expected.map { Neighbor(row: rest[$0.row], distance: $0.distance) })
      #expect(
        try Array(probabilities[image * 3..<image * 3 + 3])
          == alone.probabilities(for: images.selecting([image]), on: anyContext, progress: { _ in true }))
    }
  }

  @Test(arguments: [nil, 3]) func isIndependentOfThreadCount(components: Int?) throws {
    let model = try fit(coarse(500, levels: 100), neighbors: 5, components: components)
    let found = try (1...3).map { threads in
      try model.leaveOneOutPredictions(
        on: ComputeContext(threads: threads, instructionSet: .available.max()!), progress: { _ in true }
      ).probabilities
    }
    #expect(found[0] == found[1] && found[0] == found[2])
  }

  @Test func hasNoPredictionsWithTooFewOtherImages() throws {
    let images = coarse(5, levels: 9)
    let model = try fit(images, neighbors: 5)
    #expect(
      try model.leaveOneOutPredictions(on: anyContext, progress: { _ in true }).source == .noneOfTooManyNeighbors)
    let predictions = try fit(images, neighbors: 4).leaveOneOutPredictions(on: anyContext, progress: { _ in true })
    #expect(predictions.probabilities.count == 15 && predictions.images == [0, 1, 2, 3, 4])
    #expect(try fit(images.prefix(1), neighbors: 1).nearestOthers(0, on: anyContext, progress: { _ in true }) == [[]])
  }
}

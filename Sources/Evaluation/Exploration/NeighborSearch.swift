package import Compute
package import Datasets
internal import Models
package import Progress

/// The exact Euclidean nearest neighbors within the training images, within the test images, and of the test images
/// among the training images. Indices refer to the entire data set, also if only a sample is searched.
package struct NeighborSearch: Sendable {
  let settings: ExplorationSettings
  /// The searched training images, ascending, and the nearest other training images of each.
  let train: [Int]
  let withinTrain: [[Neighbor]]
  let test: [Int]
  let withinTest: [[Neighbor]]
  /// The nearest training images of each searched test image.
  let across: [[Neighbor]]

  /// - Parameters:
  ///   - dataset: a data set with at least one training image
  ///   - progress: receives the number of images whose neighbors are found; returns false to stop
  /// - Throws: ``ModelError/badSettings(_:)``; `CancellationError` if stopped.
  package init(
    _ dataset: Dataset, settings: ExplorationSettings = ExplorationSettings(), on context: ComputeContext,
    progress: (FitProgress) -> Bool
  ) throws {
    try settings.check()
    precondition(dataset.train.count > 0, "there are no training images to explore")
    self.settings = settings
    train = Self.chosen(of: dataset.train, settings, .searchedTrain)
    test = Self.chosen(of: dataset.test, settings, .searchedTest)
    let trainModel = try Self.model(dataset.train, train, dataset.classCount, context)
    let testModel = try Self.model(dataset.test, test, dataset.classCount, context)
    let total = train.count + 2 * test.count
    var before = 0
    func advance(_ part: FitProgress) -> Bool {
      progress(FitProgress(done: before + part.done, total: total, unit: .queries))
    }
    let others = { (count: Int) in max(0, min(settings.neighbors, count - 1)) }
    withinTrain =
      try trainModel?.nearestOthers(others(train.count), on: context, progress: advance)
      .map { [train] in Self.renumbered($0, train) } ?? []
    before += train.count
    withinTest =
      try testModel?.nearestOthers(others(test.count), on: context, progress: advance)
      .map { [test] in Self.renumbered($0, test) } ?? []
    before += test.count
    if let trainModel, let testModel {
      across = try trainModel.nearest(
        min(settings.neighbors, train.count), to: testModel.training, on: context, progress: advance
      ).map { [train] in Self.renumbered($0, train) }
    } else {
      across = []
    }
  }

  private static func chosen(
    of images: LabeledImages, _ settings: ExplorationSettings, _ use: KeyedSample.Use
  ) -> [Int] {
    let all = Array(0..<images.count)
    guard let limit = settings.searchedImages, limit < images.count else { return all }
    return KeyedSample.sample(limit, of: all, seed: settings.seed, use).sorted()
  }

  /// Nil without images.
  private static func model(
    _ images: LabeledImages, _ chosen: [Int], _ classCount: Int, _ context: ComputeContext
  ) throws -> NearestNeighbors? {
    if chosen.isEmpty { return nil }
    var settings = NeighborsSettings()
    settings.neighbors = 1
    return try NearestNeighbors.fit(
      chosen.count == images.count ? images : images.selecting(chosen), classCount: classCount, settings: settings,
      on: context, progress: { _ in true })
  }

  private static func renumbered(_ neighbors: [Neighbor], _ numbers: [Int]) -> [Neighbor] {
    neighbors.map { Neighbor(row: numbers[$0.row], distance: $0.distance) }
  }
}

package import Compute
package import Datasets
internal import Models
package import Progress

/// The exploration of a data set, as values for a report.
///
/// Results do not depend on the number of threads. Sums over images are exact integers.
package struct DataExploration: Sendable, Equatable, Codable {
  package let settings: ExplorationSettings
  package let summary: DatasetSummary
  package let balance: ClassBalance
  /// The pictures of the classes, by label.
  package let classes: [ClassPictures]
  package let trainHistogram: PixelHistogram
  package let testHistogram: PixelHistogram
  package let spread: ClassSpread
  package let components: ComponentAnalysis
  package let duplicates: Duplicates
  package let agreement: NeighborAgreement

  /// Images with more bytes are downscaled for class means and distances, so that the means of many classes fit in
  /// memory.
  static let pictureByteLimit = 64 * 64 * 3

  /// - Parameters:
  ///   - dataset: a data set with at least one training image
  ///   - progress: receives the number of images whose neighbors are found, which is most of the work; returns false to
  ///     stop
  /// - Throws: ``ModelError/badSettings(_:)``; `CancellationError` if stopped.
  package init(
    _ dataset: Dataset, settings: ExplorationSettings = ExplorationSettings(), on context: ComputeContext,
    progress: (FitProgress) -> Bool
  ) throws {
    let search = try NeighborSearch(dataset, settings: settings, on: context, progress: progress)
    self.init(dataset, search: search, on: context)
  }

  /// - Parameter search: the neighbors of the images of this data set
  package init(_ dataset: Dataset, search: NeighborSearch, on context: ComputeContext) {
    let settings = search.settings
    let moments = ClassMoments(
      dataset.train.shrunk(toBytes: Self.pictureByteLimit, on: context), classCount: dataset.classCount)
    self.settings = settings
    summary = DatasetSummary(dataset)
    balance = ClassBalance(summary)
    classes = ClassPictures.all(labels: dataset.train.labels, moments: moments, settings: settings)
    (trainHistogram, testHistogram) = (PixelHistogram(dataset.train), PixelHistogram(dataset.test))
    spread = ClassSpread(moments)
    components = ComponentAnalysis(dataset.train, settings: settings, on: context)
    duplicates = Duplicates(dataset, search: search, settings: settings)
    agreement = NeighborAgreement(
      search, labels: dataset.train.labels, classCount: dataset.classCount, listed: settings.listed)
  }
}

package import Compute
internal import Datasets
package import Progress

extension NearestNeighbors {
  /// The most training images that are classified by their neighbors; more would hardly narrow the intervals.
  static let mostLeaveOneOutQueries = 10_000

  /// Returns the `k` nearest *other* training images of training images, nearest first; of equally near images, the one
  /// with the lower index first.
  ///
  /// - Parameters:
  ///   - k: less than the number of training images
  ///   - rows: the images to search for; nil: all
  package func nearestOthers(
    _ k: Int, of rows: [Int]? = nil, on context: ComputeContext, progress: (FitProgress) -> Bool
  ) throws -> [[Neighbor]] {
    precondition(k < training.count, "\(training.count) images have no \(k) others")
    let images = rows.map(training.selecting) ?? training
    // Search for one more, and drop the image itself, which may be missing if it has more than k duplicates.
    return try nearest(k + 1, to: images, on: context, progress: progress).enumerated().map { index, found in
      let row = rows?[index] ?? index
      return Array(found.filter { $0.row != row }.prefix(k))
    }
  }

  /// Classifies training images by their neighbors other than themselves: all images, or a random sample.
  ///
  /// Principal components, if any, are those of all training images; they do not depend on labels.
  ///
  /// - Parameter others: the nearest other images of each training image, at least as many as vote; nil to search for
  ///   them
  /// - Throws: `CancellationError` if stopped.
  package func leaveOneOutPredictions(
    others known: [[Neighbor]]? = nil, on context: ComputeContext, progress: (FitProgress) -> Bool
  ) throws -> HeldOutPredictions {
    guard configuration.neighbors < training.count else { return .none(.noneOfTooManyNeighbors) }
    let all = Array(0..<training.count)
    let images = KeyedSample.sample(Self.mostLeaveOneOutQueries, of: all, seed: 0, .holdOut).sorted()
    let others =
      try known.map { known in images.map { known[$0] } }
      ?? nearestOthers(configuration.neighbors, of: images, on: context, progress: progress)
    return HeldOutPredictions(images, vote(of: others), .leaveOneOut)
  }
}

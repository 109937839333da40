package import Compute
internal import Datasets

extension NearestNeighbors {
  /// Returns the `k` nearest *other* training images of each training image, nearest first; of equally near images, the
  /// one with the lower index first.
  ///
  /// - Parameter k: less than the number of training images
  package func nearestOthers(
    _ k: Int, on context: ComputeContext, progress: (FitProgress) -> Bool
  ) throws -> [[Neighbor]] {
    precondition(k < training.count, "\(training.count) images have no \(k) others")
    // Search for one more, and drop the image itself, which may be missing if it has more than k duplicates.
    return try nearest(k + 1, to: training, on: context, progress: progress).enumerated().map { row, found in
      Array(found.filter { $0.row != row }.prefix(k))
    }
  }

  /// Returns the class probabilities of each training image by its neighbors other than itself: (images, classCount).
  ///
  /// Principal components, if any, are those of all training images; they do not depend on labels.
  ///
  /// - Throws: ``ModelError/badSettings(_:)`` if there are too few other images; `CancellationError` if stopped.
  package func leaveOneOutProbabilities(
    on context: ComputeContext, progress: (FitProgress) -> Bool
  ) throws -> [Float] {
    guard configuration.neighbors < training.count else {
      throw ModelError.badSettings(
        "neighbors: \(configuration.neighbors), but there are only \(counted(training.count - 1, "other image"))")
    }
    return try nearestOthers(configuration.neighbors, on: context, progress: progress).flatMap {
      vote($0, weights: configuration.weights)
    }
  }
}

package import Compute
internal import Datasets

extension NearestNeighbors {
  /// The `k` nearest *other* training images of each training image, nearest first, of equally near ones the one with the lower index.
  ///
  /// - Parameter k: fewer than there are training images
  package func nearestOthers(
    _ k: Int, on context: ComputeContext, progress: (FitProgress) -> Bool
  ) throws -> [[Neighbor]] {
    precondition(k < training.count, "\(training.count) images have no \(k) others")
    // One more is searched for, and the image itself left out. Where it has more twins than that, it may not be among them.
    return try nearest(k + 1, to: training, on: context, progress: progress).enumerated().map { row, found in
      Array(found.filter { $0.row != row }.prefix(k))
    }
  }

  /// The class probabilities of each training image by its neighbours other than itself, as if it were new: (images, classCount).
  ///
  /// Principal components, if the settings ask for some, are those of all images; they know no labels.
  /// - Throws: ``ModelError/badSettings(_:)`` if leaving one out leaves too few neighbours; `CancellationError` if stopped.
  package func leaveOneOutProbabilities(
    on context: ComputeContext, progress: (FitProgress) -> Bool
  ) throws -> [Float] {
    guard configuration.neighbors < training.count else {
      throw ModelError.badSettings(
        "neighbors: \(configuration.neighbors), but an image has only \(training.count - 1) others")
    }
    return try nearestOthers(configuration.neighbors, on: context, progress: progress).flatMap {
      vote($0, weights: configuration.weights)
    }
  }
}

internal import Compute
package import Datasets
internal import Text

extension LinearSettings {
  /// Estimates the memory of a fit.
  ///
  /// - Parameters:
  ///   - count: the number of training images
  ///   - threads: the number of threads of each computing process
  package func memory(
    images count: Int, of shape: ImageShape, classCount: Int, threads: Int
  ) -> MemoryEstimate {
    let (images, features) = (Double(count), Double(shape.count))
    let vector = features * (Double(classCount) / 16).rounded(.up) * 16
    // The partial sums of the gradient, and the solver's vectors in double precision: positions, gradients and pairs.
    let leaves = Double(CrossEntropy.leafCount(images: count))
    let vectors = vector * (4 * leaves + 8 * Double(2 * LimitedMemoryBFGS.memory + 8))
    var estimate = MemoryEstimate()
    estimate.computing = [
      .init(
        bytes: vectors, cause: "the weights of \(counted(classCount, "class", "classes"))",
        remedy: "use fewer classes or smaller images"),
      .init(
        bytes: Double(threads) * Double(CrossEntropy.blockImages) * (features + 64) * 4,
        cause: counted(threads, "thread"), remedy: "lower --threads"),
    ]
    guard CurvatureBound.isFull(features: shape.count, images: count) else { return estimate }
    // The covariance with two copies of the bytes or with its scaled copy; later the scaled copy, its inverse
    // factor, and that in single precision.
    estimate.computing.append(
      .init(
        bytes: 8 * features * features + max(2 * images * features, 12 * features * features),
        cause: "the covariance of \(shape) images", remedy: "use fewer or smaller images"))
    return estimate
  }
}

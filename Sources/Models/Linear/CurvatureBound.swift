internal import Compute
internal import Datasets
internal import KernelInterface

/// Coordinates in which the objective's curvature is at most about 1 in every direction, so that a quasi-Newton method
/// needs few iterations.
///
/// The Hessian of the cross-entropy of K classes is at most (1 - 1/K) / 2 times the scatter matrix of the features, for
/// each class, whatever the weights are (Böhning, Annals of the Institute of Statistical Mathematics 44, 1992). With
/// M = C / 2 scatter + 1 and M = L Lᵀ, the coordinates are v = Lᵀ w. If the matrix is too large, its diagonal takes its
/// place.
struct CurvatureBound: ~Copyable {
  private let features: Int
  /// (features, features): the inverse of L, which is lower triangular; or (features): its diagonal.
  private let inverse: AlignedBuffer<Float>
  private let isFull: Bool
  /// The factor of the intercepts, which are independent of the weights if features have mean 0.
  private let interceptScale: Double
  private let context: ComputeContext

  private static let maxFeatures = 4096
  private static let rowsAtOnce = 48

  /// Returns whether the matrix is used: if it has at most 4096 rows, and its factorization takes less time than the
  /// evaluations that it saves. An evaluation takes a time proportional to images * features, a factorization to
  /// features^3; the factor was measured.
  static func isFull(features: Int, images: Int) -> Bool {
    features <= maxFeatures && Double(features) * Double(features) <= 1024 * Double(images)
  }

  /// - Parameters:
  ///   - images: at least one
  ///   - strength: C
  ///   - progress: called from time to time; throws to stop
  init(
    of images: LabeledImages, strength: Double, on context: ComputeContext, progress: () throws -> Void
  ) rethrows {
    (features, self.context) = (images.shape.count, context)
    isFull = Self.isFull(features: images.shape.count, images: images.count)
    interceptScale = 1 / (strength / 2 * Double(images.count)).squareRoot()
    guard isFull else {
      let scatter = Self.diagonal(of: images)
      let factors: [Float] = scatter.map { value in Float(1 / (strength / 2 * value + 1).squareRoot()) }
      inverse = AlignedBuffer(factors)
      return
    }
    let matrix = try Self.matrix(of: images, strength: strength, on: context, progress: progress)
    let factor = try Cholesky.inverseFactor(
      of: matrix.pointer, size: features, on: context, progress: progress)
    inverse = AlignedBuffer(count: features * features)
    for place in 0..<features * features { inverse.pointer[place] = Float(factor.pointer[place]) }
  }

  /// Returns M: (features, features).
  private static func matrix(
    of images: LabeledImages, strength: Double, on context: ComputeContext, progress: () throws -> Void
  ) rethrows -> AlignedBuffer<Double> {
    let n = images.shape.count
    let covariance = try PixelCovariance(of: images, on: context) { _ in try progress() }.matrix
    let scale = strength / 2 * Double(max(images.count - 1, 1)) / (255 * 255)
    let matrix = AlignedBuffer<Double>(count: n * n)
    for place in covariance.indices { matrix.pointer[place] = covariance[place] * scale }
    let trace = (0..<n).reduce(0) { $0 + matrix.pointer[$1 * n + $1] }
    // A sum above 1 keeps the matrix positive definite where rounding errors exceed the penalty.
    let penalty = max(1, trace * 1e-12)
    for row in 0..<n { matrix.pointer[row * n + row] += penalty }
    return matrix
  }

  /// Returns the sum of the squared deviations of each feature from its mean: (features).
  private static func diagonal(of images: LabeledImages) -> [Double] {
    let features = images.shape.count
    var (sums, squares) = ([Int](repeating: 0, count: features), [Int](repeating: 0, count: features))
    images.pixels.withUnsafeBufferPointer { pixels in
      for image in 0..<images.count {
        for feature in 0..<features {
          let value = Int(pixels[image * features + feature])
          sums[feature] += value
          squares[feature] += value * value
        }
      }
    }
    return zip(sums, squares).map { sum, square in
      let (sum, square) = (Double(sum), Double(square))
      return max(0, square - sum * sum / Double(images.count)) / (255 * 255)
    }
  }

  /// Computes weights from coordinates: w = Tᵀ v, where T is the inverse of L.
  ///
  /// - Parameters:
  ///   - coordinates: (features + 1, padded); the last row is that of the intercepts
  ///   - weights: (features + 1, padded), overwritten
  func weights(of coordinates: UnsafePointer<Float>, padded: Int, into weights: UnsafeMutablePointer<Float>) {
    let last = features * padded
    for place in last..<last + padded { weights[place] = coordinates[place] * Float(interceptScale) }
    guard isFull else { return scale(coordinates, padded, into: weights) }
    forEachRows { rows in
      // Column i of T is 0 above row i.
      let first = rows.lowerBound
      context.kernels.multiplyMatrices(
        m: rows.count, n: padded, k: features - first, a: inverse.pointer + first * features + first, aRow: 1,
        aColumn: features, b: coordinates + first * padded, bRow: padded, c: weights + first * padded, cRow: padded,
        accumulate: false)
    }
  }

  /// Computes the gradient with respect to coordinates from that with respect to weights: T g.
  ///
  /// - Parameters:
  ///   - gradient: (features + 1, padded)
  ///   - result: (features + 1, padded), overwritten
  func gradient(of gradient: UnsafePointer<Float>, padded: Int, into result: UnsafeMutablePointer<Float>) {
    let last = features * padded
    for place in last..<last + padded { result[place] = gradient[place] * Float(interceptScale) }
    guard isFull else { return scale(gradient, padded, into: result) }
    forEachRows { rows in
      let first = rows.lowerBound
      context.kernels.multiplyMatrices(
        m: rows.count, n: padded, k: rows.upperBound, a: inverse.pointer + first * features, aRow: features,
        aColumn: 1, b: gradient, bRow: padded, c: result + first * padded, cRow: padded, accumulate: false)
    }
  }

  private func forEachRows(_ body: (_ rows: Range<Int>) -> Void) {
    let size = Self.rowsAtOnce
    context.team.forEach((features + size - 1) / size) { index, _ in
      body(index * size..<min((index + 1) * size, features))
    }
  }

  private func scale(_ values: UnsafePointer<Float>, _ padded: Int, into result: UnsafeMutablePointer<Float>) {
    for feature in 0..<features {
      for place in feature * padded..<(feature + 1) * padded {
        result[place] = values[place] * inverse.pointer[feature]
      }
    }
  }
}

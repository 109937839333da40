internal import Compute
internal import Datasets
internal import KernelInterface

/// The scores of images in a linear model: weights times pixels, plus intercepts.
///
/// Classes are padded to a multiple of 16. Each score is a fused sum over the features in order, from the intercept.
struct ImageRows {
  let images: LabeledImages
  /// (features), subtracted from pixels / 255.
  let center: [Float]

  var features: Int { images.shape.count }

  static func padded(_ classes: Int) -> Int { (classes + 15) / 16 * 16 }

  /// Writes the rows of some images: pixels / 255 less the center.
  ///
  /// - Parameter rows: (range, features), overwritten
  func fill(_ rows: UnsafeMutablePointer<Float>, with range: Range<Int>) {
    images.pixels.withUnsafeBufferPointer { pixels in
      center.withUnsafeBufferPointer { center in
        for image in range {
          let (source, center) = (pixels.baseAddress! + image * features, center.baseAddress!)
          let row = rows + (image - range.lowerBound) * features
          for feature in 0..<features { row[feature] = Float(source[feature]) * (1 / 255) - center[feature] }
        }
      }
    }
  }

  /// Computes the scores of filled rows.
  ///
  /// - Parameters:
  ///   - rows: (count, features)
  ///   - weights: (features + 1, padded); the last row contains the intercepts
  ///   - scores: (count, padded), overwritten
  func score(
    _ rows: UnsafePointer<Float>, count: Int, weights: UnsafePointer<Float>, padded: Int,
    kernels: any KernelSet.Type, scores: UnsafeMutablePointer<Float>
  ) {
    for row in 0..<count { (scores + row * padded).update(from: weights + features * padded, count: padded) }
    kernels.multiplyMatrices(
      m: count, n: padded, k: features, a: rows, aRow: features, aColumn: 1, b: weights, bRow: padded, c: scores,
      cRow: padded, accumulate: true)
  }
}

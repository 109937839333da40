internal import Foundation

/// The probability of a class as pixels are removed or inserted in the order of their importance according to attention
/// maps.
package struct AttentionCheck: Sendable, Equatable, Codable {
  /// The change to the images. Removed pixels get a constant color, the mean of the training images, unless stated
  /// otherwise.
  package enum Kind: String, Sendable, CaseIterable, Codable {
    /// The most important pixels are removed first: the sooner the probability falls, the better the map (Petsiuk et
    /// al., "RISE: randomized input sampling for explanation of black-box models", 2018).
    case deletion
    /// The most important pixels are inserted into an empty image first: the sooner the probability rises, the better
    /// the map (ibid.; the authors start from a blurred image, but small images can be recognized when blurred).
    case insertion
    /// Deletion without the edges that could themselves reveal the class: removed pixels are interpolated from their
    /// surroundings, with a little noise (Rong et al., "A consistent and efficient evaluation strategy for attribution
    /// methods", 2022).
    case road

    /// Whether a better map has the smaller area.
    package var lowerIsBetter: Bool { self != .insertion }
  }

  /// The curve of one method.
  package struct Curve: Sendable, Equatable, Codable {
    package let method: AttentionMethod
    /// (fractions) The mean probability over the images.
    package let probabilities: [Double]
    /// The area under the curve by the trapezoidal rule, from 0 to 1: the mean over the images.
    package let area: Double
    /// The standard error of `area`; nil for a single image.
    package let areaError: Double?

    /// - Parameter probabilities: (images, fractions), at least one image
    init(_ method: AttentionMethod, probabilities: [[Double]]) {
      self.method = method
      self.probabilities = probabilities[0].indices.map { step in MeanWithError(probabilities.map { $0[step] }).mean }
      let areas = MeanWithError(probabilities.map(Self.area))
      (area, areaError) = (areas.mean, areas.error)
    }

    private static func area(_ curve: [Double]) -> Double {
      let ends = (curve[0] + curve[curve.count - 1]) / 2
      return (curve.dropFirst().dropLast().reduce(0, +) + ends) / Double(curve.count - 1)
    }
  }

  package let kind: Kind
  /// The number of images.
  package let images: Int
  /// The fractions of pixels removed or inserted, equidistant from 0 to 1.
  package let fractions: [Double]
  /// In the order of the requested methods.
  package let curves: [Curve]
}

/// A mean of independent values and its standard error.
struct MeanWithError {
  let mean: Double
  /// nil for a single value.
  let error: Double?

  init(_ values: [Double]) {
    let count = Double(values.count)
    let mean = values.reduce(0, +) / count
    self.mean = mean
    let squares = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
    error = values.count > 1 ? (squares / (count - 1) / count).squareRoot() : nil
  }
}

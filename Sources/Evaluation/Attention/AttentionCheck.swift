internal import Foundation

/// What becomes of the probability of a class while pixels go, or come, in the order in which maps of attention say that they matter.
package struct AttentionCheck: Sendable, Equatable, Codable {
  /// What is done to the images. "Removed" pixels get a constant colour, the mean of the training images, unless said otherwise.
  package enum Kind: String, Sendable, CaseIterable, Codable {
    /// The pixels that matter most are removed first: the sooner the probability falls, the better the map (Petsiuk et al., "RISE:
    /// randomized input sampling for explanation of black-box models", 2018).
    case deletion
    /// The pixels that matter most are put first onto an empty picture: the sooner the probability rises, the better the map (ibid.; they
    /// begin with a blurred picture, but small pictures can be told when blurred).
    case insertion
    /// Deletion that leaves no edges behind, which might tell the class themselves: removed pixels are interpolated from those around
    /// them, with a little noise (Rong et al., "A consistent and efficient evaluation strategy for attribution methods", 2022).
    case road

    /// Whether a better map has the smaller area.
    package var lowerIsBetter: Bool { self != .insertion }
  }

  /// One method's curve.
  package struct Curve: Sendable, Equatable, Codable {
    package let method: AttentionMethod
    /// (fractions): the mean probability over images.
    package let probabilities: [Double]
    /// Under the curve, by trapezoids: the mean over images, from 0 to 1.
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
  /// How many images the curves are means over.
  package let images: Int
  /// The shares of pixels that are removed (or inserted): evenly from 0 to 1.
  package let fractions: [Double]
  /// In the order of the methods that were asked for.
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

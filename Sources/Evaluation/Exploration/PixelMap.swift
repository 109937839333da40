package import Datasets

/// Numbers laid out as an image: a mean picture, a principal component, a map of importance.
package struct PixelMap: Sendable, Equatable, Codable {
  package let shape: ImageShape
  /// (height, width, channels), row-major
  package let values: [Float]

  package init(shape: ImageShape, values: [Float]) {
    precondition(values.count == shape.count, "a map of \(shape) has \(shape.count) values, not \(values.count)")
    (self.shape, self.values) = (shape, values)
  }
}

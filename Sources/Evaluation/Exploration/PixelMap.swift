package import Datasets

/// Numbers with the layout of an image, such as a mean image, a principal component or an importance map.
package struct PixelMap: Sendable, Equatable, Codable {
  package let shape: ImageShape
  /// (height, width, channels), row-major
  package let values: [Float]

  package init(shape: ImageShape, values: [Float]) {
    precondition(values.count == shape.count, "a map of \(shape) has \(shape.count) values, not \(values.count)")
    (self.shape, self.values) = (shape, values)
  }
}

/// An 8-bit image, gray or RGB.
package struct RasterImage: Sendable, Equatable {
  package let shape: ImageShape
  /// (height, width, channels)
  package let pixels: [UInt8]

  package init(shape: ImageShape, pixels: [UInt8]) {
    precondition(pixels.count == shape.count && (shape.channels == 1 || shape.channels == 3))
    (self.shape, self.pixels) = (shape, pixels)
  }

  package var size: ImageSize { shape.size }
}

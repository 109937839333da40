/// The content of an image file as 8-bit samples, gray or RGB, with the opacity of its pixels.
///
/// Decoders convert neither gamma nor color spaces.
package struct DecodedImage: Sendable, Equatable {
  /// The samples as stored, also those of transparent pixels.
  let samples: RasterImage
  /// (height, width): from 0 (transparent) to 255 (opaque); nil if all pixels are opaque.
  let alpha: [UInt8]?

  package init(_ samples: RasterImage, alpha: [UInt8]? = nil) {
    precondition(alpha.map { $0.count == samples.shape.height * samples.shape.width } ?? true)
    (self.samples, self.alpha) = (samples, alpha)
  }

  /// - Parameter interleaved: (height, width, channels + 1); the last channel is the opacity
  init(_ shape: ImageShape, interleaved: [UInt8]) {
    let pixelCount = shape.height * shape.width
    var alpha = [UInt8](repeating: 0, count: pixelCount)
    let pixels = [UInt8](unsafeUninitializedCapacity: shape.count) { pixels, count in
      for pixel in 0..<pixelCount {
        let source = pixel * (shape.channels + 1)
        for channel in 0..<shape.channels { pixels[pixel * shape.channels + channel] = interleaved[source + channel] }
        alpha[pixel] = interleaved[source + shape.channels]
      }
      count = shape.count
    }
    let isOpaque = alpha.allSatisfy { $0 == 255 }
    self.init(RasterImage(shape: shape, pixels: pixels), alpha: isOpaque ? nil : alpha)
  }

  /// Whether any pixel is not opaque, so that the background shows through.
  package var isBlended: Bool { alpha != nil }

  /// The image on a white background.
  package var image: RasterImage { blended(onto: .white) }

  /// Returns the image for a set of images with `channels` channels, on a white background: a gray image is expanded to
  /// RGB, and an RGB image whose pixels are all gray becomes gray. Any other image is returned as it is.
  package func image(channels: Int) -> RasterImage {
    let image = image
    return channels == 3 ? image.rgb : image.isGray ? image.gray : image
  }
}

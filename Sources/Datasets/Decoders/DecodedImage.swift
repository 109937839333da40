/// The content of an image file as 8-bit samples, gray or RGB.
///
/// Decoders convert neither gamma nor color spaces. They blend transparent pixels onto white.
package struct DecodedImage: Sendable, Equatable {
  package let image: RasterImage
  /// Whether any pixel was blended onto white.
  package let isBlended: Bool
  /// Whether the image has a palette and its pixels use only gray entries. Such an image can be part of a set of RGB
  /// images.
  let isGrayPalette: Bool

  package init(_ image: RasterImage, isBlended: Bool = false, isGrayPalette: Bool = false) {
    precondition(!isGrayPalette || image.shape.channels == 1)
    (self.image, self.isBlended, self.isGrayPalette) = (image, isBlended, isGrayPalette)
  }

  /// Returns the image for a set of images with `channels` channels: a gray palette is expanded to RGB.
  package func image(channels: Int) -> RasterImage {
    guard isGrayPalette, channels == 3 else { return image }
    return RasterImage(
      shape: ImageShape(height: image.shape.height, width: image.shape.width, channels: 3),
      pixels: image.pixels.flatMap { [$0, $0, $0] })
  }
}

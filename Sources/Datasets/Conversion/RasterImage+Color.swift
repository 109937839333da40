/// Conversions between gray and RGB, and the blending of transparent pixels: exact integer arithmetic on the samples as
/// they are stored, without gamma or color profiles.
extension RasterImage {
  /// Whether every pixel is gray: the image has one channel, or three equal ones.
  package var isGray: Bool {
    guard shape.channels == 3 else { return true }
    return pixels.withUnsafeBufferPointer { pixels in
      for pixel in stride(from: 0, to: pixels.count, by: 3) {
        let red = pixels[pixel]
        if pixels[pixel + 1] != red || pixels[pixel + 2] != red { return false }
      }
      return true
    }
  }

  /// The image with one channel: (19595 red + 38470 green + 7471 blue) / 65536, rounded to the nearest integer. These
  /// are the luma weights of ITU-R BT.601 (0.299, 0.587, 0.114) as in Pillow; a gray pixel keeps its value.
  package var gray: RasterImage {
    guard shape.channels == 3 else { return self }
    var shape = shape
    shape.channels = 1
    let gray = [UInt8](unsafeUninitializedCapacity: shape.count) { gray, count in
      pixels.withUnsafeBufferPointer { pixels in
        for pixel in 0..<gray.count {
          let (red, green) = (UInt32(pixels[3 * pixel]), UInt32(pixels[3 * pixel + 1]))
          let sum = 19595 * red + 38470 * green + 7471 * UInt32(pixels[3 * pixel + 2])
          gray[pixel] = UInt8(truncatingIfNeeded: (sum + 32768) >> 16)
        }
      }
      count = gray.count
    }
    return RasterImage(shape: shape, pixels: gray)
  }

  /// The image with three channels; gray is repeated.
  package var rgb: RasterImage {
    guard shape.channels == 1 else { return self }
    var shape = shape
    shape.channels = 3
    return RasterImage(shape: shape, pixels: pixels.expandedToRGB)
  }
}

extension [UInt8] {
  /// Every byte three times.
  var expandedToRGB: [UInt8] {
    [UInt8](unsafeUninitializedCapacity: 3 * count) { target, filled in
      withUnsafeBufferPointer { source in
        for (index, value) in source.enumerated() {
          target[3 * index] = value
          target[3 * index + 1] = value
          target[3 * index + 2] = value
        }
      }
      filled = 3 * count
    }
  }
}

extension DecodedImage {
  /// Returns the image on a background: (sample * alpha + background * (255 - alpha)) / 255, rounded to the nearest
  /// integer. A gray image with transparent pixels becomes RGB if the background is not gray.
  package func blended(onto background: ImageConversion.Background) -> RasterImage {
    guard let alpha else { return samples }
    let image = background.isGray ? samples : samples.rgb
    let channels = image.shape.channels
    let colors = [background.red, background.green, background.blue].map(Int.init)
    let pixels = [UInt8](unsafeUninitializedCapacity: image.shape.count) { pixels, count in
      image.pixels.withUnsafeBufferPointer { samples in
        for (pixel, alpha) in alpha.enumerated() {
          for channel in 0..<channels {
            let place = pixel * channels + channel
            let sum = Int(samples[place]) * Int(alpha) + colors[channel] * (255 - Int(alpha))
            pixels[place] = UInt8((sum + 127) / 255)
          }
        }
      }
      count = image.shape.count
    }
    return RasterImage(shape: image.shape, pixels: pixels)
  }
}

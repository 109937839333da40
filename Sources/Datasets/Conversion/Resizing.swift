/// Resizing by exact integer arithmetic: area averaging along a side that becomes shorter, linear interpolation along a
/// side that becomes longer. A result is the nearest integer to the exact weighted mean (half is rounded up), so that
/// it depends on nothing but the image.
///
/// Area averaging weights a source pixel by the part of it that the target pixel covers. Linear interpolation takes the
/// centers of pixels as positions, and repeats the pixels at the border.
extension RasterImage {
  /// Returns the image in another size.
  /// - Parameter background: the color of the pixels that ``ImageConversion/Fit/pad`` adds; if it is not gray and
  ///   pixels are added, the result is RGB
  package func resized(
    to size: ImageSize, _ fit: ImageConversion.Fit, _ background: ImageConversion.Background = .white
  ) -> RasterImage {
    guard size != self.size else { return self }
    switch fit {
    case .stretch: return resized(to: size)
    case .crop:
      let region = self.size.largest(withRatioOf: size)
      let (top, left) = ((shape.height - region.height) / 2, (shape.width - region.width) / 2)
      return resampled(
        rows: ResizingWeights(from: region.height, to: size.height, offset: top),
        columns: ResizingWeights(from: region.width, to: size.width, offset: left))
    case .pad:
      let region = size.largest(withRatioOf: self.size)
      let image = resized(to: region)
      return region == size ? image : (background.isGray ? image : image.rgb).padded(to: size, background)
    }
  }

  private func resized(to size: ImageSize) -> RasterImage {
    resampled(
      rows: ResizingWeights(from: shape.height, to: size.height),
      columns: ResizingWeights(from: shape.width, to: size.width))
  }

  private func resampled(rows: ResizingWeights, columns: ResizingWeights) -> RasterImage {
    let channels = shape.channels
    let target = ImageShape(height: rows.count, width: columns.count, channels: channels)
    let rowLength = shape.width * channels
    let total = UInt64(rows.total) * UInt64(columns.total)
    // A sum along a column is at most 255 * 2^15, and one over a rectangle at most 255 * 2^30.
    var sums = [UInt32](repeating: 0, count: rowLength)
    let pixels = [UInt8](unsafeUninitializedCapacity: target.count) { pixels, count in
      self.pixels.withUnsafeBufferPointer { source in
        sums.withUnsafeMutableBufferPointer { sums in
          for y in 0..<rows.count {
            sums.update(repeating: 0)
            rows.forEach(y) { row, weight in
              let samples = source.baseAddress! + row * rowLength
              for x in 0..<rowLength { sums[x] &+= weight &* UInt32(samples[x]) }
            }
            for x in 0..<columns.count {
              for channel in 0..<channels {
                var sum: UInt64 = 0
                columns.forEach(x) { column, weight in
                  sum &+= UInt64(weight) &* UInt64(sums[column * channels + channel])
                }
                pixels[(y * target.width + x) * channels + channel] = UInt8((sum + total / 2) / total)
              }
            }
          }
        }
      }
      count = target.count
    }
    return RasterImage(shape: target, pixels: pixels)
  }

  /// Centers the image on a background.
  private func padded(to size: ImageSize, _ background: ImageConversion.Background) -> RasterImage {
    let channels = shape.channels
    let target = ImageShape(height: size.height, width: size.width, channels: channels)
    let color = [background.red, background.green, background.blue].prefix(channels)
    var pixels = (0..<size.height * size.width).flatMap { _ in color }
    let (top, left) = ((size.height - shape.height) / 2, (size.width - shape.width) / 2)
    let rowLength = shape.width * channels
    for y in 0..<shape.height {
      let place = ((top + y) * size.width + left) * channels
      pixels.replaceSubrange(place..<place + rowLength, with: self.pixels[y * rowLength..<(y + 1) * rowLength])
    }
    return RasterImage(shape: target, pixels: pixels)
  }
}

extension ImageSize {
  /// Returns the largest size within this one with the ratio of height to width of another size. The side that is not
  /// equal to this one's is rounded to the nearest integer, and is at least 1.
  func largest(withRatioOf other: ImageSize) -> ImageSize {
    /// Returns a * b / c, rounded.
    func scaled(_ a: Int, _ b: Int, _ c: Int) -> Int { max(1, (2 * a * b + c) / (2 * c)) }
    if width * other.height > height * other.width {
      return ImageSize(height: height, width: min(width, scaled(height, other.width, other.height)))
    }
    return ImageSize(height: min(height, scaled(width, other.height, other.width)), width: width)
  }
}

/// The weights of the pixels along one side of an image, for each pixel along that side of the resized image. Their sum
/// is the same for all.
struct ResizingWeights {
  /// The number of pixels of the resized image.
  let count: Int
  /// The sum of the weights for one pixel.
  let total: Int
  /// For each pixel of the resized image, the first pixel with a weight, and the place of this weight.
  private var firsts: [(pixel: Int, weight: Int)] = []
  private var weights: [UInt32] = []

  /// - Parameters:
  ///   - length: the number of pixels that are used of the image
  ///   - offset: the pixels before them
  init(from length: Int, to count: Int, offset: Int = 0) {
    self.count = count
    if count < length {
      // In this unit, a pixel of the resized image is `length` long, and one of the image `count`.
      total = length
      for target in 0..<count {
        let (start, end) = (target * length, (target + 1) * length)
        firsts.append((offset + start / count, weights.count))
        for pixel in start / count...(end - 1) / count {
          weights.append(UInt32(min(end, (pixel + 1) * count) - max(start, pixel * count)))
        }
      }
    } else {
      // In this unit, the distance of two pixels of the image is `2 * count`.
      total = 2 * count
      for target in 0..<count {
        let position = max(0, (2 * target + 1) * length - count)
        let (pixel, rest) = position.quotientAndRemainder(dividingBy: total)
        firsts.append((offset + pixel, weights.count))
        let isBetween = rest > 0 && pixel + 1 < length
        weights += isBetween ? [UInt32(total - rest), UInt32(rest)] : [UInt32(total)]
      }
    }
    firsts.append((0, weights.count))
  }

  /// Calls `body` with each pixel of the image, and its weight for a pixel of the resized image.
  func forEach(_ target: Int, _ body: (_ pixel: Int, _ weight: UInt32) -> Void) {
    let (pixel, first) = firsts[target]
    for place in first..<firsts[target + 1].weight { body(pixel + place - first, weights[place]) }
  }
}

internal import Compute
package import Datasets

extension AttentionMap {
  /// Returns uniform random values, determined by seed, image and pixel.
  package static func random(height: Int, width: Int, image: Int, seed: UInt64) -> AttentionMap {
    var random = RandomSequence(seed: seed, .attention, 0, UInt32(truncatingIfNeeded: image))
    return AttentionMap(
      height: height, width: width, values: (0..<height * width).map { _ in random.nextUniform() })
  }

  /// Returns the gradient magnitude of the channel mean by Sobel's 3x3 filters; beyond the border, the outermost pixels
  /// continue.
  /// - Parameter pixels: (height, width, channels)
  package static func sobel(_ pixels: ArraySlice<UInt8>, _ shape: ImageShape) -> AttentionMap {
    let (height, width) = (shape.height, shape.width)
    let gray = (0..<height * width).map { pixel in
      let first = pixels.startIndex + pixel * shape.channels
      return pixels[first..<first + shape.channels].reduce(Float(0)) { $0 + Float($1) } / Float(shape.channels)
    }
    var values: [Float] = []
    values.reserveCapacity(height * width)
    for y in 0..<height {
      for x in 0..<width {
        func at(_ dy: Int, _ dx: Int) -> Float {
          gray[min(max(y + dy, 0), height - 1) * width + min(max(x + dx, 0), width - 1)]
        }
        let across = at(-1, 1) + 2 * at(0, 1) + at(1, 1) - at(-1, -1) - 2 * at(0, -1) - at(1, -1)
        let down = at(1, -1) + 2 * at(1, 0) + at(1, 1) - at(-1, -1) - 2 * at(-1, 0) - at(-1, 1)
        values.append((across * across + down * down).squareRoot())
      }
    }
    return AttentionMap(height: height, width: width, values: values)
  }
}

import Compute
import Datasets
import Testing

@Suite struct ResizingTests {
  private func image(_ height: Int, _ width: Int, _ channels: Int = 1, key: UInt32 = 1) -> RasterImage {
    let shape = ImageShape(height: height, width: width, channels: channels)
    return RasterImage(shape: shape, pixels: randomBytes(shape.count, key: key))
  }

  /// The weight of pixel `source` (of `length`; beyond the border for interpolation) for pixel `target` (of `count`),
  /// as a fraction of the sum of all weights, which is the second number.
  private func weight(_ source: Int, of length: Int, _ target: Int, of count: Int) -> (Int, Int) {
    guard count >= length else {
      // Divide both sides into length * count parts, and count those in both pixels.
      let parts = (0..<length * count).filter { $0 / count == source && $0 / length == target }
      return (parts.count, length)
    }
    return (max(0, 2 * count - abs((2 * target + 1) * length - (2 * source + 1) * count)), 2 * count)
  }

  /// The plain reference: the weighted mean over all pixels, as an exact fraction, rounded to the nearest integer.
  private func reference(_ image: RasterImage, _ height: Int, _ width: Int) -> [UInt8] {
    let shape = image.shape
    var pixels: [UInt8] = []
    for y in 0..<height {
      for x in 0..<width {
        for channel in 0..<shape.channels {
          var (sum, total) = (0, 0)
          for row in -1...shape.height {
            let (vertical, rows) = weight(row, of: shape.height, y, of: height)
            for column in -1...shape.width where vertical > 0 {
              let (horizontal, columns) = weight(column, of: shape.width, x, of: width)
              let place = min(max(row, 0), shape.height - 1) * shape.width + min(max(column, 0), shape.width - 1)
              sum += vertical * horizontal * Int(image.pixels[place * shape.channels + channel])
              total = rows * columns
            }
          }
          pixels.append(UInt8((2 * sum + total) / (2 * total)))
        }
      }
    }
    return pixels
  }

  @Test(arguments: [1, 3]) func equalsPlainReference(channels: Int) {
    for (height, width) in [(1, 1), (2, 3), (5, 4), (7, 13), (16, 9)] {
      let original = image(height, width, channels)
      for targetHeight in [1, 2, 3, 5, 7, 8, 17] {
        for targetWidth in [1, 2, 4, 6, 13, 15] {
          let size = ImageSize(height: targetHeight, width: targetWidth)
          let resized = original.resized(to: size, .stretch)
          #expect(resized.size == size)
          #expect(resized.pixels == reference(original, targetHeight, targetWidth), "\(original.shape) to \(size)")
        }
      }
    }
  }

  /// Pillow rounds after each direction, and its box filter is an area average only for whole ratios.
  @Test(arguments: ["smaller", "larger"]) func isCloseToPillow(name: String) throws {
    let expected = try Fixture.image("resizing-\(name).png")
    let resized = try Fixture.image("resizing.png").resized(to: expected.size, .stretch)
    #expect(zip(resized.pixels, expected.pixels).allSatisfy { abs(Int($0) - Int($1)) <= 1 })
    #expect(resized.shape == expected.shape)
  }

  @Test func constantImageStaysConstant() {
    let shape = ImageShape(height: 32768, width: 3, channels: 1)
    let high = RasterImage(shape: shape, pixels: [UInt8](repeating: 255, count: shape.count))
    let size = ImageSize(height: 511, width: 512)
    #expect(high.resized(to: size, .stretch).pixels.allSatisfy { $0 == 255 })
  }

  @Test func cropUsesCenter() {
    let wide = image(4, 10)
    let square = RasterImage(
      shape: ImageShape(height: 4, width: 4, channels: 1),
      pixels: (0..<4).flatMap { wide.pixels[10 * $0 + 3..<10 * $0 + 7] })
    #expect(wide.resized(to: ImageSize(height: 4, width: 4), .crop) == square)
    let small = ImageSize(height: 3, width: 3)
    #expect(wide.resized(to: small, .crop) == square.resized(to: small, .stretch))
    let tall = image(9, 2)
    let middle = RasterImage(shape: ImageShape(height: 2, width: 2, channels: 1), pixels: Array(tall.pixels[6..<10]))
    #expect(tall.resized(to: ImageSize(height: 2, width: 2), .crop) == middle)
  }

  @Test func padCentersImageOnBackground() {
    let wide = image(2, 6)
    let size = ImageSize(height: 4, width: 6)
    let white = [UInt8](repeating: 255, count: 6)
    #expect(wide.resized(to: size, .pad).pixels == white + wide.pixels + white)
    let red = ImageConversion.Background(red: 200, green: 0, blue: 0)
    let row = [[UInt8]](repeating: [200, 0, 0], count: 6).flatMap { $0 }
    #expect(wide.resized(to: size, .pad, red).pixels == row + wide.rgb.pixels + row)
    // Too little room for an odd border on both sides.
    let tall = image(4, 1).resized(to: ImageSize(height: 4, width: 4), .pad)
    #expect(tall.pixels[1] == image(4, 1).pixels[0] && [0, 2, 3].allSatisfy { tall.pixels[$0] == 255 })
  }

  /// Extreme ratios keep at least one row and column.
  @Test(arguments: ImageConversion.Fit.allCases) func extremeRatiosHaveTheSize(fit: ImageConversion.Fit) {
    for (height, width) in [(1, 600), (600, 1), (2, 599)] {
      for size in [ImageSize(height: 1, width: 1), ImageSize(height: 3, width: 500), ImageSize(height: 500, width: 1)] {
        #expect(image(height, width).resized(to: size, fit).size == size)
      }
    }
  }
}

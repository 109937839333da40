package import Datasets

/// An RGB raster, composed of images and maps and written as PNG.
package struct Picture: Sendable, Equatable {
  package let height: Int
  package let width: Int
  /// (height, width, 3)
  package private(set) var pixels: [UInt8]

  /// The maximum width and height that libpng accepts by default.
  private static let longestSide = 1_000_000

  /// - Parameter pixels: (height, width, 3)
  package init(height: Int, width: Int, pixels: [UInt8]) {
    precondition(1...Self.longestSide ~= height && 1...Self.longestSide ~= width)
    precondition(pixels.count == height * width * 3)
    (self.height, self.width, self.pixels) = (height, width, pixels)
  }

  /// A picture of a single color.
  package init(height: Int, width: Int, _ color: ColorMap.Color) {
    let pixel = [color.red, color.green, color.blue]
    self.init(height: height, width: width, pixels: (0..<height * width).flatMap { _ in pixel })
  }

  /// An image of a data set, grayscale or RGB.
  /// - Parameter image: (height, width, channels), as given by the shape
  package init(_ image: some Collection<UInt8>, shape: ImageShape) {
    precondition(image.count == shape.count && (shape.channels == 1 || shape.channels == 3))
    let pixels = shape.channels == 3 ? Array(image) : image.flatMap { [$0, $0, $0] }
    self.init(height: shape.height, width: shape.width, pixels: pixels)
  }

  /// A map of values, rendered in colors: the lower bound of the range has the first color.
  /// - Parameters:
  ///   - values: (height, width); NaN is rendered gray.
  ///   - range: nil for the range of the values. Pass a range symmetric about zero for a diverging map.
  package init(
    values: [Double], height: Int, width: Int, map: ColorMap = .viridis, range: ClosedRange<Double>? = nil
  ) {
    precondition(values.count == height * width)
    let range = range ?? (Bounds(values).range ?? 0...1)
    let missing = ColorMap.Color(0x808080)
    var pixels: [UInt8] = []
    for value in values {
      let color = value.isNaN ? missing : map.color(range.fraction(of: value))
      pixels += [color.red, color.green, color.blue]
    }
    self.init(height: height, width: width, pixels: pixels)
  }

  /// Enlarges each pixel to a square of `factor` by `factor` pixels.
  package func scaled(by factor: Int) -> Picture {
    precondition(factor >= 1)
    var result: [UInt8] = []
    result.reserveCapacity(pixels.count * factor * factor)
    for row in 0..<height {
      var line: [UInt8] = []
      for column in 0..<width {
        let start = (row * width + column) * 3
        for _ in 0..<factor { line += pixels[start..<start + 3] }
      }
      for _ in 0..<factor { result += line }
    }
    return Picture(height: height * factor, width: width * factor, pixels: result)
  }

  /// Scales by the integer factor, at least 1, that brings the longer side closest to `side`.
  package func scaled(toward side: Int) -> Picture {
    scaled(by: max(1, Int((Double(side) / Double(max(height, width))).rounded())))
  }

  /// Blends another picture of the same size over this one.
  /// - Parameter opacity: of the other picture, from 0 (invisible) to 1 (opaque)
  package func overlaid(with other: Picture, opacity: Double = 0.5) -> Picture {
    precondition(other.height == height && other.width == width && 0...1 ~= opacity)
    let mixed = zip(pixels, other.pixels).map { (below: UInt8, above: UInt8) -> UInt8 in
      let value: Double = Double(below) + (Double(above) - Double(below)) * opacity
      return UInt8(value.rounded())
    }
    return Picture(height: height, width: width, pixels: mixed)
  }

  /// The bytes of a PNG file; grayscale if the picture has no colors.
  package var png: [UInt8] {
    let starts = stride(from: 0, to: pixels.count, by: 3)
    let isGray = starts.allSatisfy { (start: Int) -> Bool in
      pixels[start] == pixels[start + 1] && pixels[start] == pixels[start + 2]
    }
    let bytes: [UInt8] = isGray ? starts.map { pixels[$0] } : pixels
    let image = RasterImage(shape: ImageShape(height: height, width: width, channels: isGray ? 1 : 3), pixels: bytes)
    do { return try image.encodedAsPNG() } catch { preconditionFailure("libpng cannot encode a picture: \(error)") }
  }

  mutating func draw(_ other: Picture, row: Int, column: Int) {
    for line in 0..<other.height {
      let start = ((row + line) * width + column) * 3
      let count = other.width * 3
      pixels.replaceSubrange(start..<start + count, with: other.pixels[line * count..<(line + 1) * count])
    }
  }
}

package import Datasets

/// A raster of RGB bytes that is put together from images and maps, and leaves as PNG.
package struct Picture: Sendable, Equatable {
  package let height: Int
  package let width: Int
  /// (height, width, 3)
  package private(set) var pixels: [UInt8]

  /// The longest side that libpng writes unless told otherwise.
  private static let longestSide = 1_000_000

  /// - Parameter pixels: (height, width, 3)
  package init(height: Int, width: Int, pixels: [UInt8]) {
    precondition(1...Self.longestSide ~= height && 1...Self.longestSide ~= width)
    precondition(pixels.count == height * width * 3)
    (self.height, self.width, self.pixels) = (height, width, pixels)
  }

  /// All of one colour.
  package init(height: Int, width: Int, _ colour: ColourMap.Colour) {
    let pixel = [colour.red, colour.green, colour.blue]
    self.init(height: height, width: width, pixels: (0..<height * width).flatMap { _ in pixel })
  }

  /// An image of a data set, grey or RGB.
  /// - Parameter image: (height, width, channels), as many as the shape says.
  package init(_ image: some Collection<UInt8>, shape: ImageShape) {
    precondition(image.count == shape.count && (shape.channels == 1 || shape.channels == 3))
    let pixels = shape.channels == 3 ? Array(image) : image.flatMap { [$0, $0, $0] }
    self.init(height: shape.height, width: shape.width, pixels: pixels)
  }

  /// A map of values in colours: the range's lower bound has the first colour.
  /// - Parameters:
  ///   - values: (height, width); one that is no number is grey.
  ///   - range: nil for that of the values. For a diverging map, one that is symmetric about zero is what tells signs.
  package init(
    values: [Double], height: Int, width: Int, map: ColourMap = .viridis, range: ClosedRange<Double>? = nil
  ) {
    precondition(values.count == height * width)
    let range = range ?? (Bounds(values).range ?? 0...1)
    let missing = ColourMap.Colour(0x808080)
    var pixels: [UInt8] = []
    for value in values {
      let colour = value.isNaN ? missing : map.colour(range.share(of: value))
      pixels += [colour.red, colour.green, colour.blue]
    }
    self.init(height: height, width: width, pixels: pixels)
  }

  /// Each pixel as a square of so many.
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

  /// By the whole factor that brings the longer side nearest to a length, but never below 1.
  package func scaled(toward side: Int) -> Picture {
    scaled(by: max(1, Int((Double(side) / Double(max(height, width))).rounded())))
  }

  /// This picture with another of the same size over it.
  /// - Parameter opacity: of the other; 0 leaves this picture as it is, 1 hides it.
  package func overlaid(with other: Picture, opacity: Double = 0.5) -> Picture {
    precondition(other.height == height && other.width == width && 0...1 ~= opacity)
    let mixed = zip(pixels, other.pixels).map { (below: UInt8, above: UInt8) -> UInt8 in
      let value: Double = Double(below) + (Double(above) - Double(below)) * opacity
      return UInt8(value.rounded())
    }
    return Picture(height: height, width: width, pixels: mixed)
  }

  /// The bytes of a PNG file; without colours, a grey one.
  package var png: [UInt8] {
    let starts = stride(from: 0, to: pixels.count, by: 3)
    let isGrey = starts.allSatisfy { (start: Int) -> Bool in
      pixels[start] == pixels[start + 1] && pixels[start] == pixels[start + 2]
    }
    let bytes: [UInt8] = isGrey ? starts.map { pixels[$0] } : pixels
    let image = PNGImage(shape: ImageShape(height: height, width: width, channels: isGrey ? 1 : 3), pixels: bytes)
    do { return try image.encoded() } catch { preconditionFailure("libpng refuses a picture: \(error)") }
  }

  mutating func draw(_ other: Picture, row: Int, column: Int) {
    for line in 0..<other.height {
      let start = ((row + line) * width + column) * 3
      let count = other.width * 3
      pixels.replaceSubrange(start..<start + count, with: other.pixels[line * count..<(line + 1) * count])
    }
  }
}

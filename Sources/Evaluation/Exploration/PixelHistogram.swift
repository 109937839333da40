package import Datasets

/// The number of occurrences of each byte value in a set of images.
package struct PixelHistogram: Sendable, Equatable, Codable {
  /// (channels, 256)
  package let counts: [[Int]]

  /// The fraction of zero bytes by channel; 0 without images. Zero is the background in many data sets.
  package var zeroFractions: [Double] {
    counts.map { bins in
      let total = bins.reduce(0, +)
      return total > 0 ? Double(bins[0]) / Double(total) : 0
    }
  }

  package init(_ images: LabeledImages) {
    let channels = images.shape.channels
    var bins = [Int](repeating: 0, count: channels * 256)
    images.pixels.withUnsafeBufferPointer { pixels in
      bins.withUnsafeMutableBufferPointer { bins in
        var channel = 0
        for pixel in pixels {
          bins[channel << 8 | Int(pixel)] += 1
          channel = channel + 1 == channels ? 0 : channel + 1
        }
      }
    }
    counts = (0..<channels).map { Array(bins[$0 << 8..<($0 + 1) << 8]) }
  }
}

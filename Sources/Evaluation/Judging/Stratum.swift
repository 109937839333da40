package import Datasets

/// Something that is measured of an image without any model, from 0 to 1.
package enum ImageMeasure: Sendable, Equatable, Codable {
  /// The mean of all bytes of all channels, as a share of 255.
  case brightness
  /// The share of pixels whose mean over channels is above a level: how much of the picture the object fills, where the background is
  /// dark.
  case fill(above: UInt8)

  /// - Returns: (images)
  package func values(of images: LabeledImages) -> [Double] {
    let (size, channels) = (images.shape.count, images.shape.channels)
    return images.labels.indices.map { image in
      let bytes = images.pixels[image * size..<(image + 1) * size]
      switch self {
      case .brightness:
        return Double(bytes.reduce(0) { $0 + Int($1) }) / Double(255 * size)
      case .fill(let level):
        let filled = stride(from: bytes.startIndex, to: bytes.endIndex, by: channels).count { pixel in
          bytes[pixel..<pixel + channels].reduce(0) { $0 + Int($1) } > Int(level) * channels
        }
        return Double(filled) / Double(size / channels)
      }
    }
  }
}

/// The accuracy on those images whose brightness (or fill, or other measure) lies within a range. Strata whose intervals are
/// apart show on which pictures a model is weak, and what light or framing to photograph for.
package struct Stratum: Sendable, Equatable, Codable {
  /// The least and greatest value of the measure among its images.
  package let lowest: Double
  package let highest: Double
  /// Its `count` is the number of images.
  package let accuracy: ProportionInterval

  /// Groups of about as many images each (quantiles), from the lowest values to the highest. Images of equal value stay together,
  /// so there may be fewer groups, and there are none without images.
  ///
  /// - Parameters:
  ///   - values: (predictions.count) of any measure
  ///   - groups: at least 1
  package static func quantiles(_ predictions: Predictions, by values: [Double], groups: Int = 5) -> [Stratum] {
    precondition(values.count == predictions.count && groups > 0, "each image needs a value")
    let order = values.indices.sorted { (values[$0], $0) < (values[$1], $1) }
    var strata: [Stratum] = []
    var start = 0
    for group in 1...groups {
      // The last image of the group, and those that equal it.
      var end = max(start, group * order.count / groups)
      while end > start, end < order.count, values[order[end]] == values[order[end - 1]] { end += 1 }
      guard end > start else { continue }
      let images = order[start..<end]
      strata.append(
        Stratum(
          lowest: values[images.first!], highest: values[images.last!],
          accuracy: ProportionInterval(images.count(where: predictions.isCorrect), of: images.count)))
      start = end
    }
    return strata
  }

  /// - Parameter images: those that `predictions` are about, in the same order
  package static func quantiles(
    _ predictions: Predictions, of images: LabeledImages, by measure: ImageMeasure, groups: Int = 5
  ) -> [Stratum] {
    precondition(images.labels == predictions.labels, "the predictions are about other images")
    return quantiles(predictions, by: measure.values(of: images), groups: groups)
  }
}

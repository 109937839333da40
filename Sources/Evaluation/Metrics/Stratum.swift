package import Datasets

/// A property of an image that is measured without a model, from 0 to 1.
package enum ImageMeasure: Sendable, Equatable, Codable {
  /// The mean of all bytes of all channels, divided by 255.
  case brightness
  /// The fraction of pixels whose channel mean is above a level; with a dark background, the fraction of the image that
  /// the object fills.
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

/// The accuracy on the images whose brightness, fill or other measure lies in a range. Strata with disjoint intervals
/// show which images a model is weak on, and which lighting or framing to collect images for.
package struct Stratum: Sendable, Equatable, Codable {
  /// The minimum and maximum of the measure over the images.
  package let lowest: Double
  package let highest: Double
  /// Its `count` is the number of images.
  package let accuracy: ProportionInterval

  /// Returns groups of about equal size (quantiles) in ascending order of the values. Images with equal values are in
  /// the same group, so there may be fewer groups; there are none without images.
  ///
  /// - Parameters:
  ///   - values: (predictions.count) of any measure
  ///   - groups: at least 1
  package static func quantiles(_ predictions: Predictions, by values: [Double], groups: Int = 5) -> [Stratum] {
    precondition(values.count == predictions.count && groups > 0, "one value per image, and at least one group")
    let order = values.indices.sorted { (values[$0], $0) < (values[$1], $1) }
    var strata: [Stratum] = []
    var start = 0
    for group in 1...groups {
      // Extends the group by the images with the same value as its last one.
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

  /// - Parameter images: the images of `predictions`, in the same order
  package static func quantiles(
    _ predictions: Predictions, of images: LabeledImages, by measure: ImageMeasure, groups: Int = 5
  ) -> [Stratum] {
    precondition(images.labels == predictions.labels, "the predictions are of other images")
    return quantiles(predictions, by: measure.values(of: images), groups: groups)
  }
}

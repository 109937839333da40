internal import Compute

/// The appearance of the training images of a class: mean, standard deviation and samples.
package struct ClassPictures: Sendable, Equatable, Codable {
  package let label: Int
  /// Randomly sampled training images.
  package let samples: [Int]
  /// Nil if the class has no training images.
  package let mean: PixelMap?
  /// The standard deviation of each pixel.
  package let deviation: PixelMap?

  /// Returns the pictures of each class.
  static func all(
    labels: [UInt8], moments: ClassMoments, settings: ExplorationSettings
  ) -> [ClassPictures] {
    var members = [[Int]](repeating: [], count: moments.counts.count)
    for (image, label) in labels.enumerated() { members[Int(label)].append(image) }
    return members.indices.map { label in
      func map(_ values: [Double]) -> PixelMap { PixelMap(shape: moments.shape, values: values.map { Float($0) }) }
      let isEmpty = members[label].isEmpty
      return ClassPictures(
        label: label,
        samples: KeyedSample.sample(
          settings.samplesPerClass, of: members[label], seed: settings.seed, .classSample, label: label),
        mean: isEmpty ? nil : map(moments.mean(label)),
        deviation: isEmpty ? nil : map(moments.variance(label).map { $0.squareRoot() }))
    }
  }
}

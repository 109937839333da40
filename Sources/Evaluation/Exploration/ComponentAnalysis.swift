internal import Compute
internal import Datasets
internal import Models

/// The principal components of the training images, and the projections of some images onto the first two.
package struct ComponentAnalysis: Sendable, Equatable, Codable {
  package struct Point: Sendable, Equatable, Codable {
    /// The index of the training image.
    package let image: Int
    package let label: Int
    /// The coordinates along the first two components, in units of a byte.
    package let x: Float
    package let y: Float
  }

  /// The ratios of all components, descending. Their sum is 1, or 0 if all images are identical. There are as many as
  /// bytes in an image; if there are fewer images, the last ones are 0.
  package let explainedVarianceRatios: [Double]
  /// The first components as signed unit vectors. They are smaller than the images if those are large: see
  /// ``byteLimit``.
  package let components: [PixelMap]
  /// A random sample of the training images, in ascending order.
  package let scatter: [Point]

  /// Images with more bytes are downscaled first: the time is proportional to the cube of the number of bytes.
  package static let byteLimit = 1024

  /// - Parameter images: at least one
  init(_ images: LabeledImages, settings: ExplorationSettings, on context: ComputeContext) {
    let images = images.shrunk(toBytes: Self.byteLimit, on: context)
    let length = images.shape.count
    let all = PrincipalComponents(of: images, components: length, whitening: 0, on: context)
    let total = all.variances.reduce(0, +)
    explainedVarianceRatios = all.variances.map { total > 0 ? $0 / total : 0 }
    components = (0..<min(settings.components, length)).map { component in
      PixelMap(
        shape: images.shape, values: Array(all.directions[component * length..<(component + 1) * length]))
    }
    let sample = KeyedSample.sample(
      settings.scatterImages, of: Array(0..<images.count), seed: settings.seed, .scatter
    ).sorted()
    let plane = all.prefix(2)
    let places = plane.project(images.selecting(sample), on: context)
    scatter = sample.indices.map { index in
      Point(
        image: sample[index], label: Int(images.labels[sample[index]]), x: places[index * plane.count],
        // Images of one byte have only one component.
        y: plane.count > 1 ? places[index * plane.count + 1] : 0)
    }
  }

  /// Returns the number of components that explain this fraction (0...1) of the variance.
  package func count(explaining fraction: Double) -> Int {
    var sum = 0.0
    for (index, ratio) in explainedVarianceRatios.enumerated() {
      // Rounding may keep the total sum below 1.
      if sum >= fraction - 1e-12 { return index }
      sum += ratio
    }
    return explainedVarianceRatios.count
  }
}

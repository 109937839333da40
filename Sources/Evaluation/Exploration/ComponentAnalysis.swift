internal import Compute
internal import Datasets
internal import Models

/// The directions in which training images differ most (principal components), and where images stand along the first two.
package struct ComponentAnalysis: Sendable, Equatable, Codable {
  package struct Point: Sendable, Equatable, Codable {
    /// A training image.
    package let image: Int
    package let label: Int
    /// Along the first and the second component, in units of a byte.
    package let x: Float
    package let y: Float
  }

  /// All, descending; the sum is 1, or 0 if all images are the same. As many as bytes in an image, of which the last are 0 if there are
  /// fewer images.
  package let explainedVarianceRatios: [Double]
  /// The first components as pictures with both signs, each of length 1. Smaller than the images if those are large: see ``byteLimit``.
  package let components: [PixelMap]
  /// A random sample of the training images, ascending.
  package let scatter: [Point]

  /// Images with more bytes are shrunk first: the time grows with the third power of their number.
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
    let sample = KeyedSample.draw(
      settings.scatterImages, of: Array(0..<images.count), seed: settings.seed, .scatter
    ).sorted()
    let plane = all.prefix(2)
    let places = plane.project(images.selecting(sample), on: context)
    scatter = sample.indices.map { index in
      Point(
        image: sample[index], label: Int(images.labels[sample[index]]), x: places[index * plane.count],
        // Images of one byte have one component.
        y: plane.count > 1 ? places[index * plane.count + 1] : 0)
    }
  }

  /// How many components it takes to explain this share (0...1) of all variance.
  package func count(explaining share: Double) -> Int {
    var sum = 0.0
    for (index, ratio) in explainedVarianceRatios.enumerated() {
      // Rounding may keep the sum of all from reaching 1.
      if sum >= share - 1e-12 { return index }
      sum += ratio
    }
    return explainedVarianceRatios.count
  }
}

package import Compute
package import Datasets
package import Models
package import Progress

/// The classifier by the nearest class mean: the probability of a class decreases with the distance to the mean of its
/// training images.
package enum ClassMeansFamily: ModelFamily {
  package typealias Model = ClassMeans

  package static let kind = ModelKind("class-means")
  package static let title = "Class means"
  package static let noun = "a classifier by the nearest class mean"
  package static let discussion = "Example:  atelier train class-means --power 2"
  package static let searchExample = "--power 1,2"
  package static let mainSettings = ["power"]

  package static func fit(
    _ images: LabeledImages, classCount: Int, settings: ClassMeansSettings, on context: ComputeContext,
    progress: (FitProgress) -> Bool
  ) throws -> ClassMeans {
    let length = images.shape.count
    var sums = [Int](repeating: 0, count: classCount * length)
    var counts = [Int](repeating: 0, count: classCount)
    for (image, label) in images.labels.enumerated() {
      counts[Int(label)] += 1
      for (place, value) in images.pixels(of: image).enumerated() { sums[Int(label) * length + place] += Int(value) }
    }
    guard progress(FitProgress(done: images.count, total: images.count, unit: .images)) else {
      throw CancellationError()
    }
    let means = sums.enumerated().map { Float($1) / Float(max(counts[$0 / length], 1)) }
    return ClassMeans(typedSettings: settings, imageShape: images.shape, classCount: classCount, means: means)
  }

  package static func model(
    tensors: [Tensor], settings: [String: String], imageShape: ImageShape, classCount: Int
  ) throws(ModelError) -> ClassMeans {
    let settings = try ClassMeansSettings(saved: settings)
    guard let tensor = tensors.first(where: { $0.name == "means" }), tensor.shape == [classCount, imageShape.count],
      let means = tensor.elements(as: Float.self), means.allSatisfy(\.isFinite)
    else { throw .badModel("the tensor means is missing or invalid") }
    return ClassMeans(typedSettings: settings, imageShape: imageShape, classCount: classCount, means: means)
  }
}

package struct ClassMeansSettings: FamilySettings {
  package var power = 2

  package init() {}

  package static let schema: [Setting<ClassMeansSettings>] = [
    .integer("power", \.power, in: 1...8, help: "Power of the distance to a mean")
  ]
}

package struct ClassMeans: Classifier {
  package var kind: ModelKind { ClassMeansFamily.kind }
  package let typedSettings: ClassMeansSettings
  package let imageShape: ImageShape
  package let classCount: Int
  /// (classes, values of an image)
  package let means: [Float]

  package var settings: [String: String] { typedSettings.text }
  package var tensors: [Tensor] { [Tensor(name: "means", shape: [classCount, imageShape.count], means)] }

  package func probabilities(
    for images: LabeledImages, on context: ComputeContext, progress: (FitProgress) -> Bool
  ) throws -> [Float] {
    try check(images.shape)
    let length = imageShape.count
    return (0..<images.count).flatMap { image -> [Float] in
      let pixels = images.pixels(of: image)
      let nearness = (0..<classCount).map { label -> Float in
        var sum: Float = 1
        for (place, value) in pixels.enumerated() {
          let difference = Float(value) - means[label * length + place]
          sum += difference * difference
        }
        return (0..<typedSettings.power).reduce(1) { product, _ in product * 1000 / sum }
      }
      let total = nearness.reduce(0, +)
      return nearness.map { $0 / total }
    }
  }
}

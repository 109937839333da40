internal import Compute
internal import Datasets

extension LinearModel {
  /// Returns the largest derivative of the mean loss, with its penalty, with respect to a weight or an intercept: what
  /// ``LinearSettings/tolerance`` bounds.
  ///
  /// - Parameter images: the images that the model was fitted on, in any order
  func slope(on images: LabeledImages, context: ComputeContext) -> Double {
    let features = imageShape.count
    let places = Dictionary(uniqueKeysWithValues: classes.enumerated().map { (UInt8($1), $0) })
    let loss = CrossEntropy(
      ImageRows(images: images, center: [Float](repeating: 0, count: features)),
      labels: images.labels.map { places[$0]! }, classes: classes.count, on: context)
    let weights = packedWeights(classes, padded: loss.padded)
    let gradient = AlignedBuffer<Double>(count: (features + 1) * loss.padded)
    _ = loss.evaluate(weights.pointer, gradient: gradient.pointer)
    let strength = configuration.inverseRegularization
    var largest = 0.0
    for feature in 0...features {
      for place in 0..<classes.count {
        let index = feature * loss.padded + place
        let penalty = feature < features ? Double(weights.pointer[index]) : 0
        largest = max(largest, abs(strength * gradient.pointer[index] + penalty))
      }
    }
    return largest / (strength * Double(images.count))
  }
}

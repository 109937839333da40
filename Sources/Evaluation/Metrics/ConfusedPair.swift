/// A frequent confusion of one class with another, with example images.
package struct ConfusedPair: Sendable, Equatable, Codable {
  package let truth: Int
  package let prediction: Int
  /// The fraction of the images of the true class that are predicted to be of the other class.
  package let fraction: ProportionInterval
  /// The indices of such images, the most confident errors first.
  package let examples: [Int]

  package var count: Int { fraction.successes }

  /// Returns the most frequent confusions; of equally frequent ones, the lower labels first.
  ///
  /// - Parameters:
  ///   - limit: the maximum number of pairs
  ///   - examples: the maximum number of images per pair
  package static func mostFrequent(in predictions: Predictions, limit: Int = 5, examples: Int = 8) -> [ConfusedPair] {
    var images: [Int: [Int]] = [:]
    for image in predictions.labels.indices where !predictions.isCorrect(image) {
      images[Int(predictions.labels[image]) * predictions.classCount + Int(predictions.predicted[image]), default: []]
        .append(image)
    }
    let confusion = predictions.confusion
    let frequent = images.sorted { ($1.value.count, $0.key) < ($0.value.count, $1.key) }.prefix(limit)
    return frequent.map { key, confused in
      let (truth, prediction) = key.quotientAndRemainder(dividingBy: predictions.classCount)
      return ConfusedPair(
        truth: truth, prediction: prediction,
        fraction: ProportionInterval(confused.count, of: confusion.support(truth)),
        examples: Array(predictions.byConfidence(confused).prefix(examples)))
    }
  }
}

/// Representative correct and incorrect predictions of a model.
package struct ExampleImages: Sendable, Equatable, Codable {
  package struct OfClass: Sendable, Equatable, Codable {
    package let label: Int
    /// The image of the class classified correctly with the highest confidence; nil if there is none.
    package let right: Int?
    /// The image of the class classified incorrectly with the highest confidence; nil if there is none.
    package let wrong: Int?
  }

  /// By label.
  package let classes: [OfClass]
  /// The incorrectly classified images, the most confident first: either the model relies on a misleading feature, or
  /// the label is wrong.
  package let confidentErrors: [Int]

  /// - Parameter errors: the maximum number of confident errors
  package init(of predictions: Predictions, errors: Int = 24) {
    let order = predictions.byConfidence(predictions.labels.indices)
    var (right, wrong) = (Array(repeating: Int?.none, count: predictions.classCount), [Int?]())
    wrong = right
    for image in order {
      let label = Int(predictions.labels[image])
      if predictions.isCorrect(image) {
        right[label] = right[label] ?? image
      } else {
        wrong[label] = wrong[label] ?? image
      }
    }
    classes = right.indices.map { OfClass(label: $0, right: right[$0], wrong: wrong[$0]) }
    confidentErrors = Array(order.lazy.filter { !predictions.isCorrect($0) }.prefix(errors))
  }
}

/// A class that is taken for another, with images to look at.
package struct ConfusedPair: Sendable, Equatable, Codable {
  package let truth: Int
  package let prediction: Int
  /// Of the images of the true class, those taken for the other one.
  package let share: ProportionInterval
  /// Indices of such images, the most confident errors first.
  package let examples: [Int]

  package var count: Int { share.successes }

  /// The most frequent confusions; of equally frequent ones, the lower labels first.
  ///
  /// - Parameters:
  ///   - limit: at most so many pairs
  ///   - examples: at most so many images of each
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
        truth: truth, prediction: prediction, share: ProportionInterval(confused.count, of: confusion.support(truth)),
        examples: Array(predictions.byConfidence(confused).prefix(examples)))
    }
  }
}

/// Which images to show when a model is looked at.
package struct ExampleImages: Sendable, Equatable, Codable {
  package struct OfClass: Sendable, Equatable, Codable {
    package let label: Int
    /// The image of the class that is told rightly with the greatest confidence; nil if none is.
    package let right: Int?
    /// The image of the class that is told wrongly with the greatest confidence; nil if none is.
    package let wrong: Int?
  }

  /// By label.
  package let classes: [OfClass]
  /// The wrongly told images, the most confident first: either the model has learned something that misleads it, or the label is
  /// wrong.
  package let confidentErrors: [Int]

  /// - Parameter errors: at most so many confident errors
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

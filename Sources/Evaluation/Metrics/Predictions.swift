/// The predictions of a model for labeled images, with checked probabilities. Calibration, labeling costs and
/// automation are computed from them.
///
/// Three sets of images have different roles; confusing them makes results look better than they are:
/// - *hold-out*: images that the model was not fitted on, on which thresholds and temperatures are **chosen**;
/// - *test*: images on which nothing was chosen, so that they **verify** the choices;
/// - *out of fold*: the training images, each classified by a model of the cross-validation that was not fitted on it.
package struct Predictions: Sendable, Equatable, Codable {
  /// (count, classCount), row-major.
  package let probabilities: [Float]
  /// (count), each below ``classCount``.
  package let labels: [UInt8]
  package let classCount: Int
  /// (count) The most probable class of each image; of equally probable ones, the lowest.
  package let predicted: [UInt8]
  /// (count) The probability of that class.
  package let confidences: [Float]

  /// - Parameters:
  ///   - probabilities: (labels.count, classCount)
  ///   - labels: each below `classCount`; there may be none
  /// - Throws: ``EvaluationError`` if a probability is not a number from 0 to 1.
  package init(probabilities: [Float], labels: [UInt8], classCount: Int) throws(EvaluationError) {
    precondition(
      classCount > 0 && probabilities.count == labels.count * classCount, "probabilities and labels differ in number")
    precondition(labels.allSatisfy { $0 < classCount }, "every label must be below the number of classes")
    try EvaluationError.check(probabilities, classCount: classCount)
    var predicted: [UInt8] = []
    var confidences: [Float] = []
    for image in labels.indices {
      let row = probabilities[image * classCount..<(image + 1) * classCount]
      let confidence = row.max()!
      predicted.append(UInt8(row.firstIndex(of: confidence)! - row.startIndex))
      confidences.append(confidence)
    }
    (self.probabilities, self.labels, self.classCount) = (probabilities, labels, classCount)
    (self.predicted, self.confidences) = (predicted, confidences)
  }

  /// Returns the predictions for the images at `indices`, in that order; indices may repeat.
  package func selecting(_ indices: [Int]) -> Predictions { Predictions(self, indices) }

  private init(_ all: Predictions, _ indices: [Int]) {
    classCount = all.classCount
    probabilities = indices.flatMap { [count = all.classCount] in all.probabilities[$0 * count..<($0 + 1) * count] }
    labels = indices.map { all.labels[$0] }
    predicted = indices.map { all.predicted[$0] }
    confidences = indices.map { all.confidences[$0] }
  }

  package var count: Int { labels.count }

  package func isCorrect(_ image: Int) -> Bool { labels[image] == predicted[image] }

  package func probability(_ image: Int, of label: Int) -> Float { probabilities[image * classCount + label] }

  /// The fraction of images that are classified correctly.
  package var accuracy: ProportionInterval {
    ProportionInterval(labels.indices.count(where: isCorrect), of: count)
  }

  package var confusion: ConfusionMatrix {
    ConfusionMatrix(labels: labels, predictions: predicted, classCount: classCount)
  }

  /// Returns images in the order of decreasing confidence; of equal ones, the lower index first.
  func byConfidence(_ images: some Sequence<Int>) -> [Int] {
    images.sorted { (confidences[$1], $0) < (confidences[$0], $1) }
  }
}

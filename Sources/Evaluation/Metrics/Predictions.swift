/// What a model says of labeled images, checked once: what everything in `Judging` and `Business` is computed from.
///
/// Three sets of images play different parts, and mixing them up makes numbers look better than they are:
/// - *hold-out*: images the model was not fitted on, by which thresholds and temperatures are **chosen**;
/// - *test*: images that nothing was chosen by, by which what was chosen is **verified**;
/// - *out of fold*: the training images, each judged by a model whose cross-validation fold did not hold it.
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
    precondition(labels.allSatisfy { $0 < classCount }, "a label has no class")
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

  package var count: Int { labels.count }

  package func isCorrect(_ image: Int) -> Bool { labels[image] == predicted[image] }

  package func probability(_ image: Int, of label: Int) -> Float { probabilities[image * classCount + label] }

  /// The share of images told rightly.
  package var accuracy: ProportionInterval {
    ProportionInterval(labels.indices.count(where: isCorrect), of: count)
  }

  package var confusion: ConfusionMatrix {
    ConfusionMatrix(labels: labels, predictions: predicted, classCount: classCount)
  }

  /// Images in the order of falling confidence; of equally sure ones, the lower index first.
  func byConfidence(_ images: some Sequence<Int>) -> [Int] {
    images.sorted { (confidences[$1], $0) < (confidences[$0], $1) }
  }
}

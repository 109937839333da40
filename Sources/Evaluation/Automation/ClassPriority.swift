/// A class for which more or better images are worth the most, with the expected gain.
///
/// Assumption: better training images would raise the recall of the class to the median recall of the other classes.
/// Then the accuracy on all n test images, s of which are of the class, would rise by
///
///     gain = s / n · (median recall of the others - recall of the class)
///
/// if no other class suffered. The gain ranks the work; it is not a forecast. A class is listed only if the upper end
/// of the 95 % interval of its recall is below that median: for other classes, the data do not show that they are
/// worse. (Of many equal classes, about one in forty is listed by chance.)
package struct ClassPriority: Sendable, Equatable, Codable {
  package let label: Int
  package let recall: ProportionInterval
  package let medianRecallOfOthers: Double
  /// The gain in accuracy, as a fraction of all test images.
  package let gain: Double
  /// The gain if the true recall is at the upper or the lower end of its interval, the median being taken as known.
  package let minGain: Double
  package let maxGain: Double

  /// Returns the classes supported by the data, the greatest gain first; of equal ones, the lower label first.
  /// - Parameter test: the predictions on the test images. Classes without images are ignored.
  package static func ranked(_ test: Predictions) -> [ClassPriority] {
    let confusion = test.confusion
    let recalls = (0..<test.classCount).map { ProportionInterval(confusion.counts[$0][$0], of: confusion.support($0)) }
    let labels = recalls.indices.filter { recalls[$0].count > 0 }
    let priorities = labels.compactMap { label -> ClassPriority? in
      guard let median = median(labels.filter { $0 != label }.map { recalls[$0].fraction }) else { return nil }
      let recall = recalls[label]
      guard recall.upper < median else { return nil }
      let weight = Double(recall.count) / Double(test.count)
      return ClassPriority(
        label: label, recall: recall, medianRecallOfOthers: median, gain: weight * (median - recall.fraction),
        minGain: weight * (median - recall.upper), maxGain: weight * (median - recall.lower))
    }
    return priorities.sorted { ($1.gain, $0.label) < ($0.gain, $1.label) }
  }

  /// The median; nil for no values.
  private static func median(_ values: [Double]) -> Double? {
    guard !values.isEmpty else { return nil }
    let sorted = values.sorted()
    return (sorted[(sorted.count - 1) / 2] + sorted[sorted.count / 2]) / 2
  }
}

/// Two classes that the model confuses, whose images or definitions are worth reviewing.
///
/// The errors between the two, as a fraction of all test images, are the upper bound of the gain. Some of them may come
/// from wrong or unclear labels, where a clearer definition and relabeling help and more photographs do not: the
/// candidates of ``LabelQuality`` between the two classes are the images to review first.
///
/// A pair is listed only if the data show that it has more than an even fraction of the errors: the lower end of the
/// 95 % interval of its fraction is above 1 / number of pairs of classes that occur among labels or predictions.
package struct PairPriority: Sendable, Equatable, Codable {
  /// The lower label.
  package let first: Int
  package let second: Int
  /// The number of test images of the first class predicted to be of the second.
  package let firstAsSecond: Int
  package let secondAsFirst: Int
  /// The errors between the two classes, of all test images: the upper bound of the gain.
  package let maxGain: ProportionInterval
  /// The errors between the two classes, of all errors.
  package let fractionOfErrors: ProportionInterval
  /// The training images of the two classes with a possible label error, the most suspicious first; nil without
  /// out-of-fold probabilities.
  package let labelCandidates: [Int]?

  /// Returns the pairs supported by the data, the most errors first; of equal ones, the lower labels first.
  ///
  /// - Parameters:
  ///   - test: the predictions on the test images
  ///   - labelQuality: of the training images, if known
  package static func ranked(_ test: Predictions, labelQuality: LabelQuality? = nil) -> [PairPriority] {
    let confusion = test.confusion
    let errors = confusion.total - confusion.correct
    let classes = confusion.presentLabels.count
    let evenFraction = 2 / Double(max(1, classes * (classes - 1)))
    let pairs = confusion.counts.indices.flatMap { first in
      confusion.counts.indices.dropFirst(first + 1).map { (first, $0) }
    }
    let priorities = pairs.compactMap { first, second -> PairPriority? in
      let (forth, back) = (confusion.counts[first][second], confusion.counts[second][first])
      let fraction = ProportionInterval(forth + back, of: errors)
      guard fraction.lower > evenFraction else { return nil }
      let candidates = labelQuality?.candidates.filter {
        [[first, second], [second, first]].contains([$0.label, $0.suggested])
      }
      return PairPriority(
        first: first, second: second, firstAsSecond: forth, secondAsFirst: back,
        maxGain: ProportionInterval(forth + back, of: test.count), fractionOfErrors: fraction,
        labelCandidates: candidates?.map(\.image))
    }
    return priorities.sorted {
      ($1.maxGain.successes, $0.first, $0.second) < ($0.maxGain.successes, $1.first, $1.second)
    }
  }
}

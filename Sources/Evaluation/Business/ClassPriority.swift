/// A class of which more or better photographs are worth the most, and what they would gain.
///
/// Assumption: with better training images the class would be recalled as well as the median of the other classes. Then, of all n
/// test images, of which s are of the class, the accuracy would rise by
///
///     gain = s / n · (median recall of the others - recall of the class)
///
/// if no other class suffered. It is a way to order the work, and no promise. A class is listed only if the upper end of its
/// recall's 95 % interval is below that median: for others the data do not show that they are worse. (Of many equal classes, about
/// one in forty is listed by chance.)
package struct ClassPriority: Sendable, Equatable, Codable {
  package let label: Int
  package let recall: ProportionInterval
  package let medianRecallOfOthers: Double
  /// The share of all test images that would be won.
  package let gain: Double
  /// The gain if the true recall were at the upper end of its interval, and at its lower end (the median being taken as known).
  package let leastGain: Double
  package let greatestGain: Double

  /// The classes that the data support, the greatest gain first; of equal ones, the lower label.
  /// - Parameter test: by what the model is judged. Classes without images have no part in it.
  package static func toPhotograph(_ test: Predictions) -> [ClassPriority] {
    let confusion = test.confusion
    let recalls = (0..<test.classCount).map { ProportionInterval(confusion.counts[$0][$0], of: confusion.support($0)) }
    let labels = recalls.indices.filter { recalls[$0].count > 0 }
    let priorities = labels.compactMap { label -> ClassPriority? in
      guard let median = median(labels.filter { $0 != label }.map { recalls[$0].share }) else { return nil }
      let recall = recalls[label]
      guard recall.upper < median else { return nil }
      let weight = Double(recall.count) / Double(test.count)
      return ClassPriority(
        label: label, recall: recall, medianRecallOfOthers: median, gain: weight * (median - recall.share),
        leastGain: weight * (median - recall.upper), greatestGain: weight * (median - recall.lower))
    }
    return priorities.sorted { ($1.gain, $0.label) < ($0.gain, $1.label) }
  }

  /// The middle value, or the mean of the two middle ones; nil of nothing.
  private static func median(_ values: [Double]) -> Double? {
    guard !values.isEmpty else { return nil }
    let sorted = values.sorted()
    return (sorted[(sorted.count - 1) / 2] + sorted[sorted.count / 2]) / 2
  }
}

/// Two classes whose images or definition are worth going through, because the model takes one for the other.
///
/// The errors between them, as a share of all test images, are the most that could be gained: if no image of either were taken for
/// the other any more. Part of them may come from wrong or unclear labels, where a clearer definition and relabeling help and more
/// photographs do not: the candidates of ``LabelQuality`` between the two classes are the images to begin with.
///
/// A pair is listed only if the data show that it has more than an even share of the errors: the lower end of the 95 % interval of
/// its share is above 1 by the number of pairs of classes that labels or predictions have.
package struct PairPriority: Sendable, Equatable, Codable {
  /// The lower label.
  package let first: Int
  package let second: Int
  /// Test images of the first class that were taken for the second.
  package let firstAsSecond: Int
  package let secondAsFirst: Int
  /// Errors between the two of all test images: the most that can be gained.
  package let mostGain: ProportionInterval
  /// Errors between the two of all errors.
  package let shareOfErrors: ProportionInterval
  /// Training images between the two classes whose label may be wrong, the most suspect first; nil if there are no out-of-fold
  /// probabilities.
  package let labelCandidates: [Int]?

  /// The pairs that the data support, the most errors first; of equal ones, the lower labels.
  ///
  /// - Parameters:
  ///   - test: by what the model is judged
  ///   - labelQuality: of the training images, if known
  package static func toRelabel(_ test: Predictions, labelQuality: LabelQuality? = nil) -> [PairPriority] {
    let confusion = test.confusion
    let errors = confusion.total - confusion.correct
    let classes = confusion.presentLabels.count
    let evenShare = 2 / Double(max(1, classes * (classes - 1)))
    let pairs = confusion.counts.indices.flatMap { first in
      confusion.counts.indices.dropFirst(first + 1).map { (first, $0) }
    }
    let priorities = pairs.compactMap { first, second -> PairPriority? in
      let (forth, back) = (confusion.counts[first][second], confusion.counts[second][first])
      let share = ProportionInterval(forth + back, of: errors)
      guard share.lower > evenShare else { return nil }
      let candidates = labelQuality?.candidates.filter {
        [[first, second], [second, first]].contains([$0.label, $0.suggested])
      }
      return PairPriority(
        first: first, second: second, firstAsSecond: forth, secondAsFirst: back,
        mostGain: ProportionInterval(forth + back, of: test.count), shareOfErrors: share,
        labelCandidates: candidates?.map(\.image))
    }
    return priorities.sorted {
      ($1.mostGain.successes, $0.first, $0.second) < ($0.mostGain.successes, $1.first, $1.second)
    }
  }
}

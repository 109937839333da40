/// How well one class is told from the others, with what the number of images leaves open.
package struct ClassIntervals: Sendable, Equatable, Codable {
  package let label: Int
  /// Of the images predicted to be of the class, those that are.
  package let precision: ProportionInterval
  /// Of the images of the class, those that are predicted to be; its `count` is the class's number of images.
  package let recall: ProportionInterval
  /// The harmonic mean of precision and recall, as ``ClassMeasures/f1``.
  package let f1: Double
  /// With 95 % confidence. F1 = 2 J / (1 + J) rises with J = TP / (TP + FP + FN), the share of rightly told ones among images that are
  /// of the class or predicted to be (Jaccard's index), which is a proportion and has an interval.
  package let f1Interval: ClosedRange<Double>

  package init(_ confusion: ConfusionMatrix, label: Int) {
    let hits = confusion.counts[label][label]
    let (predicted, support) = (confusion.predicted(label), confusion.support(label))
    self.label = label
    precision = ProportionInterval(hits, of: predicted)
    recall = ProportionInterval(hits, of: support)
    let jaccard = ProportionInterval(hits, of: predicted + support - hits)
    func f1(_ share: Double) -> Double { 2 * share / (1 + share) }
    self.f1 = f1(jaccard.share)
    f1Interval = f1(jaccard.lower)...f1(jaccard.upper)
  }

  /// By label.
  package static func all(_ confusion: ConfusionMatrix) -> [ClassIntervals] {
    (0..<confusion.classCount).map { ClassIntervals(confusion, label: $0) }
  }
}

/// Precision, recall and F1 of a class, with confidence intervals.
package struct ClassIntervals: Sendable, Equatable, Codable {
  package let label: Int
  /// The fraction of the images predicted to be of the class that are of the class.
  package let precision: ProportionInterval
  /// The fraction of the images of the class that are predicted to be of the class; its `count` is the number of images
  /// of the class.
  package let recall: ProportionInterval
  /// The harmonic mean of precision and recall; see ``ClassMeasures/f1``.
  package let f1: Double
  /// The 95 % interval of F1. F1 = 2 J / (1 + J) increases with Jaccard's index J = TP / (TP + FP + FN), the fraction
  /// of true positives among the images that are of the class or predicted to be, which is a proportion and thus has an
  /// interval.
  package let f1Interval: ClosedRange<Double>

  package init(_ confusion: ConfusionMatrix, label: Int) {
    let hits = confusion.counts[label][label]
    let (predicted, support) = (confusion.predicted(label), confusion.support(label))
    self.label = label
    precision = ProportionInterval(hits, of: predicted)
    recall = ProportionInterval(hits, of: support)
    let jaccard = ProportionInterval(hits, of: predicted + support - hits)
    func f1(_ fraction: Double) -> Double { 2 * fraction / (1 + fraction) }
    self.f1 = f1(jaccard.fraction)
    f1Interval = f1(jaccard.lower)...f1(jaccard.upper)
  }

  /// The intervals of all classes, by label.
  package static func all(_ confusion: ConfusionMatrix) -> [ClassIntervals] {
    (0..<confusion.classCount).map { ClassIntervals(confusion, label: $0) }
  }
}
